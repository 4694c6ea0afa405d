// `lifecycle __complete WORD...`: what a shell's completion, the temporal CLI and kubectl ask for the words that could follow.
#pragma once

#include <span>
#include <string>

#include "cli/completion/completion.h"
#include "cli/exit_code.h"
#include "cli/global_options.h"

namespace lifecycle::cli {

// Whether the program's arguments are such a question. They are not parsed as others are: what follows is a command line that is not
// finished.
[[nodiscard]] bool is_completion_request(std::span<const std::string> arguments);

// Answers on standard output within a second, whatever the server does, and writes nothing else. Ends the process: what is still waiting
// for the server then is not waited for.
[[noreturn]] void run_complete(const CLI::App& app, std::span<const std::string> arguments, const ProcessContext& process);

}  // namespace lifecycle::cli
