// When a call must be over. Private to lib/kubernetes.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "kubernetes/api.h"

namespace lifecycle::kubernetes {

class Deadline {
 public:
  Deadline(const Clock& clock, const Call& call)
      : clock_(&clock), at_(clock.steady_now() + std::clamp(call.timeout, Duration::zero(), kTimeoutMax)), stop_(call.stop) {}

  [[nodiscard]] const Clock& clock() const { return *clock_; }
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }
  // What is left of it, for a call that is a part of this one.
  [[nodiscard]] Call rest() const { return {.timeout = remaining(), .stop = stop_}; }
  [[nodiscard]] Duration remaining() const { return std::max(Duration::zero(), at_ - clock_->steady_now()); }
  [[nodiscard]] int remaining_ms(Duration at_most) const {
    const auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(std::min(remaining(), at_most));
    return static_cast<int>(rounded_up.count());
  }

  // The same, but over in `timeout` at the latest.
  [[nodiscard]] Deadline within(Duration timeout) const {
    Deadline sooner = *this;
    sooner.at_ = std::min(at_, clock_->steady_now() + timeout);
    return sooner;
  }

  // Why `what` must end now, or nothing.
  [[nodiscard]] std::optional<Error> over(const std::string& what) const {
    if (stop_.stop_requested()) {
      return Error{.code = ErrorCode::kCancelled, .message = what + ": it was stopped"};
    }
    if (remaining() == Duration::zero()) {
      return Error{.code = ErrorCode::kDeadlineExceeded, .message = what + ": the time for it is over"};
    }
    return std::nullopt;
  }

  // Waits; shorter when the time is over or the call is stopped.
  void wait(Duration duration) const {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop_, std::min(duration, remaining()), [] { return false; });
  }

 private:
  static constexpr Duration kTimeoutMax = std::chrono::hours(24 * 365);  // a sum with more would leave the clock's range

  const Clock* clock_;
  SteadyTime at_;
  std::stop_token stop_;
};

}  // namespace lifecycle::kubernetes
