// The command line: its grammar, and what each command runs. The one definition that parsing, help and completion read.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "cli/worker_settings.h"

namespace lifecycle::cli {

// What the user has typed to get here, told from argv[0]: the temporal CLI and kubectl run "temporal-lifecycle" and "kubectl-lifecycle" for
// "temporal lifecycle" and "kubectl lifecycle".
[[nodiscard]] std::string program_name(std::string_view path);

class CommandLine {
 public:
  // `program` is what the command is called in help and hints.
  explicit CommandLine(const std::string& program = "lifecycle");
  // Commands keep references to this object's options.
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Throws CLI::ParseError for wrong usage, and for --help and --version, which are answers.
  void parse(int argc, char** argv);
  // The command that was read; wrong usage when none was.
  [[nodiscard]] ExitCode run(const ProcessContext& process);
  // Prints what --help and --version ask for, or tells what is wrong with the command line and what was meant.
  [[nodiscard]] ExitCode explain(const CLI::ParseError& error, Output& output) const;

  [[nodiscard]] const GlobalOptions& global() const { return global_; }
  [[nodiscard]] const CLI::App& app() const { return app_; }

 private:
  struct Command {
    CLI::App* app;
    std::function<ExitCode(const ProcessContext&)> run;
  };

  // A command whose flags go into an Options of its own: `define(app, options)` adds them, `run(options, process)` is called with them.
  template <class Options, class Define, class Run>
  void add(const std::string& name, const std::string& help, Define define, Run run);
  void add_worker_commands();
  void add_workflow_commands();
  void add_completion();
  void add_help();
  [[nodiscard]] ExitCode run_help(const ProcessContext& process) const;
  [[nodiscard]] ExitCode unknown_word(Output& output, const std::string& word) const;
  // "lifecycle", or "lifecycle start" once that was read.
  [[nodiscard]] std::string command_name() const;
  [[nodiscard]] std::string commands_hint() const;

  CLI::App app_{"Proves on your own Temporal server that workflows survive what happens to their workers."};
  GlobalOptions global_;
  std::vector<SettingDefinition> worker_settings_ = worker_setting_definitions();
  std::string help_topic_;
  std::vector<Command> commands_;
};

}  // namespace lifecycle::cli
