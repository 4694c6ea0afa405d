#include "cli/chaos/chaos_command.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/random.h"
#include "cli/chaos/cluster.h"
#include "cli/chaos/deployment_injector.h"
#include "cli/chaos/experiment.h"
#include "cli/chaos/pod_injector.h"
#include "cli/chaos/process_injector.h"
#include "cli/chaos/recover.h"
#include "cli/chaos/signal_worker.h"
#include "cli/connection.h"
#include "cli/stop_requests.h"
#include "cli/time_text.h"
#include "cli/workflow_id.h"
#include "client/call.h"

namespace lifecycle::cli::chaos {
namespace {

constexpr Duration kPromptInterval = std::chrono::milliseconds(50);

// Runs the loop meanwhile, on which a signal arrives.
class LoopPatience final : public Patience {
 public:
  // With `stopped`, waiting ends as soon as it has a value. Both outlive this object.
  explicit LoopPatience(rpc::RunnableEventLoop& loop, const std::optional<ExitCode>* stopped = nullptr) : loop_(loop), stopped_(stopped) {}
  bool wait(Duration duration) override {
    bool over = false;
    const TimerId timer = loop_.schedule(duration, [&over] { over = true; });
    loop_.run_until([&] { return over || is_stopped(); });
    loop_.cancel(timer);
    return !is_stopped();
  }
  [[nodiscard]] const Clock& clock() const override { return loop_.clock(); }

 private:
  [[nodiscard]] bool is_stopped() const { return stopped_ != nullptr && stopped_->has_value(); }

  rpc::RunnableEventLoop& loop_;
  const std::optional<ExitCode>* stopped_;
};

bool can_read(int descriptor) {
  pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, 0) > 0;
}

// A question is asked of a person, never of a pipe.
Result<bool> ask(const std::string& question, Patience& patience) {
  if (::isatty(STDIN_FILENO) != 1) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} Nobody is there to say yes", question),
                "add --yes, or look first with --dry-run");
  }
  fmt::print(stderr, "{} [y/N] ", question);
  while (!can_read(STDIN_FILENO)) {
    if (!patience.wait(kPromptInterval)) {
      fmt::print(stderr, "\n");
      return fail(ErrorCode::kCancelled, "interrupted; nothing is done");
    }
  }
  std::array<char, 256> line{};
  const ssize_t length = ::read(STDIN_FILENO, line.data(), line.size());
  return length > 0 && (line[0] == 'y' || line[0] == 'Y');
}

bool needs_temporal(const ChaosOptions& options) {
  const bool asks_temporal = !options.running_workflow.empty() || !options.polling.empty();
  return asks_temporal || options.wait.value_or(false) || (options.target == TargetKind::kProcess && options.pids.empty());
}

class ChaosCommand {
 public:
  ChaosCommand(const GlobalOptions& global, const ChaosOptions& options, const ProcessContext& process, Output& output,
               Connection& connection)
      : global_(global),
        options_(options),
        process_(process),
        output_(output),
        connection_(connection),
        patience_(connection.loop, &stopped_),
        stubborn_patience_(connection.loop),
        stop_requests_(connection.loop, global.command_timeout, [this](ExitCode stopped_by) { stop(stopped_by); }) {}

  ExitCode run() {
    const Result<std::string> path = default_journal_path(process_.environment);
    if (!path) {
      return output_.report(path.error());
    }
    if (options_.action == ChaosAction::kRecover) {
      return run_recover(*path);
    }
    const Result<bool> asks_temporal = reach_temporal();
    if (!asks_temporal) {
      return output_.report(asks_temporal.error());
    }
    return run_experiment(*path, *asks_temporal);
  }

 private:
  // Whether Temporal is there to be asked. A fault that needs it not is made without it.
  Result<bool> reach_temporal() {
    client::Client client = make_client(connection_);
    const auto connected = client.check_connection(global_.connect_timeout);
    if (connected) {
      return true;
    }
    if (needs_temporal(options_)) {
      return std::unexpected(connected.error());
    }
    output_.warning(fmt::format("what the workers are executing is not known: {}", connected.error().message));
    return false;
  }

  Result<void> record(Journal& journal, const JournalEntry& entry) {
    const Result<void> written = journal.append(entry);
    if (written && output_.format() == OutputFormat::kJsonl) {
      output_.document(to_json(entry));
    }
    return written;
  }

