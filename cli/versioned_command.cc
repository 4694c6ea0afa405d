#include "cli/versioned_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "base/random.h"
#include "cli/connection.h"
#include "cli/flags.h"
#include "cli/follow.h"
#include "cli/progress.h"
#include "cli/shell_word.h"
#include "cli/start_command.h"
#include "cli/stop_requests.h"
#include "cli/versioned_report.h"
#include "cli/workflow_id.h"
#include "client/call.h"
#include "client/deployments.h"
#include "converter/payload.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLookAgainWait = 250ms;

// Shows two runs beside each other: each line begins with the version that it is about.
class LabelledProgress final : public RunObserver {
 public:
  LabelledProgress(Output& output, std::string version, TimeFormat time_format, WallTime origin)
      : output_(output), version_(std::move(version)), time_format_(time_format), origin_(origin) {}

  void on_change(const RunChange& change) override {
    if (output_.format() == OutputFormat::kJsonl) {
      nlohmann::ordered_json line = change_json(change);
      line["pinnedTo"] = version_;
      output_.document(line);
    }
    output_.note(fmt::format("{:>8} {}: {}", time_text(time_format_, change.time, origin_), version_, change_text(change)));
  }
  void on_sample(const RunSteps&, WallTime) override {}

 private:
  Output& output_;
  std::string version_;
  TimeFormat time_format_;
  WallTime origin_;
};

// Keeps the attempts that it sees, of which history will know the last alone, and passes everything on.
class AttemptJournal final : public RunObserver {
 public:
  explicit AttemptJournal(std::unique_ptr<RunObserver> display) : display_(std::move(display)) {}

  void on_change(const RunChange& change) override {
    if (change.kind == ChangeKind::kStepStarted) {
      attempts_.push_back({.step = change.step, .attempt = change.attempt, .worker = change.worker});
    }
    display_->on_change(change);
  }
  void on_sample(const RunSteps& steps, WallTime now) override { display_->on_sample(steps, now); }

  [[nodiscard]] const std::vector<AttemptSeen>& attempts() const { return attempts_; }

 private:
  std::unique_ptr<RunObserver> display_;
  std::vector<AttemptSeen> attempts_;
};

struct PinnedRun {
  client::DeploymentVersion version;
  RunNames names;
  std::unique_ptr<AttemptJournal> journal = {};
  std::unique_ptr<RunFollower> follower = {};
};

// History has the start and the scheduled task, and nobody has taken it.
bool is_untouched(const client::service::DescribeWorkflowExecutionResponse& description) {
  constexpr std::int64_t kEventsBeforeFirstTaskStarts = 2;
  return description.has_pending_workflow_task() &&
         description.pending_workflow_task().state() == api::enums::PENDING_WORKFLOW_TASK_STATE_SCHEDULED &&
         description.workflow_execution_info().history_length() <= kEventsBeforeFirstTaskStarts;
}

class VersionedCommand {
 public:
  VersionedCommand(const GlobalOptions& global, const VersionedOptions& options, const ProcessContext& process, Output& output,
                   Connection& connection)
      : global_(global),
        options_(options),
        process_(process),
        output_(output),
        connection_(connection),
        client_(make_client(connection)),
        deployments_(*connection.service, connection.loop, client_.options()),
        stop_requests_(connection.loop, global.command_timeout, [this](ExitCode stopped_by) { stop(stopped_by); }) {}

  ExitCode run(const demo::LifecycleInput& input) {
    if (const auto connected = client_.check_connection(global_.connect_timeout); !connected) {
      return output_.report(connected.error());
    }
    if (const Result<void> begun = begin(input); !begun) {
      return output_.report(begun.error());
    }
    follow();
    if (stopped_by_) {
      report_stop();
      return *stopped_by_;
    }
    return report();
  }

 private:
  [[nodiscard]] std::vector<std::string> versions() const {
    return options_.compare_with.empty() ? std::vector{options_.version} : std::vector{options_.version, options_.compare_with};
  }

  // --- before there is anything to follow

  Result<void> begin(const demo::LifecycleInput& input) {
    if (const Result<void> served = wait_until_served(); !served) {
      return served;
    }
    if (const Result<void> started = start_all(input); !started) {
      return started;
    }
    return wait_until_taken();
  }

  Result<void> wait_until_served() {
    for (const std::string& build_id : versions()) {
      output_.note(fmt::format("waiting up to {} for version {} of deployment {} to serve {}", format_duration(options_.wait_timeout),
                               build_id, options_.deployment_name, options_.task_queue));
      const Result<void> served = deployments_.wait_until_serving({.deployment_name = options_.deployment_name, .build_id = build_id},
                                                                  options_.task_queue, options_.wait_timeout);
      if (!served) {
        return served;
      }
    }
    return {};
  }

