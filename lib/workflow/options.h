// What a workflow says about an activity that it calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "core/command.h"

namespace lifecycle {

// The name of an activity with its types, shared by the workflow that calls it and the worker that runs it:
//   inline constexpr ActivityType<Receipt(Order)> kChargeCard{"ChargeCard"};
template <class Signature>
struct ActivityType {
  std::string_view name;
};

// Temporal's retry policy; see the server's documentation for the exact schedule.
struct RetryPolicy {
  Duration initial_interval = std::chrono::seconds(1);
  double backoff_coefficient = 2.0;
  Duration maximum_interval{};        // zero: 100 times the initial interval
  std::int32_t maximum_attempts = 0;  // zero: without limit
  std::vector<std::string> non_retryable_error_types = {};
};

[[nodiscard]] api::RetryPolicy to_api(const RetryPolicy& policy);

using core::CancellationType;

// One of start_to_close_timeout and schedule_to_close_timeout must be set.
struct ActivityOptions {
  std::optional<Duration> start_to_close_timeout = {};     // of one attempt
  std::optional<Duration> schedule_to_close_timeout = {};  // of all attempts
  std::optional<Duration> schedule_to_start_timeout = {};  // of the wait for a worker
  std::optional<Duration> heartbeat_timeout = {};          // between two signs of life; none: they are not watched
  std::optional<RetryPolicy> retry_policy = {};            // none: the server's default, which retries without limit
  std::string task_queue = {};                             // empty: the workflow's own
  std::string activity_id = {};                            // empty: generated
  CancellationType cancellation_type = CancellationType::kTryCancel;
};

}  // namespace lifecycle
