#include "cli/worker_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/random.h"
#include "cli/connection.h"
#include "cli/flags.h"
#include "cli/signals.h"
#include "cli/version.h"
#include "cli/workflow_input.h"
#include "client/deployment_version.h"
#include "rpc/process.h"
#include "worker/contract.h"
#include "worker/register.h"

namespace lifecycle::cli {
namespace {

// How long a forced stop may take to tell the server, before the process ends without.
constexpr Duration kForcedStopPatience = std::chrono::seconds(2);

ProcessFacts process_facts() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  RandomStream random = entropy_stream();
  return {.host_name = host.data(), .process_id = ::getpid(), .nonce = fmt::format("{:06x}", random.below(1U << 24U))};
}

// One running worker and what stops it. Lives on the loop's thread.
class WorkerProcess {
 public:
  WorkerProcess(Connection& connection, const Registry& registry, const Logger& log, const worker::WorkerOptions& options)
      : loop_(connection.loop),
        log_(log),
        worker_(*connection.service, connection.loop, registry, log, options),
        signals_(connection.loop, [this](int number) { on_signal(number); }) {}

  ExitCode run(Duration command_timeout) {
    worker_.start();
    if (command_timeout > Duration::zero()) {
      loop_.schedule(command_timeout, [this] {
        log_.info("the command's time-out has elapsed, stopping gracefully");
        exit_code_ = ExitCode::kTimedOut;
        stop();
      });
    }
    loop_.run_until([this] { return worker_.stopped(); });
    log_.info("stopped");
    return exit_code_;
  }

 private:
  void stop() {
    stopping_ = true;
    worker_.begin_shutdown();
  }

  void on_signal(int number) {
    if (!stopping_) {
      log_.info("stopping gracefully; a second signal stops at once", {{"signal", name_of_signal(number)}});
      stop();
      return;
    }
    exit_code_ = exit_code_for_signal(number);
    if (forced_) {
      ::_exit(to_int(exit_code_));
    }
    log_.warn("stopping at once", {{"signal", name_of_signal(number)}});
    forced_ = true;
    worker_.force_shutdown();
    loop_.schedule(kForcedStopPatience, [this] { ::_exit(to_int(exit_code_)); });
  }

  rpc::GrpcEventLoop& loop_;
  const Logger& log_;
  worker::Worker worker_;
  SignalWatch signals_;
  ExitCode exit_code_ = ExitCode::kDone;
  bool stopping_ = false;
  bool forced_ = false;
};

}  // namespace

