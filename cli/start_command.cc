#include "cli/start_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "base/duration.h"
#include "base/random.h"
#include "cli/connection.h"
#include "cli/flags.h"
#include "cli/follow.h"
#include "cli/progress.h"
#include "cli/run_report.h"
#include "cli/shell_word.h"
#include "cli/stop_requests.h"
#include "cli/workflow_id.h"
#include "converter/payload.h"

namespace lifecycle::cli {
namespace {

// What the user asked to be started, and what the server made of it.
struct StartedRun {
  RunNames names;
  bool attached = false;  // it ran already
};

// One execution of the command: connection, signals, and the steps from the start to the result.
class StartCommand {
 public:
  StartCommand(const GlobalOptions& global, StartOptions options, const ProcessContext& process, Output& output, Connection& connection)
      : global_(global),
        options_(std::move(options)),
        process_(process),
        output_(output),
        connection_(connection),
        stop_requests_(connection.loop, global.command_timeout, [this](ExitCode exit_code) { stop(exit_code); }) {}

  ExitCode run(const demo::LifecycleInput& input) {
    client::Client client = make_client(connection_);
    const auto connected = client.check_connection(global_.connect_timeout);
    if (!connected) {
      return output_.report(connected.error());
    }
    phase_ = Phase::kStarting;
    const Result<StartedRun> started = start(client, input);
    if (!started) {
      return output_.report(started.error());
    }
    tell_started(*started);
    return options_.no_wait ? ExitCode::kDone : follow(started->names);
  }

 private:
  enum class Phase : std::uint8_t { kConnecting, kStarting, kFollowing };

  // A signal or a time-out: following ends in order; before there is anything to follow, so does the process.
  void stop(ExitCode exit_code) {
    stopped_by_ = exit_code;
    if (phase_ != Phase::kFollowing) {
      report_stop();
      ::_exit(to_int(exit_code));
    }
  }

  void report_stop() {
    if (phase_ == Phase::kConnecting) {
      cli::report_stop(output_, *stopped_by_, "nothing was started", "");
      return;
    }
    const std::string_view state = phase_ == Phase::kFollowing ? "goes on" : "may have been started";
    cli::report_stop(output_, *stopped_by_, fmt::format("workflow '{}' {}", options_.workflow_id, state),
                     "follow it again with: " + follow_again_command(global_, options_));
  }

  Result<StartedRun> start(client::Client& client, const demo::LifecycleInput& input) {
    StartedRun run{.names = {.workflow_id = options_.workflow_id,
                             .workflow_type = std::string(demo::kWorkflowType),
                             .name_space = connection_.config.name_space,
                             .task_queue = options_.task_queue}};
    Result<std::string> run_id = client.start_workflow(
        {.workflow_id = run.names.workflow_id, .task_queue = run.names.task_queue, .workflow_type = run.names.workflow_type},
        converter::to_payloads(input));
    if (run_id) {
      run.names.run_id = *std::move(run_id);
      return run;
    }
    if (run_id.error().code != ErrorCode::kAlreadyExists || options_.id_conflict_policy != IdConflictPolicy::kUseExisting) {
      return std::unexpected(std::move(run_id).error());
    }
    return attach(client, std::move(run));
  }

  static Result<StartedRun> attach(client::Client& client, StartedRun run) {
    const auto description = client.describe(run.names.workflow_id);
    if (!description) {
      return std::unexpected(description.error());
    }
    const auto& info = description->workflow_execution_info();
    run.names.run_id = info.execution().run_id();
    run.names.workflow_type = info.type().name();
    run.names.task_queue = info.task_queue();
    run.attached = true;
    return run;
  }

  void tell_started(const StartedRun& run) {
    if (options_.no_wait && output_.format() == OutputFormat::kText) {
      output_.answer(run.names.workflow_id);
      return;
    }
    output_.note(fmt::format("{} {} (run {}, task queue {})", run.attached ? "following" : "started", run.names.workflow_id,
                             run.names.run_id, run.names.task_queue));
    if (output_.format() == OutputFormat::kJsonl) {
      nlohmann::ordered_json line{{"event", run.attached ? "following" : "started"}, {"time", iso_time(process_.clock.wall_now())}};
      line.update(names_json(run.names));
      output_.document(line);
    } else if (options_.no_wait && output_.format() == OutputFormat::kJson) {
      output_.document(names_json(run.names));
    }
  }

