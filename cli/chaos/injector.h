// How a fault gets to its target: one Injector for each kind of target. Each fault is made, proven, and where it can be, undone.
#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "cli/chaos/journal.h"
#include "cli/chaos/target.h"
#include "cli/chaos/temporal_view.h"

namespace lifecycle::cli::chaos {

// Who was behind the target last, at `since` or later; null: nobody. Temporal remembers for a while also those that were there before.
[[nodiscard]] inline const Poller* last_behind(const Target& target, const std::vector<Poller>& known, WallTime since) {
  const Poller* last = nullptr;
  for (const Poller& poller : known) {
    const bool is_later = poller.last_access >= (last == nullptr ? since : last->last_access);
    if (is_later && is_behind(target, poller.identity)) {
      last = &poller;
    }
  }
  return last;
}

struct Fault {
  FaultKind kind = FaultKind::kDelete;
  std::optional<std::chrono::seconds> grace_period;  // kDelete, kEvict; nothing: the target's own
  int replicas = 0;                                  // kScale
  std::string requested_at;                          // kRestart: what the pods are marked with
};

// Waits for what others do.
class Patience {
 public:
  Patience() = default;
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;
  virtual ~Patience() = default;
  // False when there is no use in waiting any more: the command is to stop.
  [[nodiscard]] virtual bool wait(Duration duration) = 0;
  [[nodiscard]] virtual const Clock& clock() const = 0;
};

// The server was away, or had no time: asked again it may answer.
[[nodiscard]] constexpr bool is_passing(ErrorCode code) {
  return code == ErrorCode::kKubernetesUnreachable || code == ErrorCode::kDeadlineExceeded || code == ErrorCode::kResourceExhausted ||
         code == ErrorCode::kInternal;
}

// For inject(): what had to be read before the change could not be, so that nothing was changed.
[[nodiscard]] inline std::unexpected<Error> nothing_changed(Error error) {
  if (is_passing(error.code)) {
    error.code = ErrorCode::kFailedPrecondition;
    error.message = "nothing was changed: " + error.message;
  }
  return std::unexpected(std::move(error));
}

// Calls `look`, which returns Result<std::optional<std::string>>, until it has something or fails. A passing error (see above) is no
// failure until the time is over. Errors, beside those of `look`: kDeadlineExceeded with "not seen in time: <what>"; kCancelled.
template <class Look>
[[nodiscard]] Result<std::string> wait_until_seen(Patience& patience, Duration timeout, std::string_view what, Look look) {
  constexpr Duration kLookInterval = std::chrono::milliseconds(200);
  const SteadyTime deadline = patience.clock().steady_now() + timeout;
  for (;;) {
    Result<std::optional<std::string>> seen = look();
    if (!seen && !is_passing(seen.error().code)) {
      return std::unexpected(std::move(seen).error());
    }
    if (seen && *seen) {
      return *std::move(*seen);
    }
    if (patience.clock().steady_now() >= deadline) {
      return !seen ? std::unexpected(std::move(seen).error())
                   : fail(ErrorCode::kDeadlineExceeded, "not seen in time: " + std::string(what));
    }
    if (!patience.wait(kLookInterval)) {
      return fail(ErrorCode::kCancelled, "interrupted before it was seen: " + std::string(what));
    }
  }
}

class Injector {
 public:
  Injector() = default;
  Injector(const Injector&) = delete;
  Injector& operator=(const Injector&) = delete;
  virtual ~Injector() = default;

  // All that could be meant, also what is not Ready: the choice is victims.h's. `known` are workers that Temporal names.
  [[nodiscard]] virtual Result<std::vector<Target>> find(const std::vector<Poller>& known) = 0;
  // Asks whether the fault would be accepted, and changes nothing. Errors: why not.
  [[nodiscard]] virtual Result<void> rehearse(const Fault& fault, const Target& target) = 0;
  // What undo() will need; an empty object when there is nothing to undo.
  [[nodiscard]] virtual nlohmann::json undo_record(const Fault& fault, const Target& target) const = 0;
  // Makes the fault. Errors: kNotFound and kFailedPrecondition when the target is not there any more or said no, as kPermissionDenied,
  // kInvalidArgument, kAlreadyExists and kResourceExhausted do: nothing was changed. With any other it may have been made.
  [[nodiscard]] virtual Result<void> inject(const Fault& fault, const Target& target) = 0;
  // Waits for the evidence that it happened, and says it. Errors: why it could not be seen.
  [[nodiscard]] virtual Result<std::string> prove(const Fault& fault, const Target& target, Patience& patience) = 0;
  // Undoes what `planned` tells of, waits for the evidence, and says it. Undoing twice, or what was never done, does no harm. A target
  // that is gone has nothing to undo.
  [[nodiscard]] virtual Result<std::string> undo(const JournalEntry& planned, Patience& patience) = 0;
};

}  // namespace lifecycle::cli::chaos
