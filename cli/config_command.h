// `lifecycle config show`: the settings that a worker started here with the same flags would have, how it would reach Temporal, and where
// each of that comes from.
#pragma once

#include <span>

#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "cli/settings.h"
#include "cli/worker_command.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

struct ConfigOptions {
  WorkerFlags worker;
  bool origin = false;
};

// `definitions` outlive the parsing.
void add_config_options(CLI::App& app, ConfigOptions& options, std::span<const SettingDefinition> definitions);

// Asks no server. Strict with the profile file: a key that is not known there is an error here, and ignored by all other commands.
[[nodiscard]] ExitCode run_config(const GlobalOptions& global, const ConfigOptions& options, std::span<const SettingDefinition> definitions,
                                  const ProcessContext& process);

}  // namespace lifecycle::cli
