// When to poll again after a poll has failed, and when to say so. No status ends polling: what is refused today (a namespace that does not exist yet, a
// certificate that is being rotated, a proxy in the way) may be accepted tomorrow, and nobody restarts workers at night for that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "rpc/status.h"

namespace lifecycle::worker {

class PollBackoff {
 public:
  // A poll was answered.
  void succeeded() { delay_ = Duration::zero(); }

  // A poll that was sent at `sent` failed at `now`. Returns how long to wait before the next.
  [[nodiscard]] Duration failed(const rpc::Status& status, SteadyTime sent, SteadyTime now);

  // True at most once a minute: the moment to write a line about it.
  [[nodiscard]] bool may_complain(SteadyTime now);

 private:
  Duration delay_{};
  std::optional<SteadyTime> last_complaint_;
};

}  // namespace lifecycle::worker
