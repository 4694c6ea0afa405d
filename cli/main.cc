// The command `lifecycle`: reads the command line and runs one subcommand.
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/command_line.h"
#include "cli/completion/complete_command.h"
#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "client/connection_config.h"

namespace lifecycle::cli {
namespace {

// Before the command line is understood, so that a mistake in it is told in the form that the rest asked for.
bool wants_json(const std::vector<std::string>& arguments) {
  const auto is_json = [](std::string_view value) { return value == "json" || value == "jsonl"; };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if ((argument == "-o" || argument == "--output") && i + 1 < arguments.size()) {
      return is_json(arguments[i + 1]);
    }
    if (argument.starts_with("--output=")) {
      return is_json(argument.substr(std::string_view("--output=").size()));
    }
  }
  return false;
}

ExitCode run(int argc, char** argv) {
  const client::Environment environment = client::process_environment();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  CommandLine command_line(program_name(argv[0]));
  if (is_completion_request(arguments)) {
    run_complete(command_line.app(), arguments, ProcessContext{.environment = environment, .clock = system_clock()});
  }
  try {
    command_line.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    OutputOptions options = output_options(command_line.global(), environment);
    options.format = wants_json(arguments) ? OutputFormat::kJson : OutputFormat::kText;
    Output output(options);
    return command_line.explain(error, output);
  }
  return command_line.run(ProcessContext{.environment = environment, .clock = system_clock()});
}

}  // namespace
}  // namespace lifecycle::cli

int main(int argc, char** argv) {
  lifecycle::cli::block_stop_signals();
  return lifecycle::cli::to_int(lifecycle::cli::run(argc, argv));
}