void add_worker_options(CLI::App& app, WorkerFlags& flags) {
  worker::WorkerOptions& options = flags.options;
  app.add_option(
      "-t,--task-queue", flags.task_queue,
      fmt::format("task queue to serve [{}, or {} with a deployment] (TEMPORAL_TASK_QUEUE)", demo::kTaskQueue, demo::kVersionedTaskQueue));
  app.add_option("--worker-version", flags.worker_version,
                 fmt::format("version it says it is [{}] (TEMPORAL_WORKER_BUILD_ID)", default_worker_version()));
  app.add_option("--deployment-name", flags.deployment_name,
                 "Worker Deployment that it is this version of; without one it is unversioned (TEMPORAL_DEPLOYMENT_NAME)");
  add_choice<std::optional<worker::VersioningBehavior>>(
      app, "--versioning-behavior", flags.versioning_behavior,
      {{"pinned", worker::VersioningBehavior::kPinned}, {"auto-upgrade", worker::VersioningBehavior::kAutoUpgrade}},
      "with a deployment: workflows stay on their version, or move on when another one becomes current [pinned]");
  const char* const group = "Tuning";
  app.add_option("--max-concurrent-activities", options.max_concurrent_activities, "activities at once")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str()
      ->group(group);
  app.add_option("--max-concurrent-workflow-task-polls", options.max_concurrent_workflow_task_polls, "long polls for workflow tasks")
      ->check(CLI::Range(2, 1'000))
      ->capture_default_str()
      ->group(group);
  app.add_option("--max-concurrent-activity-task-polls", options.max_concurrent_activity_task_polls, "long polls for activity tasks")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str()
      ->group(group);
  app.add_option("--max-cached-workflows", options.max_cached_workflows, "workflows kept in memory between their tasks; 0: none")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str()
      ->group(group);
  add_duration(app, "--sticky-timeout", options.sticky_schedule_to_start_timeout,
               "how long a workflow task waits for the worker that has the workflow in memory [2s]")
      ->group(group);
  add_duration(app, "--graceful-shutdown-timeout", options.graceful_shutdown_timeout, "how long running activities may take to end [30s]")
      ->group(group);
  app.add_flag("--eager-activities", options.eager_activities, "run a workflow task's activities here, without another poll")->group(group);
}

namespace {

// Nothing for an unversioned worker.
Result<std::optional<worker::WorkerDeployment>> resolve_deployment(const WorkerFlags& flags, const std::string& name,
                                                                   const std::string& worker_version) {
  if (name.empty()) {
    if (flags.versioning_behavior) {
      return fail(ErrorCode::kInvalidArgument, "--versioning-behavior: the worker is in no deployment",
                  "say which one with --deployment-name; without it any worker of the queue may run any task");
    }
    return std::nullopt;
  }
  if (const Result<void> valid = client::check_version({.deployment_name = name, .build_id = worker_version}); !valid) {
    return std::unexpected(valid.error());
  }
  return worker::WorkerDeployment{.name = name,
                                  .versioning_behavior = flags.versioning_behavior.value_or(worker::VersioningBehavior::kPinned)};
}

}  // namespace

Result<worker::WorkerOptions> resolve_worker_options(const WorkerFlags& flags, const client::Environment& environment,
                                                     const ProcessFacts& facts) {
  const auto from_environment = [&](const std::string& name, std::string_view otherwise) {
    const std::string value = variable(environment, name);
    return value.empty() ? std::string(otherwise) : value;
  };
  worker::WorkerOptions options = flags.options;
  options.worker_version =
      flags.worker_version ? *flags.worker_version : from_environment("TEMPORAL_WORKER_BUILD_ID", default_worker_version());
  const std::string deployment_name = flags.deployment_name ? *flags.deployment_name : from_environment("TEMPORAL_DEPLOYMENT_NAME", "");
  const Result<std::optional<worker::WorkerDeployment>> deployment = resolve_deployment(flags, deployment_name, options.worker_version);
  if (!deployment) {
    return std::unexpected(deployment.error());
  }
  options.deployment = *deployment;
  options.task_queue = flags.task_queue
                           ? *flags.task_queue
                           : from_environment("TEMPORAL_TASK_QUEUE", options.deployment ? demo::kVersionedTaskQueue : demo::kTaskQueue);
  if (options.task_queue.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--task-queue: is empty");
  }
  if (options.worker_version.empty() || std::ssize(options.worker_version) > kWorkerVersionBytesMax) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--worker-version: {} bytes, and a version has 1 to {}", options.worker_version.size(), kWorkerVersionBytesMax),
                "each result names one version for each step, and must fit into a payload");
  }
  options.identity = worker::make_identity({.pod_name = variable(environment, "POD_NAME"),
                                            .node_name = variable(environment, "NODE_NAME"),
                                            .host_name = facts.host_name,
                                            .process_id = facts.process_id,
                                            .worker_version = options.worker_version,
                                            .nonce = facts.nonce});
  return options;
}

ExitCode run_worker(const GlobalOptions& options, const WorkerFlags& flags, const ProcessContext& process) {
  Output output(output_options(options, process.environment));
  const Logger log(options.log_level.value_or(LogLevel::kInfo), options.log_format);
  rpc::prepare_process(log);
  Result<worker::WorkerOptions> worker_options = resolve_worker_options(flags, process.environment, process_facts());
  if (!worker_options) {
    return output.report(worker_options.error());
  }
  const Result<std::unique_ptr<Connection>> connection = make_connection(options, process, log);
  if (!connection) {
    return output.report(connection.error());
  }
  const client::ConnectionConfig& config = (*connection)->config;
  worker_options->name_space = config.name_space;
  log.info("worker starts", {{"address", config.address},
                             {"namespace", config.name_space},
                             {"task_queue", worker_options->task_queue},
                             {"version", worker_options->worker_version},
                             {"deployment", worker_options->deployment ? worker_options->deployment->name : "none (unversioned)"},
                             {"identity", worker_options->identity}});
  Registry registry;
  demo::register_all(registry);
  return WorkerProcess(**connection, registry, log, *worker_options).run(options.command_timeout);
}

}  // namespace lifecycle::cli
