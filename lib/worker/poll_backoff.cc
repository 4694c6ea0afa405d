#include "worker/poll_backoff.h"

#include <algorithm>

#include "worker/limits.h"

namespace lifecycle::worker {

bool is_over_by_itself(const rpc::Status& status, SteadyTime sent, SteadyTime now) {
  return status.code == rpc::StatusCode::kDeadlineExceeded && now - sent >= kAcceptedPollAge;
}

Duration PollBackoff::answered_empty(SteadyTime sent, SteadyTime now) {
  if (now - sent < kEmptyPollAgeMin) {
    return kPollBackoffFirst;
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
  return delay_;
}

bool PollBackoff::may_complain(SteadyTime now) {
  if (last_complaint_ && now - *last_complaint_ < kPollComplaintInterval) {
    return false;
  }
  last_complaint_ = now;
  return true;
}

}  // namespace lifecycle::worker
