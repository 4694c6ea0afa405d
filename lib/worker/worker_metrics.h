// What a worker counts of its tasks, in the terms of the SDKs' common metrics.
#pragma once

#include <temporal/api/enums/v1/command_type.pb.h>
#include <temporal/api/enums/v1/failed_cause.pb.h>

#include <cstddef>
#include <string_view>

#include "rpc/methods.h"
#include "telemetry/sdk_metrics.h"

namespace lifecycle::worker {

inline constexpr std::string_view kWorkflowWorker = "WorkflowWorker";
inline constexpr std::string_view kActivityWorker = "ActivityWorker";

class WorkerMetrics {
 public:
  explicit WorkerMetrics(SdkMetrics metrics) : sdk_(std::move(metrics)) {}

  [[nodiscard]] bool enabled() const { return sdk_.enabled(); }
  [[nodiscard]] const SdkMetrics& sdk() const { return sdk_; }

  void worker_started() const;
  void set_slots(std::string_view worker_type, std::size_t used, std::size_t capacity) const;

  void workflow_task_polled(PollerType poller, const rpc::service::PollWorkflowTaskQueueResponse& task) const;
  void workflow_poll_was_empty(PollerType poller) const { sdk_.count(SdkMetric::kWorkflowTaskQueuePollEmpty, {.poller_type = poller}); }
  void workflow_task_failed(std::string_view workflow_type, temporal::api::enums::v1::WorkflowTaskFailedCause cause) const;
  // `how` is the command that ended the run.
  void run_ended(std::string_view workflow_type, temporal::api::enums::v1::CommandType how, Duration took) const;

  void activity_task_taken(const rpc::service::PollActivityTaskQueueResponse& task, bool eager) const;
  void activity_poll_was_empty() const { sdk_.count(SdkMetric::kActivityPollNoTask, {}); }
  void activity_ended(const rpc::service::PollActivityTaskQueueResponse& task, Duration took) const;
  void count_activity(SdkMetric metric, const rpc::service::PollActivityTaskQueueResponse& task) const;

 private:
  SdkMetrics sdk_;
};

}  // namespace lifecycle::worker
