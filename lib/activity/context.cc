#include "activity/context.h"

#include <utility>

namespace lifecycle {
namespace activity {

void Execution::cancel(std::string reason) {
  {
    const std::scoped_lock lock(mutex_);
    if (cancel_reason_) {
      return;
    }
    cancel_reason_ = std::move(reason);
  }
  cancelled_.notify_all();
}

std::optional<std::string> Execution::cancel_reason() const {
  const std::scoped_lock lock(mutex_);
  return cancel_reason_;
}

bool Execution::sleep_for(Duration duration) {
  std::unique_lock lock(mutex_);
  return !cancelled_.wait_for(lock, duration, [this] { return cancel_reason_.has_value(); });
}

}  // namespace activity

void ActivityContext::throw_if_cancelled() const {
  if (std::optional<std::string> reason = execution_->cancel_reason()) {
    throw converter::CancelledFailure(*std::move(reason));
  }
}

void ActivityContext::sleep_for(Duration duration) const {
  if (!execution_->sleep_for(duration)) {
    throw_if_cancelled();
  }
}

}  // namespace lifecycle
