#include "cli/worker_settings.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "base/duration.h"
#include "cli/global_options.h"
#include "cli/version.h"
#include "cli/workflow_input.h"
#include "client/deployment_version.h"
#include "worker/contract.h"

namespace lifecycle::cli {
namespace {

std::int64_t number(std::size_t count) { return static_cast<std::int64_t>(count); }

// Nothing for an unversioned worker.
Result<std::optional<worker::WorkerDeployment>> make_deployment(const Settings& settings, const std::string& worker_version) {
  const std::string& name = settings.text("deployment_name");
  const Setting& behavior = settings.at("versioning_behavior");
  if (name.empty()) {
    if (!behavior.is_default) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}: the worker is in no deployment", behavior.origin),
                  "say which one with --deployment-name; without it any worker of the queue may run any task");
    }
    return std::nullopt;
  }
  if (const Result<void> valid = client::check_version({.deployment_name = name, .build_id = worker_version}); !valid) {
    return std::unexpected(valid.error());
  }
  return worker::WorkerDeployment{.name = name,
                                  .versioning_behavior = std::get<std::string>(behavior.value) == "pinned"
                                                             ? worker::VersioningBehavior::kPinned
                                                             : worker::VersioningBehavior::kAutoUpgrade};
}

Result<void> check_rates_and_intervals(const Settings& settings, const worker::WorkerOptions& options) {
  if (options.eager_activities) {
    // An eager activity comes without a poll, past both limits.
    for (const char* key : {"max_activities_per_second", "max_task_queue_activities_per_second"}) {
      if (settings.get<double>(key) > 0) {
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("{}: eager activities are not counted by a rate limit, so the two cannot be had together", settings.at(key).origin),
            "leave out --eager-activities or the limit");
      }
    }
  }
  using std::chrono::seconds;
  const Duration interval = options.worker_heartbeat_interval;
  if (interval != Duration::zero() && (interval < seconds(1) || interval > seconds(60))) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: {} is not from 1s to 60s", settings.at("worker_heartbeat_interval").origin, format_duration(interval)),
                "the server takes a worker for gone that it does not hear of for longer; 0s switches heartbeats off");
  }
  return {};
}

}  // namespace

