// What became of the work that a victim held: who took it over, at which attempt, and how long the workflow stood still.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "cli/chaos/injector.h"
#include "cli/chaos/target.h"
#include "cli/chaos/temporal_view.h"

namespace lifecycle::cli::chaos {

// How long the server and the SDKs need at most, and of what that is made.
struct RecoveryBound {
  std::optional<Duration> total;  // nothing: there is none
  std::string parts;              // "heartbeat time-out 5s + retry 1s + timers 2s"
};

// For work that a victim held when the fault hit it. Measured from the victim's last sign of life.
[[nodiscard]] RecoveryBound recovery_bound(const HeldWork& work, const Fault& fault, const Target& target);

enum class RecoveryKind : std::uint8_t {
  kAwaited,           // nothing has happened yet
  kTakenOver,         // a later attempt runs, or ran
  kFinishedByVictim,  // the attempt that the fault met completed
  kGivenUp,           // that attempt failed or timed out, and there was no further one
  kCancelled,         // the activity was, before anybody took over
  kWorkflowEnded,     // and history does not tell what became of the activity
};

[[nodiscard]] std::string_view name_of(RecoveryKind kind);

struct Recovery {
  HeldWork work;
  RecoveryBound bound;
  WallTime last_sign_of_life;  // of the victim on this work
  RecoveryKind kind = RecoveryKind::kAwaited;
  // kTakenOver.
  std::string taken_over_by;
  int attempt = 0;
  bool by_the_victim = false;  // which was continued
  Duration standstill = Duration::zero();
};

// Follows one piece of work from the moment of the fault.
class RecoveryWatch {
 public:
  // `injected` is when the victim was hit: until then it was alive.
  RecoveryWatch(HeldWork work, const Fault& fault, const Target& target, WallTime injected);

  // The victim was let go on. Until then the server may give it further attempts, which its open polls swallow: nobody executes those.
  void on_continued(WallTime now) { continued_ = now; }

  // Asks once. Errors of the server are passed over: it may be away for a moment.
  void sample(TemporalView& temporal);

  [[nodiscard]] bool settled() const { return recovery_.kind != RecoveryKind::kAwaited; }
  [[nodiscard]] const Recovery& recovery() const { return recovery_; }

  // Of sample(): the description, and the history of a run in which the activity is pending no more.
  void apply(const client::service::DescribeWorkflowExecutionResponse& description);
  void apply(const api::History& history, bool workflow_ended);
  [[nodiscard]] bool is_pending(const client::service::DescribeWorkflowExecutionResponse& description) const;

 private:
  void take_over(const std::string& identity, int attempt, WallTime started);
  void take_over_again(int attempt, WallTime alive);

  Recovery recovery_;
  std::optional<WallTime> continued_;
  Target target_;
};

}  // namespace lifecycle::cli::chaos
