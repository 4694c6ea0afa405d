// When to poll again after a poll has failed, and when to say so. No status ends polling: what is refused today (a namespace that does not
// exist yet, a certificate that is being rotated, a proxy in the way) may be accepted tomorrow, and nobody restarts workers at night for
// that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "rpc/status.h"

namespace lifecycle::worker {

// Whether a poll's time was up, which is no failure.
[[nodiscard]] bool is_over_by_itself(const rpc::Status& status, SteadyTime sent, SteadyTime now);

class PollBackoff {
 public:
  // A poll was answered with a task.
  void succeeded() { delay_ = Duration::zero(); }

  // A poll that was sent at `sent` was answered at `now`, without a task. Returns how long to wait before the next: not at all, unless the
  // answer came at once. A server waits for a task before it says that there is none; a proxy that answers everything with nothing does
  // not.
  [[nodiscard]] Duration answered_empty(SteadyTime sent, SteadyTime now);

  // A poll that was sent at `sent` failed at `now`. Returns how long to wait before the next; zero when its time was up, which is no
  // failure.
  [[nodiscard]] Duration failed(const rpc::Status& status, SteadyTime sent, SteadyTime now);

  // True at most once a minute: the moment to write a line about it.
  [[nodiscard]] bool may_complain(SteadyTime now);

 private:
  Duration delay_{};
  std::optional<SteadyTime> last_complaint_;
};

}  // namespace lifecycle::worker
