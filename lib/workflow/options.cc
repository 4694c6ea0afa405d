#include "workflow/options.h"

namespace lifecycle {

api::RetryPolicy to_api(const RetryPolicy& policy) {
  api::RetryPolicy out;
  api::set(*out.mutable_initial_interval(), policy.initial_interval);
  out.set_backoff_coefficient(policy.backoff_coefficient);
  if (policy.maximum_interval > Duration::zero()) {
    api::set(*out.mutable_maximum_interval(), policy.maximum_interval);
  }
  out.set_maximum_attempts(policy.maximum_attempts);
  for (const std::string& type : policy.non_retryable_error_types) {
    out.add_non_retryable_error_types(type);
  }
  return out;
}

}  // namespace lifecycle
