// The command `lifecycle`: reads the command line and runs one subcommand.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/config_command.h"
#include "cli/did_you_mean.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/global_options.h"
#include "cli/probe_command.h"
#include "cli/rollout_command.h"
#include "cli/signals.h"
#include "cli/start_command.h"
#include "cli/version.h"
#include "cli/versioned_command.h"
#include "cli/worker_command.h"
#include "cli/worker_settings.h"
#include "client/connection_config.h"

namespace lifecycle::cli {
namespace {

// The command line's grammar, and where parsing puts what it reads.
struct Program {
  CLI::App app{"Proves on your own Temporal server that workflows survive what happens to their workers."};
  GlobalOptions global;
  std::vector<SettingDefinition> worker_settings = worker_setting_definitions();
  WorkerFlags worker_flags;
  ConfigOptions config_options;
  StartOptions start_options;
  StartOptions quick_options{.preset = Preset::kQuick};
  VersionedOptions versioned_options;
  RolloutOptions rollout_options;
  ProbeOptions probe_options;
  std::string help_topic;
  CLI::App* worker = nullptr;
  CLI::App* start = nullptr;
  CLI::App* quick = nullptr;
  CLI::App* versioned = nullptr;
  CLI::App* rollout = nullptr;
  CLI::App* config = nullptr;
  CLI::App* probe = nullptr;
  CLI::App* help = nullptr;
};

constexpr const char* kSubcommandFooter =
    "The flags of every command (--address, --namespace, --output, ...) are listed by: lifecycle --help";

void define(Program& program) {
  CLI::App& app = program.app;
  app.name("lifecycle");
  app.set_version_flag("--version", version_line);
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.footer("Exit codes: lifecycle help exit-codes");
  add_global_options(app, program.global);

  program.worker = app.add_subcommand("worker", "serve a task queue until it is told to stop");
  add_worker_options(*program.worker, program.worker_flags, program.worker_settings);

  program.start =
      app.add_subcommand("start", "start the 5-minute workflow (lifecycle) or the 30-second one (quick), follow it, print the result");
  add_choice<Preset>(*program.start, "workflow", program.start_options.preset,
                     {{"lifecycle", Preset::kLifecycle}, {"quick", Preset::kQuick}}, "10 steps of 30s, or 6 steps of 5s")
      ->required();
  add_start_options(*program.start, program.start_options);

  program.quick = app.add_subcommand("quick", "short for: start quick");
  add_start_options(*program.quick, program.quick_options);

  program.versioned = app.add_subcommand("versioned", "run the workflow pinned to one version, and prove that every task ran there");
  add_versioned_options(*program.versioned, program.versioned_options);

  program.rollout = app.add_subcommand("rollout", "show where a Worker Deployment sends its workflows, and change it");
  add_rollout_options(*program.rollout, program.rollout_options);

  program.config = app.add_subcommand("config", "show the settings that a worker would have here, and where each comes from");
  add_config_options(*program.config, program.config_options, program.worker_settings);

  program.probe =
      app.add_subcommand("probe", "ask a worker's health service: exit code 0 when it serves, 1 when not, 3 when nobody answers");
  add_probe_options(*program.probe, program.probe_options);

  program.help = app.add_subcommand("help", "explain a command, or the exit codes");
  program.help->add_option("topic", program.help_topic, "a command, or exit-codes");
  for (CLI::App* subcommand :
       {program.worker, program.start, program.quick, program.versioned, program.rollout, program.config, program.probe}) {
    subcommand->footer(kSubcommandFooter);
  }
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string exit_codes_help() {
  std::string text;
  for (const ExitCodeMeaning& each : exit_code_meanings()) {
    text += fmt::format("{:>4}  {}\n", to_int(each.code), each.meaning);
  }
  return text;
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* subcommand : app.get_subcommands({})) {
    names.push_back(subcommand->get_name());
  }
  return names;
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

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

ExitCode usage_error(Output& output, std::string_view message, std::string_view hint) {
  return output.report("usage", ExitCode::kUsage, message, hint);
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates, std::string_view otherwise) {
  const std::optional<std::string> meant = did_you_mean(word, candidates);
  return meant ? fmt::format("did you mean '{}'?", *meant) : std::string(otherwise);
}

// "lifecycle", or "lifecycle start" once that was read.
std::string command_name(const Program& program) {
  const std::vector<CLI::App*> chosen = program.app.get_subcommands();
  return chosen.empty() ? "lifecycle" : fmt::format("lifecycle {}", chosen.front()->get_name());
}

ExitCode unknown_word(Output& output, const Program& program, const std::string& word) {
  const std::vector<CLI::App*> chosen = program.app.get_subcommands();
  if (!word.starts_with('-') && chosen.empty()) {
    return usage_error(output, fmt::format("unknown command '{}'", word),
                       suggestion(word, subcommand_names(program.app), "the commands are listed by: lifecycle --help"));
  }
  std::vector<std::string> known = flag_names(program.app);
  if (!chosen.empty()) {
    std::ranges::copy(flag_names(*chosen.front()), std::back_inserter(known));
  }
  return usage_error(output, fmt::format("{}: unexpected '{}'", command_name(program), word),
                     suggestion(word, known, fmt::format("what it takes is listed by: {} --help", command_name(program))));
}

// Help and version are answers, all else is wrong usage; CLI11's own exit codes (100 and more) mean nothing to anybody.
ExitCode on_parse_end(const CLI::ParseError& error, const Program& program, Output& output) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    program.app.exit(error);  // prints to standard output
    return ExitCode::kDone;
  }
  const bool has_extras = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (const std::vector<std::string> rest = program.app.remaining(true); has_extras && !rest.empty()) {
    return unknown_word(output, program, rest.front());
  }
  return usage_error(output, error.what(), fmt::format("how it is used is told by: {} --help", command_name(program)));
}

ExitCode run_help(const Program& program, Output& output) {
  if (program.help_topic == "exit-codes") {
    print(exit_codes_help());
    return ExitCode::kDone;
  }
  if (program.help_topic.empty()) {
    print(program.app.help());
    return ExitCode::kDone;
  }
  for (const CLI::App* subcommand : program.app.get_subcommands({})) {
    if (subcommand->get_name() == program.help_topic) {
      print(subcommand->help());
      return ExitCode::kDone;
    }
  }
  std::vector<std::string> topics = subcommand_names(program.app);
  topics.emplace_back("exit-codes");
  return usage_error(output, fmt::format("no help on '{}'", program.help_topic),
                     suggestion(program.help_topic, topics, "the commands are listed by: lifecycle --help"));
}

ExitCode run(int argc, char** argv) {
  const client::Environment environment = client::process_environment();
  const ProcessContext process{.environment = environment, .clock = system_clock()};
  Program program;
  define(program);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    OutputOptions options = output_options(program.global, environment);
    options.format = wants_json(arguments) ? OutputFormat::kJson : OutputFormat::kText;
    Output output(options);
    return on_parse_end(error, program, output);
  }
  Output output(output_options(program.global, environment));
  if (program.worker->parsed()) {
    return run_worker(program.global, program.worker_flags, program.worker_settings, process);
  }
  if (program.start->parsed()) {
    return run_start(program.global, program.start_options, process);
  }
  if (program.quick->parsed()) {
    return run_start(program.global, program.quick_options, process);
  }
  if (program.versioned->parsed()) {
    return run_versioned(program.global, program.versioned_options, process);
  }
  if (program.rollout->parsed()) {
    return run_rollout(program.global, program.rollout_options, process);
  }
  if (program.config->parsed()) {
    return run_config(program.global, program.config_options, program.worker_settings, process);
  }
  if (program.probe->parsed()) {
    return run_probe(program.global, program.probe_options, program.worker_settings, process);
  }
  if (program.help->parsed()) {
    return run_help(program, output);
  }
  return usage_error(output, "which command?",
                     fmt::format("one of {}; see lifecycle --help", fmt::join(subcommand_names(program.app), ", ")));
}

}  // namespace
}  // namespace lifecycle::cli

int main(int argc, char** argv) {
  lifecycle::cli::block_stop_signals();
  return lifecycle::cli::to_int(lifecycle::cli::run(argc, argv));
}
