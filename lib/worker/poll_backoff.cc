#include "worker/poll_backoff.h"

#include <algorithm>

#include "worker/limits.h"

namespace lifecycle::worker {

bool is_over_by_itself(const rpc::Status& status, SteadyTime sent, SteadyTime now) {
  return status.code == rpc::StatusCode::kDeadlineExceeded && now - sent >= kAcceptedPollAge;
}

Duration PollBackoff::answered_empty(SteadyTime sent, SteadyTime now) {
  if (now - sent < kEmptyPollAgeMin) {
    return with_jitter(kPollBackoffFirst);
  }
  succeeded();
  return Duration::zero();
}

Duration PollBackoff::failed(const rpc::Status& status, SteadyTime sent, SteadyTime now) {
  if (now - sent >= kAcceptedPollAge) {
    delay_ = Duration::zero();
    if (is_over_by_itself(status, sent, now)) {
      return delay_;
    }
  }
  const Duration max = status.code == rpc::StatusCode::kUnavailable ? kUnreachableBackoffMax : kRefusedBackoffMax;
  delay_ = delay_ == Duration::zero() ? kPollBackoffFirst : std::min(delay_ * 2, max);
  return with_jitter(delay_);
}

bool PollBackoff::should_tell_failure(rpc::StatusCode code, SteadyTime now) {
  const bool is_soon = told_ && now - told_->when < kPollComplaintInterval;
  if (is_soon || (failing_ && told_->code == code)) {
    return false;
  }
  told_ = Told{.code = code, .when = now};
  failing_ = true;
  return true;
}

Duration PollBackoff::with_jitter(Duration delay) {
  const double factor = 1.0 - kPollBackoffJitter + 2.0 * kPollBackoffJitter * random_.unit();
  return Duration(static_cast<Duration::rep>(static_cast<double>(delay.count()) * factor));
}

}  // namespace lifecycle::worker