  Result<void> start_all(const demo::LifecycleInput& input) {
    RandomStream random = entropy_stream();
    origin_ = process_.clock.wall_now();
    for (const std::string& build_id : versions()) {
      PinnedRun run{.version = {.deployment_name = options_.deployment_name, .build_id = build_id},
                    .names = {.workflow_id = options_.workflow_id,
                              .workflow_type = std::string(demo::kWorkflowType),
                              .name_space = connection_.config.name_space,
                              .task_queue = options_.task_queue}};
      if (run.names.workflow_id.empty()) {
        run.names.workflow_id = make_workflow_id("versioned-" + build_id, process_.clock.wall_now(), random);
      }
      Result<std::string> run_id = start_pinned(run, input);
      if (!run_id) {
        return std::unexpected(std::move(run_id).error());
      }
      run.names.run_id = *std::move(run_id);
      output_.note(fmt::format("started {} (run {}, task queue {}), pinned to {}", run.names.workflow_id, run.names.run_id,
                               run.names.task_queue, build_id));
      tell_started(run);
      runs_.push_back(std::move(run));
    }
    return {};
  }

  Result<std::string> start_pinned(const PinnedRun& run, const demo::LifecycleInput& input) {
    const SteadyTime deadline = process_.clock.steady_now() + options_.wait_timeout;
    while (true) {
      Result<std::string> run_id = client_.start_workflow({.workflow_id = run.names.workflow_id,
                                                           .task_queue = run.names.task_queue,
                                                           .workflow_type = run.names.workflow_type,
                                                           .pinned_to = run.version},
                                                          converter::to_payloads(input));
      if (run_id || !client::is_version_not_serving(run_id.error())) {
        return run_id;
      }
      if (process_.clock.steady_now() + kLookAgainWait > deadline) {
        return fail(ErrorCode::kDeadlineExceeded, run_id.error().message);
      }
      client::wait(connection_.loop, kLookAgainWait);
    }
  }

  void tell_started(const PinnedRun& run) {
    if (output_.format() == OutputFormat::kJsonl) {
      nlohmann::ordered_json line{{"event", "started"}, {"time", iso_time(process_.clock.wall_now())}};
      line.update(names_json(run.names));
      line["pinnedTo"] = run.version.build_id;
      output_.document(line);
    }
  }

  // The list of pollers remembers workers that are gone. Whether a version has any is told by a task alone, and a workflow whose first task
  // nobody takes is ended: it would start whenever a worker comes, long after whoever asked for it has gone.
  Result<void> wait_until_taken() {
    const SteadyTime deadline = process_.clock.steady_now() + options_.wait_timeout;
    for (const PinnedRun& run : runs_) {
      while (true) {
        const auto description = client_.describe(run.names.workflow_id, run.names.run_id);
        if (!description) {
          return std::unexpected(description.error());
        }
        if (!is_untouched(*description)) {
          break;
        }
        if (process_.clock.steady_now() + kLookAgainWait > deadline) {
          return give_up_on(run);
        }
        client::wait(connection_.loop, kLookAgainWait);
      }
    }
    return {};
  }

  Result<void> give_up_on(const PinnedRun& silent) {
    for (const PinnedRun& run : runs_) {
      if (const auto ended = client_.terminate(run.names.workflow_id, "version " + silent.version.build_id + " is silent"); !ended) {
        return ended;
      }
    }
    return fail(ErrorCode::kDeadlineExceeded,
                fmt::format("version '{}' of deployment '{}' is known but silent: no worker took the workflow task from '{}' within {}; "
                            "what was started is terminated",
                            silent.version.build_id, silent.version.deployment_name, silent.names.task_queue,
                            format_duration(options_.wait_timeout)),
                "start one with: " + worker_command(silent.version));
  }

  [[nodiscard]] std::string worker_command(const client::DeploymentVersion& version) const {
    std::string command = fmt::format("lifecycle worker --deployment-name {} --worker-version {}", shell_word(version.deployment_name),
                                      shell_word(version.build_id));
    if (options_.task_queue != demo::kVersionedTaskQueue) {
      command += " --task-queue " + shell_word(options_.task_queue);
    }
    return command;
  }

  // --- following

  void follow() {
    following_ = true;
    for (PinnedRun& run : runs_) {
      run.journal = std::make_unique<AttemptJournal>(make_display(run));
      run.follower = std::make_unique<RunFollower>(*connection_.service, connection_.loop,
                                                   FollowTarget{.name_space = run.names.name_space,
                                                                .workflow_id = run.names.workflow_id,
                                                                .run_id = run.names.run_id,
                                                                .task_queue = run.names.task_queue},
                                                   *run.journal);
    }
    if (options_.timeout > Duration::zero()) {
      connection_.loop.schedule(options_.timeout, [this] { stop(ExitCode::kTimedOut); });
    }
    connection_.loop.run_until([this] {
      return stopped_by_.has_value() || std::ranges::all_of(runs_, [](const PinnedRun& run) { return run.follower->ended(); });
    });
    output_.clear_status_line();
  }

