#include "cli/worker_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>

#include "base/random.h"
#include "cli/connection.h"
#include "cli/signals.h"
#include "cli/supervise.h"
#include "cli/worker_log_level.h"
#include "cli/worker_metrics.h"
#include "cli/worker_settings.h"
#include "rpc/health_server.h"
#include "rpc/metrics_workflow_service.h"
#include "rpc/process.h"
#include "worker/loop_watch.h"
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
        log_level_(log),
        worker_(*connection.service, connection.loop, registry, log, options),
        signals_(connection.loop, [this](int number) { on_signal(number); }),
        watch_(connection.loop, worker_.health(), worker_.running_code(), log) {}

  // Errors: HealthServer::start()'s.
  Result<void> serve_health(const std::string& address) {
    Result<std::unique_ptr<rpc::HealthServer>> server = rpc::HealthServer::start(address, worker_.health());
    if (!server) {
      return std::unexpected(std::move(server).error());
    }
    health_server_ = *std::move(server);
    log_.info("health service listens", {{"address", std::string_view(address)}, {"port", std::int64_t{health_server_->port()}}});
    return {};
  }

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
    if (!is_stop_signal(number)) {
      log_level_.on_signal(number);
      return;
    }
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
  WorkerLogLevel log_level_;
  worker::Worker worker_;
  SignalWatch signals_;
  worker::LoopWatch watch_;
  std::unique_ptr<rpc::HealthServer> health_server_;
  ExitCode exit_code_ = ExitCode::kDone;
  bool stopping_ = false;
  bool forced_ = false;
};

}  // namespace

void add_worker_options(CLI::App& app, WorkerFlags& flags, std::span<const SettingDefinition> definitions) {
  app.add_option("--settings-file", flags.settings_file,
                 "file with these settings [lifecycle.toml here, in ~/.config/lifecycle or in /etc/lifecycle] (LIFECYCLE_SETTINGS_FILE)")
      ->group("Worker");
  add_setting_flags(app, definitions, flags.settings);
}

Result<WorkerSettings> load_worker_settings(const GlobalOptions& options, const WorkerFlags& flags,
                                            std::span<const SettingDefinition> definitions, const client::Environment& environment) {
  Result<std::optional<SettingsFile>> file = find_settings_file(flags.settings_file, environment);
  if (!file) {
    return std::unexpected(std::move(file).error());
  }
  std::map<std::string, Setting, std::less<>> from_file;
  if (*file) {
    auto read = read_settings(**file, definitions);
    if (!read) {
      return std::unexpected(std::move(read).error());
    }
    from_file = *std::move(read);
  }
  SettingTexts given = flags.settings;
  if (options.log_level) {
    given.emplace("log_level", name_of(*options.log_level));
  }
  if (options.log_format) {
    given.emplace("log_format", *options.log_format == LogFormat::kJson ? "json" : "text");
  }
  Result<Settings> settings = resolve_settings(definitions, given, environment, from_file);
  if (!settings) {
    return std::unexpected(std::move(settings).error());
  }
  return WorkerSettings{.settings = *std::move(settings), .file = *std::move(file)};
}

ExitCode run_worker(const GlobalOptions& options, const WorkerFlags& flags, std::span<const SettingDefinition> definitions,
                    const ProcessContext& process) {
  Output output(output_options(options, process.environment));
  const Result<WorkerSettings> loaded = load_worker_settings(options, flags, definitions, process.environment);
  if (!loaded) {
    return output.report(loaded.error());
  }
  const Settings& settings = loaded->settings;
  const Logger log(*parse_log_level(settings.text("log_level")),
                   settings.text("log_format") == "json" ? LogFormat::kJson : LogFormat::kText);
  const Result<Supervision> supervision = supervise_if_told(settings, options, process, log);
  if (!supervision) {
    return output.report(supervision.error());
  }
  if (supervision->ended) {
    return *supervision->ended;
  }
  rpc::prepare_process(log);
  Result<worker::WorkerOptions> worker_options = make_worker_options(settings, process.environment, process_facts());
  if (!worker_options) {
    return output.report(worker_options.error());
  }
  Result<std::unique_ptr<ExposedMetrics>> metrics(nullptr);  // before the connection, whose last calls are counted when it ends
  const Result<std::unique_ptr<Connection>> connection = make_connection(options, process, log);
  if (!connection) {
    return output.report(connection.error());
  }
  const client::ConnectionConfig& config = (*connection)->config;
  worker_options->name_space = config.name_space;
  worker_options->last_will = supervision->last_will.get();
  metrics = expose_metrics(settings, *worker_options, process.clock, log);
  if (!metrics) {
    return output.report(metrics.error());
  }
  if (*metrics != nullptr) {
    worker_options->metrics = (*metrics)->sdk;
    (*connection)->service =
        std::make_unique<rpc::MetricsWorkflowService>(std::move((*connection)->service), process.clock, worker_options->metrics);
  }
  log.info("worker starts", {{"address", config.address},
                             {"namespace", config.name_space},
                             {"task_queue", worker_options->task_queue},
                             {"version", worker_options->worker_version},
                             {"deployment", worker_options->deployment ? worker_options->deployment->name : "none (unversioned)"},
                             {"identity", worker_options->identity},
                             {"settings_file", loaded->file ? loaded->file->path : "none"}});
  Registry registry;
  demo::register_all(registry);
  WorkerProcess worker_process(**connection, registry, log, *worker_options);
  if (const std::string& address = settings.text("health_address"); !address.empty()) {
    if (const Result<void> served = worker_process.serve_health(address); !served) {
      return output.report(served.error());
    }
  }
  return worker_process.run(options.command_timeout);
}

}  // namespace lifecycle::cli
