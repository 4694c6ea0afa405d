#include "cli/completion/completion_command.h"

#include <cstdio>
#include <utility>

#include "cli/completion/completion_scripts.h"  // made by CMake of completions/*
#include "cli/flags.h"

namespace lifecycle::cli {

void add_completion_options(CLI::App& app, CompletionOptions& options) {
  add_choice<Shell>(app, "shell", options.shell, {{"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}},
                    "the shell that is to read it")
      ->required();
}

std::string_view completion_script(Shell shell) {
  switch (shell) {
    case Shell::kBash:
      return kBashCompletion;
    case Shell::kZsh:
      return kZshCompletion;
    case Shell::kFish:
      return kFishCompletion;
  }
  std::unreachable();
}

ExitCode run_completion(const CompletionOptions& options) {
  const std::string_view script = completion_script(options.shell);
  std::fwrite(script.data(), 1, script.size(), stdout);
  return ExitCode::kDone;
}

}  // namespace lifecycle::cli
