#include "cli/probe_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/flags.h"
#include "cli/worker_command.h"
#include "rpc/health_probe.h"
#include "rpc/process.h"

namespace lifecycle::cli {

void add_probe_options(CLI::App& app, ProbeOptions& options) {
  std::vector<std::pair<std::string, HealthService>> services;
  for (const HealthService service : kHealthServices) {
    services.emplace_back(name_of(service), service);
  }
  add_choice<HealthService>(app, "service", options.service, services,
                            "startup: the server was reached; ready: polls are accepted; live: the process moves [ready]");
  app.add_option("--health-address", options.health_address,
                 "HOST:PORT that the worker listens on (LIFECYCLE_HEALTH_ADDRESS, or health_address in lifecycle.toml)");
  app.add_option("--settings-file", options.settings_file, "the worker's file with settings (LIFECYCLE_SETTINGS_FILE)");
  add_duration(app, "--timeout", options.timeout, "how long to wait for the answer [1s]");
}

ExitCode run_probe(const GlobalOptions& global, const ProbeOptions& options, std::span<const SettingDefinition> definitions,
                   const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  rpc::prepare_process(command_log(global));
  WorkerFlags flags{.settings_file = options.settings_file};
  if (options.health_address) {
    flags.settings.emplace("health_address", *options.health_address);
  }
  const Result<WorkerSettings> loaded = load_worker_settings(global, flags, definitions, process.environment);
  if (!loaded) {
    return output.report(loaded.error());
  }
  const std::string& address = loaded->settings.text("health_address");
  if (address.empty()) {
    return output.report({.code = ErrorCode::kInvalidArgument,
                          .message = "no health address is given",
                          .hint = "give the worker and this command the same --health-address, or set LIFECYCLE_HEALTH_ADDRESS for both"});
  }
  const Result<HealthAnswer> answer = rpc::ask_health(address, options.service, options.timeout);
  if (!answer) {
    return output.report(answer.error());
  }
  if (output.is_json()) {
    output.document({{"service", name_of(options.service)}, {"serving", answer->serving}, {"reason", answer->reason}});
  } else if (answer->serving) {
    output.answer(fmt::format("{}: serving", name_of(options.service)));
  } else {
    output.answer(fmt::format("{}: not serving{}{}", name_of(options.service), answer->reason.empty() ? "" : ": ", answer->reason));
  }
  return answer->serving ? ExitCode::kDone : ExitCode::kOperationFailed;
}

}  // namespace lifecycle::cli
