#include "cli/wait_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/duration.h"
#include "cli/connection.h"
#include "cli/describe/describe_command.h"
#include "cli/flags.h"
#include "cli/run_report.h"
#include "cli/stop_requests.h"
#include "cli/time_text.h"
#include "client/deployments.h"
#include "client/outcome_watch.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;
using nlohmann::ordered_json;

constexpr Duration kAskInterval = 250ms;

class WaitCommand {
 public:
  WaitCommand(const GlobalOptions& global, const WaitOptions& options, const ProcessContext& process, Output& output,
              Connection& connection)
      : global_(global),
        options_(options),
        process_(process),
        output_(output),
        connection_(connection),
        client_(make_client(connection)),
        deployments_(*connection.service, connection.loop, client_.options()),
        stop_requests_(connection.loop, global.command_timeout, [this](ExitCode stopped_by) { stopped_by_ = stopped_by; }) {}

  ExitCode run() {
    if (options_.timeout > Duration::zero()) {
      connection_.loop.schedule(options_.timeout, [this] { stopped_by_ = ExitCode::kTimedOut; });
    }
    if (const auto connected = client_.check_connection(global_.connect_timeout); !connected) {
      return output_.report(connected.error());
    }
    began_ = process_.clock.steady_now();
    switch (options_.kind) {
      case WaitKind::kCompleted:
        return wait_for_end();
      case WaitKind::kServing:
        return ask_until([this] { return is_served(); });
      case WaitKind::kVersion:
        return ask_until([this] { return version_serves(); });
    }
    std::unreachable();
  }

 private:
  // Told once: a script's log is not to be filled with it.
  void not_yet(const std::string& what) {
    if (!std::exchange(told_, true)) {
      output_.note(what + ", still waiting");
    }
  }

  ExitCode end_by_stop() {
    return report_stop(output_, *stopped_by_, fmt::format("{} is not so after {}", condition(), short_duration(elapsed())), "");
  }

  [[nodiscard]] Duration elapsed() const { return process_.clock.steady_now() - began_; }

  [[nodiscard]] std::string condition() const {
    switch (options_.kind) {
      case WaitKind::kCompleted:
        return fmt::format("workflow '{}' completed", options_.workflow_id);
      case WaitKind::kServing:
        return fmt::format("task queue '{}' served", options_.subject);
      case WaitKind::kVersion:
        return fmt::format("version '{}' of deployment '{}' serving task queue '{}'", options_.subject, options_.deployment_name,
                           options_.task_queue);
    }
    std::unreachable();
  }

  ExitCode tell_met() {
    if (output_.is_json()) {
      output_.document({{"condition", condition()}, {"waitedMillis", to_millis(elapsed())}});
    } else {
      output_.answer(fmt::format("{} after {}", condition(), short_duration(elapsed())));
    }
    return ExitCode::kDone;
  }

  // Runs the loop for that long, or until a stop.
  void pause() {
    bool over = false;
    const TimerId timer = connection_.loop.schedule(kAskInterval, [&over] { over = true; });
    connection_.loop.run_until([&] { return over || stopped_by_.has_value(); });
    connection_.loop.cancel(timer);
  }

  template <class Ask>
  ExitCode ask_until(Ask is_so) {
    while (!stopped_by_) {
      const Result<bool> answer = is_so();
      if (!answer) {
        return output_.report(answer.error());
      }
      if (*answer) {
        return tell_met();
      }
      pause();
    }
    return end_by_stop();
  }

  // --- conditions

  // Whether somebody polls the queue, or one of the version where one is named. A worker that was killed within the last minute cannot be
  // told from one that waits.
  Result<bool> is_polled(const std::string& task_queue, const std::optional<client::DeploymentVersion>& version) {
    const auto queue = client_.describe_task_queue(task_queue);
    if (!queue) {
      return std::unexpected(queue.error());
    }
    const WallTime oldest = process_.clock.wall_now() - client::kPollRenewedWithin;
    return std::ranges::any_of(queue->pollers(), [&](const auto& poller) {
      const auto& deployment = poller.deployment_options();
      const bool is_meant =
          !version || (deployment.deployment_name() == version->deployment_name && deployment.build_id() == version->build_id);
      return is_meant && api::to_wall_time(poller.last_access_time()) > oldest;
    });
  }

  Result<bool> is_served() {
    const Result<bool> polled = is_polled(options_.subject, std::nullopt);
    if (polled && !*polled) {
      not_yet(fmt::format("no worker polls task queue '{}'", options_.subject));
    }
    return polled;
  }

