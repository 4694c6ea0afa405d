// `lifecycle replay HISTORY...`: would the workflows of this binary accept these recorded histories?
#pragma once

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "registry/registry.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

struct ReplayOptions {
  std::vector<std::string> paths;  // files and folders
};

void add_replay_options(CLI::App& app, ReplayOptions& options);

// Prints one line for each history, and one verdict. Exit codes: kGuaranteeBroken when the code does something else than one of the
// histories says; otherwise that of the first history that could not be replayed.
[[nodiscard]] ExitCode run_replay(const GlobalOptions& global, const ReplayOptions& options, const ProcessContext& process);
// The same with the workflows of `registry`.
[[nodiscard]] ExitCode run_replay(const ReplayOptions& options, const Registry& registry, Output& output);

}  // namespace lifecycle::cli
