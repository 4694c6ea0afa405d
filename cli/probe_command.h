// `lifecycle probe`: asks a worker's health service, for container health checks and for people.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "cli/settings.h"
#include "telemetry/health.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

struct ProbeOptions {
  HealthService service = HealthService::kReady;
  std::optional<std::string> health_address;
  std::optional<std::string> settings_file;
  Duration timeout = std::chrono::seconds(1);
};

void add_probe_options(CLI::App& app, ProbeOptions& options);

// The worker's own setting says where to ask, so that a check in the worker's container needs no flag. Exit code 0 when it is served, 1
// when not, 3 when nobody answers.
[[nodiscard]] ExitCode run_probe(const GlobalOptions& global, const ProbeOptions& options, std::span<const SettingDefinition> definitions,
                                 const ProcessContext& process);

}  // namespace lifecycle::cli
