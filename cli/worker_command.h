// `lifecycle worker`: serves a task queue until it is told to stop.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "cli/settings.h"
#include "cli/settings_file.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

// What was given on the command line.
struct WorkerFlags {
  std::optional<std::string> settings_file;
  SettingTexts settings;
};

// The flags of `definitions`, which outlive the parsing, and the settings file's.
void add_worker_options(CLI::App& app, WorkerFlags& flags, std::span<const SettingDefinition> definitions);

// All settings of a worker, and the file that was read for them.
struct WorkerSettings {
  Settings settings;
  std::optional<SettingsFile> file;
};
// Errors: as find_settings_file(), read_settings() and resolve_settings().
[[nodiscard]] Result<WorkerSettings> load_worker_settings(const GlobalOptions& options, const WorkerFlags& flags,
                                                          std::span<const SettingDefinition> definitions,
                                                          const client::Environment& environment);

// Runs until a signal or the command's time-out stops it. The first signal stops it gracefully (exit code 0), the second at once (128 + its
// number). SIGUSR1 makes the log more verbose, SIGUSR2 as it was at the start. A server that is not there, or goes away, is waited for.
[[nodiscard]] ExitCode run_worker(const GlobalOptions& options, const WorkerFlags& flags, std::span<const SettingDefinition> definitions,
                                  const ProcessContext& process);

}  // namespace lifecycle::cli