  ExitCode follow(RunNames names) {
    phase_ = Phase::kFollowing;
    ProgressDisplay display(output_, {.workflow_id = names.workflow_id,
                                      .run_id = names.run_id,
                                      .worker_command = "lifecycle worker --task-queue " + shell_word(names.task_queue),
                                      .time_format = global_.time_format,
                                      .origin = process_.clock.wall_now()});
    if (options_.timeout > Duration::zero()) {
      connection_.loop.schedule(options_.timeout, [this] { stop(ExitCode::kTimedOut); });
    }
    RunFollower follower(
        *connection_.service, connection_.loop,
        {.name_space = names.name_space, .workflow_id = names.workflow_id, .run_id = names.run_id, .task_queue = names.task_queue},
        display);
    connection_.loop.run_until([&] { return follower.ended() || stopped_by_.has_value(); });
    output_.clear_status_line();
    if (!follower.ended()) {
      report_stop();
      return *stopped_by_;
    }
    if (!follower.outcome()) {
      return output_.report(follower.outcome().error());
    }
    names.run_id = follower.outcome()->run_id;
    return report_outcome(output_, names, *follower.outcome(), follower.steps(), process_.clock.wall_now());
  }

  const GlobalOptions& global_;
  StartOptions options_;
  const ProcessContext& process_;
  Output& output_;
  Connection& connection_;
  StopRequests stop_requests_;
  Phase phase_ = Phase::kConnecting;
  std::optional<ExitCode> stopped_by_;
};

}  // namespace

void add_input_flags(CLI::App& app, InputFlags& input) {
  const char* const group = "Workflow input";
  app.add_option("-i,--input", input.json, "the workflow's input as JSON; the flags below win over it, field by field")
      ->type_name("JSON")
      ->group(group);
  app.add_option("--steps", input.steps, "how many steps")->group(group);
  add_duration(app, "--step-duration", input.step_duration, "how long each step takes")->group(group);
  app.add_option("--fail-step", input.fail_step, "this step fails at first; counted from 0")->group(group);
  app.add_option("--fail-attempts", input.fail_attempts, "how many of its attempts fail [1 with --fail-step]")->group(group);
  add_duration(app, "--retry-initial-interval", input.retry_initial_interval, "wait before a failed step's second attempt [1s]")
      ->group(group);
  app.add_option("--retry-backoff", input.retry_backoff, "each further wait is this many times longer [2]")->group(group);
  add_duration(app, "--retry-max-interval", input.retry_max_interval, "the longest such wait [10s]")->group(group);
  app.add_option("--retry-max-attempts", input.retry_max_attempts, "attempts before the workflow fails; 0: as often as it takes [0]")
      ->group(group);
}

void add_start_options(CLI::App& app, StartOptions& options) {
  app.add_option("-w,--workflow-id", options.workflow_id, "workflow id [made from the time and a random number]");
  app.add_option("-t,--task-queue", options.task_queue, fmt::format("task queue of the workers [{}]", demo::kTaskQueue));
  add_choice<IdConflictPolicy>(app, "--id-conflict-policy", options.id_conflict_policy,
                               {{"Fail", IdConflictPolicy::kFail}, {"UseExisting", IdConflictPolicy::kUseExisting}},
                               "when this workflow id runs already: fail, or follow the one that runs");
  CLI::Option* const no_wait = app.add_flag("--no-wait", options.no_wait, "print the workflow id and leave it running");
  add_duration(app, "--timeout", options.timeout, "stop following after this time, with exit code 124; the workflow goes on")
      ->excludes(no_wait);
  add_input_flags(app, options.input);
}

std::string follow_again_command(const GlobalOptions& global, const StartOptions& options) {
  std::string command = fmt::format("lifecycle start {} --workflow-id {} --id-conflict-policy UseExisting", name_of(options.preset),
                                    shell_word(options.workflow_id));
  const client::ConnectionFlags& connection = global.connection;
  const auto add = [&command](std::string_view flag, const std::optional<std::string>& value) {
    if (value) {
      command += fmt::format(" {} {}", flag, shell_word(*value));
    }
  };
  add("--task-queue", options.task_queue == demo::kTaskQueue ? std::nullopt : std::optional(options.task_queue));
  add("--address", connection.settings.address);
  add("--namespace", connection.settings.name_space);
  add("--config-file", connection.config_file);
  add("--profile", connection.profile);
  return command;
}

ExitCode run_start(const GlobalOptions& global, StartOptions options, const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  const Result<demo::LifecycleInput> input = make_input(options.preset, options.input);
  if (!input) {
    return output.report(input.error());
  }
  const Result<std::unique_ptr<Connection>> connection = connect_command(global, process, output);
  if (!connection) {
    return output.report(connection.error());
  }
  if (options.workflow_id.empty()) {
    RandomStream random = entropy_stream();
    options.workflow_id = make_workflow_id(workflow_id_prefix(options.preset), process.clock.wall_now(), random);
  }
  return StartCommand(global, std::move(options), process, output, **connection).run(*input);
}

}  // namespace lifecycle::cli
