#include "worker/rate_limit.h"

#include <algorithm>

namespace lifecycle::worker {

std::optional<Duration> RateLimit::try_take(SteadyTime now) {
  if (per_second_ <= 0) {
    return std::nullopt;
  }
  const double elapsed_s = counted_ ? std::chrono::duration<double>(now - *counted_).count() : 0;
  counted_ = now;
  free_ = std::min(free_ + elapsed_s * per_second_, burst() - held_);
  if (burst() - held_ < 1) {
    return Duration::max();
  }
  if (free_ < 1) {
    const double missing_s = (1 - free_) / per_second_;
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(missing_s));
  }
  free_ -= 1;
  held_ += 1;
  return std::nullopt;
}

void RateLimit::give_back() {
  if (per_second_ > 0) {
    held_ -= 1;
    free_ += 1;
  }
}

void RateLimit::use() {
  if (per_second_ > 0) {
    held_ -= 1;
  }
}

}  // namespace lifecycle::worker