  Result<bool> version_serves() {
    const client::DeploymentVersion version{.deployment_name = options_.deployment_name, .build_id = options_.subject};
    const Result<void> serves = deployments_.wait_until_serving(version, options_.task_queue, Duration::zero());
    if (serves) {  // its workers did so once
      const Result<bool> polled = is_polled(options_.task_queue, version);
      if (polled && !*polled) {
        not_yet(fmt::format("no worker of version '{}' polls task queue '{}' any more", options_.subject, options_.task_queue));
      }
      return polled;
    }
    if (serves.error().code != ErrorCode::kNotFound && serves.error().code != ErrorCode::kDeadlineExceeded) {
      return std::unexpected(serves.error());
    }
    not_yet(serves.error().code == ErrorCode::kNotFound
                ? fmt::format("no worker of version '{}' of deployment '{}' has been seen", options_.subject, options_.deployment_name)
                : fmt::format("version '{}' does not poll task queue '{}'", options_.subject, options_.task_queue));
    return false;
  }

  ExitCode wait_for_end() {
    while (!stopped_by_) {
      std::optional<Result<client::WorkflowOutcome>> outcome;
      const client::OutcomeWatch watch(
          *connection_.service, connection_.loop,
          {.name_space = connection_.config.name_space, .workflow_id = options_.workflow_id, .run_id = options_.run_id}, Duration::zero(),
          [&outcome](Result<client::WorkflowOutcome> end) { outcome = std::move(end); });
      connection_.loop.run_until([&] { return outcome.has_value() || stopped_by_.has_value(); });
      if (!outcome) {
        break;
      }
      if (*outcome) {
        return tell_end(**outcome);
      }
      if (outcome->error().code != ErrorCode::kNotFound) {
        return output_.report(outcome->error());
      }
      not_yet(fmt::format("workflow '{}' does not exist", options_.workflow_id));
      pause();
    }
    return end_by_stop();
  }

  ExitCode tell_end(const client::WorkflowOutcome& outcome) {
    const RunNames names{
        .workflow_id = options_.workflow_id, .run_id = outcome.run_id, .workflow_type = "", .name_space = connection_.config.name_space};
    if (outcome.status != temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_COMPLETED) {
      return report_failure(output_, names, outcome);
    }
    if (output_.is_json()) {
      output_.document({{"condition", condition()},
                        {"workflowId", options_.workflow_id},
                        {"status", status_name(outcome.status)},
                        {"result", result_json(outcome.result)},
                        {"waitedMillis", to_millis(elapsed())}});
      return ExitCode::kDone;
    }
    return tell_met();
  }

  const GlobalOptions& global_;
  const WaitOptions& options_;
  const ProcessContext& process_;
  Output& output_;
  Connection& connection_;
  client::Client client_;
  client::Deployments deployments_;
  SteadyTime began_;
  bool told_ = false;
  std::optional<ExitCode> stopped_by_;
  StopRequests stop_requests_;
};

// "completed", "serving=QUEUE", "version=V".
void read_condition(const std::string& text, WaitOptions& options) {
  const std::size_t equals = text.find('=');
  const std::string word = text.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (word == "completed" && equals == std::string::npos) {
    options.kind = WaitKind::kCompleted;
  } else if (word == "serving" && !value.empty()) {
    options.kind = WaitKind::kServing;
  } else if (word == "version" && !value.empty()) {
    options.kind = WaitKind::kVersion;
  } else {
    throw CLI::ValidationError("--for", "'" + text + "' is not one of completed, serving=QUEUE, version=VERSION");
  }
  options.subject = value;
}

}  // namespace

void add_wait_options(CLI::App& app, WaitOptions& options) {
  add_workflow_reference(app, options.workflow_id, options.run_id);
  app.add_option_function<std::string>(
         "--for", [&options](const std::string& text) { read_condition(text, options); },
         "completed: the workflow has ended; serving=QUEUE: a worker polls the task queue, or did so within the last minute; "
         "version=VERSION: so do workers of that version")
      ->type_name("completed|serving=QUEUE|version=VERSION")
      ->required();
  add_duration(app, "--timeout", options.timeout, "stop waiting after this time, with exit code 124");
  app.add_option("--deployment-name", options.deployment_name,
                 fmt::format("Worker Deployment of version=VERSION [{}]", demo::kDeploymentName));
  app.add_option("-t,--task-queue", options.task_queue, fmt::format("task queue of version=VERSION [{}]", demo::kVersionedTaskQueue));
}

ExitCode run_wait(const GlobalOptions& global, const WaitOptions& options, const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  if (options.kind == WaitKind::kCompleted && options.workflow_id.empty()) {
    return output.report("usage", ExitCode::kUsage, "which workflow?", "lifecycle wait WORKFLOW_ID --for completed");
  }
  const Result<std::unique_ptr<Connection>> connection = connect_command(global, process, output);
  if (!connection) {
    return output.report(connection.error());
  }
  return run_wait(global, options, process, output, **connection);
}

ExitCode run_wait(const GlobalOptions& global, const WaitOptions& options, const ProcessContext& process, Output& output,
                  Connection& connection) {
  return WaitCommand(global, options, process, output, connection).run();
}

}  // namespace lifecycle::cli