  ExitCode run_experiment(const std::string& path, bool asks_temporal) {
    Result<Injector*> injector = injector_for(
        options_.action == ChaosAction::kScale || options_.action == ChaosAction::kRestart ? TargetKind::kDeployment : options_.target);
    if (!injector) {
      return output_.report(injector.error());
    }
    std::optional<Journal> journal;
    if (!options_.dry_run) {
      Result<Journal> opened = Journal::open(path);
      if (!opened) {
        return output_.report(opened.error());
      }
      journal.emplace(*std::move(opened));
    }
    TemporalView temporal(*connection_.service, connection_.loop, make_client(connection_).options());
    RandomStream random = entropy_stream();
    const WallTime now = process_.clock.wall_now();
    const bool on_terminal = ::isatty(STDERR_FILENO) == 1;
    nlohmann::json origin = origin_of_this_process();
    if (cluster_) {
      origin["cluster"] = cluster_->server;
    }
    Experiment experiment({.options = options_,
                           .fault = {.kind = fault_kind(options_),
                                     .grace_period = options_.grace_period,
                                     .replicas = options_.replicas,
                                     .requested_at = iso_time(now)},
                           .injector = **injector,
                           .temporal = asks_temporal ? &temporal : nullptr,
                           .record = [&](const JournalEntry& entry) { return record(*journal, entry); },
                           .confirm = [this](const std::string& question) { return ask(question, patience_); },
                           .output = output_,
                           .patience = patience_,
                           .stubborn_patience = stubborn_patience_,
                           .stopped = stopped_,
                           .id = make_workflow_id("chaos", now, random),
                           .origin = std::move(origin),
                           .seed = options_.seed.value_or(random.below(kSeedBound)),
                           .wait = asks_temporal && options_.wait.value_or(on_terminal)});
    return experiment.run();
  }

  ExitCode run_recover(const std::string& path) {
    std::optional<Journal> journal;  // opened for the first thing to be undone: looking changes nothing
    return recover({.journal_path = path,
                    .injector_for = [this](const JournalEntry& entry) { return injector_for(entry); },
                    .record = [&](const JournalEntry& entry) -> Result<void> {
                      if (!journal) {
                        Result<Journal> opened = Journal::open(path);
                        if (!opened) {
                          return std::unexpected(std::move(opened).error());
                        }
                        journal.emplace(*std::move(opened));
                      }
                      return record(*journal, entry);
                    },
                    .output = output_,
                    .patience = stubborn_patience_});
  }

  Result<Injector*> injector_for(TargetKind target) {
    if (target == TargetKind::kProcess) {
      injector_ = std::make_unique<ProcessInjector>(options_.pids);
      return injector_.get();
    }
    if (!cluster_) {
      Result<Cluster> connected = connect_cluster(options_, process_);
      if (!connected) {
        return std::unexpected(std::move(connected).error());
      }
      cluster_ = *std::move(connected);
    }
    if (target == TargetKind::kPod) {
      injector_ = std::make_unique<PodInjector>(
          *cluster_->api,
          PodScope{.name_space = options_.kube_namespace, .label_selector = options_.label_selector, .own_pod = cluster_->own_pod});
    } else {
      injector_ = std::make_unique<DeploymentInjector>(
          *cluster_->api, kubernetes::DeploymentRef{.name_space = options_.kube_namespace, .name = options_.deployment});
    }
    return injector_.get();
  }

  // Objects of the same name are in many clusters.
  Result<Injector*> injector_for(const JournalEntry& entry) {
    Result<Injector*> injector = injector_for(entry.target);
    const std::string server = entry.undo.value("cluster", "");
    if (injector && cluster_ && !server.empty() && server != cluster_->server) {
      return fail(
          ErrorCode::kFailedPrecondition,
          fmt::format("{} {} is in the cluster at {}, this is the one at {}", name_of(entry.target), entry.name, server, cluster_->server),
          "--kube-context names another one");
    }
    return injector;
  }

  void stop(ExitCode stopped_by) {
    if (stopped_ && stopped_by == ExitCode::kTimedOut) {
      return;  // it is stopping, and undoing must not be cut short by a clock
    }
    if (stopped_) {
      report_stop(output_, stopped_by, "what is begun may not be undone", "lifecycle chaos recover undoes it");
      ::_exit(to_int(stopped_by));
    }
    stopped_ = stopped_by;
    output_.warning("stopping; what was begun is undone first (again: stop at once)");
  }

  // A seed that can be typed.
  static constexpr std::uint64_t kSeedBound = 1'000'000;

  const GlobalOptions& global_;
  const ChaosOptions& options_;
  const ProcessContext& process_;
  Output& output_;
  Connection& connection_;
  std::optional<ExitCode> stopped_;
  LoopPatience patience_;
  LoopPatience stubborn_patience_;
  std::optional<Cluster> cluster_;
  std::unique_ptr<Injector> injector_;
  StopRequests stop_requests_;
};

// Inside of a pod: no connection is made.
ExitCode run_signal_worker(const ChaosOptions& options, const ProcessContext& process, Output& output) {
  rpc::GrpcEventLoop loop(process.clock);
  LoopPatience patience(loop);
  constexpr std::int64_t kFirstProcess = 1;
  const Result<SignalledWorker> signalled = signal_worker(options.signal, kFirstProcess, patience);
  if (!signalled) {
    return output.report(signalled.error());
  }
  output.answer(nlohmann::json{{"pid", signalled->pid}, {"state", std::string(1, signalled->state)}}.dump());
  return ExitCode::kDone;
}

}  // namespace

ExitCode run_chaos(const GlobalOptions& global, const ChaosOptions& options, const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  if (options.action == ChaosAction::kSignalWorker) {
    return run_signal_worker(options, process, output);
  }
  if (const Result<void> checked = check_options(options); !checked) {
    return output.report(checked.error());
  }
  const Result<std::unique_ptr<Connection>> connection = connect_command(global, process, output);
  if (!connection) {
    return output.report(connection.error());
  }
  return ChaosCommand(global, options, process, output, **connection).run();
}

}  // namespace lifecycle::cli::chaos