  [[nodiscard]] std::unique_ptr<RunObserver> make_display(const PinnedRun& run) {
    if (!options_.compare_with.empty()) {
      return std::make_unique<LabelledProgress>(output_, run.version.build_id, global_.time_format, origin_);
    }
    return std::make_unique<ProgressDisplay>(output_, ProgressOptions{.workflow_id = run.names.workflow_id,
                                                                      .run_id = run.names.run_id,
                                                                      .worker_command = worker_command(run.version),
                                                                      .time_format = global_.time_format,
                                                                      .origin = origin_});
  }

  void stop(ExitCode stopped_by) {
    stopped_by_ = stopped_by;
    if (!following_) {
      report_stop();
      ::_exit(to_int(stopped_by));
    }
  }

  void report_stop() {
    if (runs_.empty()) {
      cli::report_stop(output_, *stopped_by_, "nothing was started", "");
      return;
    }
    for (const PinnedRun& run : runs_) {
      cli::report_stop(output_, *stopped_by_, fmt::format("workflow '{}' goes on", run.names.workflow_id),
                       "follow it again with: " + follow_again_command(global_, {.preset = options_.preset,
                                                                                 .workflow_id = run.names.workflow_id,
                                                                                 .task_queue = run.names.task_queue}));
    }
  }

  // --- the end

  ExitCode report() {
    std::vector<PinnedRunResult> results;
    for (PinnedRun& run : runs_) {
      const Result<client::WorkflowOutcome>& outcome = run.follower->outcome();
      if (!outcome) {
        return output_.report(outcome.error());
      }
      const Result<api::History> history = client_.fetch_history(run.names.workflow_id, run.names.run_id);
      if (!history) {
        return output_.report(history.error());
      }
      results.push_back({.names = run.names,
                         .outcome = *outcome,
                         .steps = run.follower->steps(),
                         .proof = prove_version(*history, run.version, run.journal->attempts())});
    }
    const WallTime now = process_.clock.wall_now();
    return results.size() == 1 ? report_pinned_run(output_, results.front(), now) : report_comparison(output_, results, now);
  }

  const GlobalOptions& global_;
  const VersionedOptions& options_;
  const ProcessContext& process_;
  Output& output_;
  Connection& connection_;
  client::Client client_;
  client::Deployments deployments_;
  std::vector<PinnedRun> runs_;
  WallTime origin_;  // what relative times count from
  bool following_ = false;
  std::optional<ExitCode> stopped_by_;
  StopRequests stop_requests_;
};

}  // namespace

void add_versioned_options(CLI::App& app, VersionedOptions& options) {
  app.add_option("version", options.version, "version that every task is to run on")->required();
  add_choice<Preset>(app, "workflow", options.preset, {{"lifecycle", Preset::kLifecycle}, {"quick", Preset::kQuick}},
                     "10 steps of 30s, or 6 steps of 5s [lifecycle]");
  app.add_option("--deployment-name", options.deployment_name, "Worker Deployment that the version belongs to")->capture_default_str();
  app.add_option("-t,--task-queue", options.task_queue, "task queue of the workers")->capture_default_str();
  CLI::Option* const workflow_id =
      app.add_option("-w,--workflow-id", options.workflow_id, "workflow id [made from version, time and a random number]");
  app.add_option("--compare", options.compare_with, "run the identical workflow on this version, too, and print both side by side")
      ->type_name("VERSION")
      ->excludes(workflow_id);
  add_duration(app, "--wait-timeout", options.wait_timeout,
               "how long the version may take to serve the queue, and then to take the first workflow task [30s]");
  add_duration(app, "--timeout", options.timeout, "stop following after this time, with exit code 124; the workflow goes on");
  add_input_flags(app, options.input);
}

ExitCode run_versioned(const GlobalOptions& global, const VersionedOptions& options, const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  for (const std::string& build_id : {options.version, options.compare_with.empty() ? options.version : options.compare_with}) {
    if (const auto valid = client::check_version({.deployment_name = options.deployment_name, .build_id = build_id}); !valid) {
      return output.report(valid.error());
    }
  }
  const Result<demo::LifecycleInput> input = make_input(options.preset, options.input);
  if (!input) {
    return output.report(input.error());
  }
  const Result<std::unique_ptr<Connection>> connection = connect_command(global, process, output);
  if (!connection) {
    return output.report(connection.error());
  }
  return run_versioned(global, options, *input, process, output, **connection);
}

ExitCode run_versioned(const GlobalOptions& global, const VersionedOptions& options, const demo::LifecycleInput& input,
                       const ProcessContext& process, Output& output, Connection& connection) {
  return VersionedCommand(global, options, process, output, connection).run(input);
}

}  // namespace lifecycle::cli
