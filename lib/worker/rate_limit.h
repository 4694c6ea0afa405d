// How many tasks may be taken in a second. Leave is asked for before a poll is sent, as with slots: a task that waits here for its turn
// would wait with its time-outs running.
#pragma once

#include <optional>

#include "base/clock.h"

namespace lifecycle::worker {

class RateLimit {
 public:
  // Zero: no limit. At most one second's worth, and at least one, is taken at once.
  explicit RateLimit(double per_second) : per_second_(per_second), free_(burst()) {}

  // Nothing when leave was given; otherwise how long to wait before asking again, or Duration::max() when first a poll has to end.
  [[nodiscard]] std::optional<Duration> try_take(SteadyTime now);
  // The poll brought no task.
  void give_back();
  // The poll brought a task.
  void use();

 private:
  [[nodiscard]] double burst() const { return per_second_ < 1 ? 1 : per_second_; }

  double per_second_;
  double free_;
  double held_ = 0;  // by open polls: nothing grows in place of what is not used
  std::optional<SteadyTime> counted_;
};

}  // namespace lifecycle::worker
