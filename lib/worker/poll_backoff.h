// When to poll again after a poll has failed, and when to say so. No status ends polling: what is refused today (a namespace that does not
// exist yet, a certificate that is being rotated, a proxy in the way) may be accepted tomorrow, and nobody restarts workers at night for
// that.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "rpc/status.h"

namespace lifecycle::worker {

// Whether a poll's time was up, which is no failure.
[[nodiscard]] bool is_over_by_itself(const rpc::Status& status, SteadyTime sent, SteadyTime now);

class PollBackoff {
 public:
  explicit PollBackoff(RandomStream random) : random_(random) {}

  // A poll was answered with a task.
  void succeeded() { delay_ = Duration::zero(); }

  // A poll that was sent at `sent` was answered at `now`, without a task. Returns how long to wait before the next: not at all, unless the
  // answer came at once. A server waits for a task before it says that there is none; a proxy that answers everything with nothing does
  // not.
  [[nodiscard]] Duration answered_empty(SteadyTime sent, SteadyTime now);

  // A poll that was sent at `sent` failed at `now`. Returns how long to wait before the next; zero when its time was up, which is no
  // failure.
  [[nodiscard]] Duration failed(const rpc::Status& status, SteadyTime sent, SteadyTime now);

  // Whether the failure is worth a line: the first one is, and one that has another reason than the last that was told, at most once a
  // minute, so that a server that now accepts and now refuses does not fill the log.
  [[nodiscard]] bool should_tell_failure(rpc::StatusCode code, SteadyTime now);
  // True once after failures that were told: polls are accepted again.
  [[nodiscard]] bool should_tell_recovery() { return std::exchange(failing_, false); }
  // Failures were told, and nothing better since.
  [[nodiscard]] bool is_failing() const { return failing_; }

 private:
  struct Told {
    rpc::StatusCode code;
    SteadyTime when;
  };

  [[nodiscard]] Duration with_jitter(Duration delay);

  RandomStream random_;
  Duration delay_{};
  std::optional<Told> told_;
  bool failing_ = false;
};

}  // namespace lifecycle::worker