std::vector<SettingDefinition> worker_setting_definitions() {
  const worker::WorkerOptions defaults;
  return {
      {.key = "task_queue",
       .flags = "-t,--task-queue",
       .variable = "TEMPORAL_TASK_QUEUE",
       .help = "task queue to serve",
       .default_text = fmt::format("{}, or {} with a deployment", demo::kTaskQueue, demo::kVersionedTaskQueue)},
      {.key = "worker_version",
       .flags = "--worker-version",
       .variable = "TEMPORAL_WORKER_BUILD_ID",
       .help = "version it says it is",
       .default_value = std::string(default_worker_version()),
       .default_variable = "LIFECYCLE_WORKER_VERSION"},
      {.key = "deployment_name",
       .flags = "--deployment-name",
       .variable = "TEMPORAL_DEPLOYMENT_NAME",
       .help = "Worker Deployment that it is this version of; without one it is unversioned"},
      {.key = "versioning_behavior",
       .flags = "--versioning-behavior",
       .variable = "LIFECYCLE_VERSIONING_BEHAVIOR",
       .help = "with a deployment: workflows stay on their version, or move on when another one becomes current",
       .default_value = "pinned",
       .words = {"pinned", "auto-upgrade"}},
      {.key = "max_concurrent_workflow_tasks",
       .flags = "--max-concurrent-workflow-tasks",
       .variable = "LIFECYCLE_MAX_CONCURRENT_WORKFLOW_TASKS",
       .help = "workflow tasks at once",
       .default_value = number(defaults.max_concurrent_workflow_tasks),
       .minimum = 2,
       .maximum = 100'000},
      {.key = "max_concurrent_activities",
       .flags = "--max-concurrent-activities",
       .variable = "LIFECYCLE_MAX_CONCURRENT_ACTIVITIES",
       .help = "activities at once",
       .default_value = number(defaults.max_concurrent_activities),
       .minimum = 1,
       .maximum = 100'000},
      {.key = "max_concurrent_workflow_task_polls",
       .flags = "--max-concurrent-workflow-task-polls",
       .variable = "LIFECYCLE_MAX_CONCURRENT_WORKFLOW_TASK_POLLS",
       .help = "long polls for workflow tasks",
       .default_value = number(defaults.max_concurrent_workflow_task_polls),
       .minimum = 2,
       .maximum = 1'000},
      {.key = "max_concurrent_activity_task_polls",
       .flags = "--max-concurrent-activity-task-polls",
       .variable = "LIFECYCLE_MAX_CONCURRENT_ACTIVITY_TASK_POLLS",
       .help = "long polls for activity tasks",
       .default_value = number(defaults.max_concurrent_activity_task_polls),
       .minimum = 1,
       .maximum = 1'000},
      {.key = "max_cached_workflows",
       .flags = "--max-cached-workflows",
       .variable = "LIFECYCLE_MAX_CACHED_WORKFLOWS",
       .help = "workflows kept in memory between their tasks; 0: none",
       .default_value = number(defaults.max_cached_workflows),
       .maximum = 10'000'000},
      {.key = "max_activities_per_second",
       .flags = "--max-activities-per-second",
       .variable = "LIFECYCLE_MAX_ACTIVITIES_PER_SECOND",
       .help = "activities that this worker begins in a second; 0: no limit",
       .default_value = defaults.max_activities_per_second,
       .maximum = 1'000'000},
      {.key = "max_task_queue_activities_per_second",
       .flags = "--max-task-queue-activities-per-second",
       .variable = "LIFECYCLE_MAX_TASK_QUEUE_ACTIVITIES_PER_SECOND",
       .help = "activities that the server hands out of the queue in a second, to all workers together; 0: no limit",
       .default_value = defaults.max_task_queue_activities_per_second,
       .maximum = 1'000'000},
      {.key = "sticky_timeout",
       .flags = "--sticky-timeout",
       .variable = "LIFECYCLE_STICKY_TIMEOUT",
       .help = "how long a workflow task waits for the worker that has the workflow in memory",
       .default_value = defaults.sticky_schedule_to_start_timeout},
      {.key = "graceful_shutdown_timeout",
       .flags = "--graceful-shutdown-timeout",
       .variable = "LIFECYCLE_GRACEFUL_SHUTDOWN_TIMEOUT",
       .help = "how long running activities may take to end",
       .default_value = defaults.graceful_shutdown_timeout},
      {.key = "eager_activities",
       .flags = "--eager-activities",
       .variable = "LIFECYCLE_EAGER_ACTIVITIES",
       .help = "run a workflow task's activities here, without another poll",
       .default_value = defaults.eager_activities},
      {.key = "worker_heartbeat_interval",
       .flags = "--worker-heartbeat-interval",
       .variable = "LIFECYCLE_WORKER_HEARTBEAT_INTERVAL",
       .help = "how often the server is told how this worker is, for `temporal worker list`: 1s to 60s; 0s: never",
       .default_value = defaults.worker_heartbeat_interval},
      {.key = "health_address",
       .flags = "--health-address",
       .variable = "LIFECYCLE_HEALTH_ADDRESS",
       .help = "HOST:PORT of the gRPC health service (startup, ready, live); empty: none",
       .default_value = ""},
      {.key = "supervise",
       .flags = "--supervise",
       .variable = "LIFECYCLE_SUPERVISE",
       .help = "run under a small parent, fit to be process 1, that tells the server at once when the worker dies",
       .default_value = false},
      {.key = "metrics_address",
       .flags = "--metrics-address",
       .variable = "LIFECYCLE_METRICS_ADDRESS",
       .help = "HOST:PORT at which Prometheus finds /metrics; port 0: a free one, which the log tells; empty: none"},
      {.key = "metrics_dialect",
       .flags = "--metrics-dialect",
       .variable = "LIFECYCLE_METRICS_DIALECT",
       .help = "names and units of the metrics: those of the Go SDK, or of the SDKs on Temporal's Rust core",
       .default_value = "go",
       .words = {"go", "core"}},
      {.key = "log_level",
       .flags = "",
       .variable = "LIFECYCLE_LOG_LEVEL",
       .help = "least level that is logged",
       .default_value = "info",
       .words = {"debug", "info", "warn", "error", "never"}},
      {.key = "log_format",
       .flags = "",
       .variable = "LIFECYCLE_LOG_FORMAT",
       .help = "form of log lines",
       .default_value = "text",
       .words = {"text", "json"}},
  };
}

Result<worker::WorkerOptions> make_worker_options(const Settings& settings, const client::Environment& environment,
                                                  const ProcessFacts& facts) {
  worker::WorkerOptions options{
      .task_queue = settings.text("task_queue"),
      .worker_version = settings.text("worker_version"),
      .host_name = facts.host_name,
      .process_id = fmt::format("{}", facts.process_id),
      .max_concurrent_workflow_tasks = settings.count("max_concurrent_workflow_tasks"),
      .max_concurrent_workflow_task_polls = settings.count("max_concurrent_workflow_task_polls"),
      .max_concurrent_activity_task_polls = settings.count("max_concurrent_activity_task_polls"),
      .max_concurrent_activities = settings.count("max_concurrent_activities"),
      .max_cached_workflows = settings.count("max_cached_workflows"),
      .max_activities_per_second = settings.get<double>("max_activities_per_second"),
      .max_task_queue_activities_per_second = settings.get<double>("max_task_queue_activities_per_second"),
      .eager_activities = settings.get<bool>("eager_activities"),
      .sticky_schedule_to_start_timeout = settings.get<Duration>("sticky_timeout"),
      .graceful_shutdown_timeout = settings.get<Duration>("graceful_shutdown_timeout"),
      .worker_heartbeat_interval = settings.get<Duration>("worker_heartbeat_interval"),
  };
  if (options.worker_version.empty() || std::ssize(options.worker_version) > kWorkerVersionBytesMax) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--worker-version: {} bytes, and a version has 1 to {}", options.worker_version.size(), kWorkerVersionBytesMax),
                "each result names one version for each step, and must fit into a payload");
  }
  if (const Result<void> valid = check_rates_and_intervals(settings, options); !valid) {
    return std::unexpected(valid.error());
  }
  Result<std::optional<worker::WorkerDeployment>> deployment = make_deployment(settings, options.worker_version);
  if (!deployment) {
    return std::unexpected(std::move(deployment).error());
  }
  options.deployment = *std::move(deployment);
  if (settings.at("task_queue").is_default) {
    options.task_queue = options.deployment ? demo::kVersionedTaskQueue : demo::kTaskQueue;
  }
  if (options.task_queue.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--task-queue: is empty");
  }
  options.identity = worker::make_identity({.pod_name = variable(environment, "POD_NAME"),
                                            .node_name = variable(environment, "NODE_NAME"),
                                            .host_name = facts.host_name,
                                            .process_id = facts.process_id,
                                            .worker_version = options.worker_version,
                                            .nonce = facts.nonce});
  return options;
}

}  // namespace lifecycle::cli
