// `lifecycle completion bash|zsh|fish`: the script that makes a shell complete the command line.
#pragma once

#include <cstdint>
#include <string_view>

#include "cli/exit_code.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

enum class Shell : std::uint8_t { kBash, kZsh, kFish };

struct CompletionOptions {
  Shell shell = Shell::kBash;
};

void add_completion_options(CLI::App& app, CompletionOptions& options);

// The script as it is installed, too.
[[nodiscard]] std::string_view completion_script(Shell shell);

[[nodiscard]] ExitCode run_completion(const CompletionOptions& options);

}  // namespace lifecycle::cli
