#include "worker/worker_metrics.h"

#include "api/api.h"

namespace lifecycle::worker {
namespace {

SdkMetricLabels labels_of(const rpc::service::PollActivityTaskQueueResponse& task) {
  return {.workflow_type = task.workflow_type().name(), .activity_type = task.activity_type().name()};
}

std::string_view failure_reason(temporal::api::enums::v1::WorkflowTaskFailedCause cause) {
  switch (cause) {
    case api::enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR:
      return "NonDeterminismError";
    case api::enums::WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE:
      return "GrpcMessageTooLarge";
    default:
      return "WorkflowError";
  }
}

}  // namespace

void WorkerMetrics::worker_started() const {
  sdk_.count(SdkMetric::kWorkerStart, {.worker_type = kWorkflowWorker});
  sdk_.count(SdkMetric::kWorkerStart, {.worker_type = kActivityWorker});
}

void WorkerMetrics::set_slots(std::string_view worker_type, std::size_t used, std::size_t capacity) const {
  sdk_.set(SdkMetric::kWorkerTaskSlotsUsed, static_cast<double>(used), {.worker_type = worker_type});
  sdk_.set(SdkMetric::kWorkerTaskSlotsAvailable, static_cast<double>(capacity - used), {.worker_type = worker_type});
}

void WorkerMetrics::workflow_task_polled(PollerType poller, const rpc::service::PollWorkflowTaskQueueResponse& task) const {
  const SdkMetricLabels labels{.workflow_type = task.workflow_type().name(), .poller_type = poller};
  sdk_.count(SdkMetric::kWorkflowTaskQueuePollSucceed, labels);
  if (task.has_scheduled_time() && task.has_started_time()) {  // a query was never scheduled
    sdk_.observe(SdkMetric::kWorkflowTaskScheduleToStartLatency,
                 api::to_wall_time(task.started_time()) - api::to_wall_time(task.scheduled_time()), labels);
  }
}

void WorkerMetrics::workflow_task_failed(std::string_view workflow_type, temporal::api::enums::v1::WorkflowTaskFailedCause cause) const {
  sdk_.count(SdkMetric::kWorkflowTaskExecutionFailed, {.workflow_type = workflow_type, .failure_reason = failure_reason(cause)});
}

void WorkerMetrics::run_ended(std::string_view workflow_type, temporal::api::enums::v1::CommandType how, Duration took) const {
  const SdkMetric metric = how == api::enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION ? SdkMetric::kWorkflowCompleted
                           : how == api::enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION   ? SdkMetric::kWorkflowFailed
                           : how == api::enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION ? SdkMetric::kWorkflowCanceled
                                                                                       : SdkMetric::kWorkflowContinueAsNew;
  sdk_.count(metric, {.workflow_type = workflow_type});
  sdk_.observe(SdkMetric::kWorkflowEndToEndLatency, took, {.workflow_type = workflow_type});
}

void WorkerMetrics::activity_task_taken(const rpc::service::PollActivityTaskQueueResponse& task, bool eager) const {
  SdkMetricLabels labels = labels_of(task);
  labels.eager = eager ? "true" : "false";
  sdk_.count(SdkMetric::kActivityTaskReceived, labels);
  sdk_.observe(SdkMetric::kActivityScheduleToStartLatency,
               api::to_wall_time(task.started_time()) - api::to_wall_time(task.current_attempt_scheduled_time()), labels);
}

void WorkerMetrics::activity_ended(const rpc::service::PollActivityTaskQueueResponse& task, Duration took) const {
  sdk_.observe(SdkMetric::kActivityExecutionLatency, took, labels_of(task));
}

void WorkerMetrics::count_activity(SdkMetric metric, const rpc::service::PollActivityTaskQueueResponse& task) const {
  sdk_.count(metric, labels_of(task));
}

}  // namespace lifecycle::worker
