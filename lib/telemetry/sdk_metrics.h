// The metrics that Temporal's SDKs have in common, under the names of one of their two dialects, so that Temporal's published dashboards
// show this worker like any other.
//
//   go    as the Go and Java SDKs write them: counters end in _total, times are seconds, all metrics have the same basic labels
//   core  as the SDKs on Temporal's Rust core write them: no suffix, times are milliseconds, only the labels that say something
//
// sdk_metrics.cc has one table with a row for each metric. An SdkMetrics is a small value that is handed down like a Logger.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "telemetry/metrics.h"

namespace lifecycle {

enum class MetricDialect : std::uint8_t { kGo, kCore };

// "go", "core"; kInvalidArgument for anything else.
[[nodiscard]] Result<MetricDialect> parse_metric_dialect(std::string_view text);

enum class SdkMetric : std::uint8_t {
  kWorkerStart,
  kNumPollers,
  kWorkerTaskSlotsAvailable,
  kWorkerTaskSlotsUsed,
  kStickyCacheSize,
  kStickyCacheHit,
  kStickyCacheMiss,
  kStickyCacheTotalForcedEviction,
  kWorkflowCompleted,
  kWorkflowFailed,
  kWorkflowCanceled,
  kWorkflowContinueAsNew,
  kWorkflowEndToEndLatency,
  kWorkflowTaskQueuePollEmpty,
  kWorkflowTaskQueuePollSucceed,
  kWorkflowTaskScheduleToStartLatency,
  kWorkflowTaskExecutionLatency,
  kWorkflowTaskReplayLatency,
  kWorkflowTaskExecutionFailed,
  kActivityPollNoTask,
  kActivityTaskReceived,
  kActivityScheduleToStartLatency,
  kActivityExecutionLatency,
  kActivitySucceedEndToEndLatency,
  kActivityExecutionFailed,
  kActivityExecutionCancelled,
  kUnregisteredActivityInvocation,
  kRequest,
  kRequestFailure,
  kRequestLatency,
  kLongRequest,
  kLongRequestFailure,
  kLongRequestLatency,
};

enum class PollerType : std::uint8_t { kWorkflowTask, kStickyWorkflowTask, kActivityTask };

// What a metric is about. A value for a label that the metric does not have in the dialect is left out; a label without a value is "none".
struct SdkMetricLabels {
  std::string_view workflow_type = {};
  std::string_view activity_type = {};
  std::string_view worker_type = {};  // "WorkflowWorker", "ActivityWorker"
  std::optional<PollerType> poller_type = {};
  std::string_view operation = {};  // "PollWorkflowTaskQueue"
  std::string_view status_code = {};
  std::string_view failure_reason = {};
  std::string_view eager = {};
};

// On every metric.
struct SdkMetricOrigin {
  std::string name_space;
  std::string task_queue;
  std::string worker_build_id;
};

class SdkMetrics {
 public:
  // Counts nothing.
  SdkMetrics() = default;
  // `registry` outlives all copies, and is given one SdkMetrics at most.
  SdkMetrics(MetricRegistry& registry, MetricDialect dialect, const SdkMetricOrigin& origin);

  [[nodiscard]] bool enabled() const { return families_ != nullptr; }
  void count(SdkMetric metric, const SdkMetricLabels& labels = {}) const;
  void set(SdkMetric metric, double value, const SdkMetricLabels& labels = {}) const;
  void observe(SdkMetric metric, Duration duration, const SdkMetricLabels& labels = {}) const;

 private:
  struct Families;
  std::shared_ptr<Families> families_;  // null: counts nothing
};

// For tests and documentation: what the dialect calls each metric ("temporal_request_total"), empty when it has none.
[[nodiscard]] std::string exposed_name(SdkMetric metric, MetricDialect dialect);
[[nodiscard]] std::span<const SdkMetric> all_sdk_metrics();

}  // namespace lifecycle
