#include "cli/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "cli/chaos/chaos_command.h"
#include "cli/completion/completion_command.h"
#include "cli/config_command.h"
#include "cli/describe/describe_command.h"
#include "cli/did_you_mean.h"
#include "cli/flags.h"
#include "cli/list_command.h"
#include "cli/output.h"
#include "cli/probe_command.h"
#include "cli/replay/replay_command.h"
#include "cli/rollout_command.h"
#include "cli/start_command.h"
#include "cli/verify/verify_command.h"
#include "cli/version.h"
#include "cli/versioned_command.h"
#include "cli/wait_command.h"
#include "cli/worker_command.h"

namespace lifecycle::cli {
namespace {

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

ExitCode usage_error(Output& output, std::string_view message, std::string_view hint) {
  return output.report("usage", ExitCode::kUsage, message, hint);
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates, std::string_view otherwise) {
  const std::optional<std::string> meant = did_you_mean(word, candidates);
  return meant ? fmt::format("did you mean '{}'?", *meant) : std::string(otherwise);
}

}  // namespace

std::string program_name(std::string_view path) {
  const std::string_view file = path.substr(path.rfind('/') + 1);
  for (const std::string_view host : {"temporal", "kubectl"}) {
    if (file == fmt::format("{}-lifecycle", host)) {
      return fmt::format("{} lifecycle", host);
    }
  }
  return "lifecycle";
}

template <class Options, class Define, class Run>
void CommandLine::add(const std::string& name, const std::string& help, Define define, Run run) {
  const auto options = std::make_shared<Options>();
  CLI::App* const command = app_.add_subcommand(name, help);
  define(*command, *options);
  command->footer(
      fmt::format("The flags of every command (--address, --namespace, --output, ...) are listed by: {} --help", app_.get_name()));
  commands_.push_back({.app = command, .run = [options, run](const ProcessContext& process) { return run(*options, process); }});
}

CommandLine::CommandLine(const std::string& program) {
  app_.name(program);
  app_.set_version_flag("--version", version_line);
  app_.require_subcommand(0, 1);
  app_.fallthrough();
  app_.footer(fmt::format("Exit codes: {} help exit-codes", program));
  add_global_options(app_, global_);
  add_worker_commands();
  add_workflow_commands();
  add_completion();
  add_help();
}

void CommandLine::add_worker_commands() {
  add<WorkerFlags>(
      "worker", "serve a task queue until it is told to stop",
      [this](CLI::App& app, WorkerFlags& flags) { add_worker_options(app, flags, worker_settings_); },
      [this](const WorkerFlags& flags, const ProcessContext& process) { return run_worker(global_, flags, worker_settings_, process); });
  add<ConfigOptions>(
      "config", "show the settings that a worker would have here, and where each comes from",
      [this](CLI::App& app, ConfigOptions& options) { add_config_options(app, options, worker_settings_); },
      [this](const ConfigOptions& options, const ProcessContext& process) {
        return run_config(global_, options, worker_settings_, process);
      });
  add<ProbeOptions>("probe", "ask a worker's health service: exit code 0 when it serves, 1 when not, 3 when nobody answers",
                    add_probe_options, [this](const ProbeOptions& options, const ProcessContext& process) {
                      return run_probe(global_, options, worker_settings_, process);
                    });
}

void CommandLine::add_workflow_commands() {
  const auto start = [this](const StartOptions& options, const ProcessContext& process) { return run_start(global_, options, process); };
  add<StartOptions>(
      "start", "start the 5-minute workflow (lifecycle) or the 30-second one (quick), follow it, print the result",
      [](CLI::App& app, StartOptions& options) {
        add_choice<Preset>(app, "workflow", options.preset, {{"lifecycle", Preset::kLifecycle}, {"quick", Preset::kQuick}},
                           "10 steps of 30s, or 6 steps of 5s")
            ->required();
        add_start_options(app, options);
      },
      start);
  add<StartOptions>(
      "quick", "short for: start quick",
      [](CLI::App& app, StartOptions& options) {
        options.preset = Preset::kQuick;
        add_start_options(app, options);
      },
      start);
  add<VersionedOptions>(
      "versioned", "run the workflow pinned to one version, and prove that every task ran there", add_versioned_options,
      [this](const VersionedOptions& options, const ProcessContext& process) { return run_versioned(global_, options, process); });
  add<DescribeOptions>(
      "describe", "show which version, pod and attempt ran each step of a workflow, and what it waits for", add_describe_options,
      [this](const DescribeOptions& options, const ProcessContext& process) { return run_describe(global_, options, process); });
  add<ListOptions>("list", "list workflows and the versions that they run on", add_list_options,
                   [this](const ListOptions& options, const ProcessContext& process) { return run_list(global_, options, process); });
  add<WaitOptions>("wait", "wait until a workflow has ended, a task queue is served, or a version is there", add_wait_options,
                   [this](const WaitOptions& options, const ProcessContext& process) { return run_wait(global_, options, process); });
  add<RolloutOptions>(
      "rollout", "show where a Worker Deployment sends its workflows, and change it", add_rollout_options,
      [this](const RolloutOptions& options, const ProcessContext& process) { return run_rollout(global_, options, process); });
  add<chaos::ChaosOptions>(
      "chaos", "inject a fault into workers, prove that it happened, undo it, and show what Temporal made of it", chaos::add_chaos_options,
      [this](const chaos::ChaosOptions& options, const ProcessContext& process) { return chaos::run_chaos(global_, options, process); });
  add<ReplayOptions>("replay", "would the workflows of this binary accept these recorded histories?", add_replay_options,
                     [this](const ReplayOptions& options, const ProcessContext& process) { return run_replay(global_, options, process); });
  add<VerifyOptions>("verify", "what the histories of runs show: each step once and in order, nothing completed twice, no mixed versions",
                     add_verify_options,
                     [this](const VerifyOptions& options, const ProcessContext& process) { return run_verify(global_, options, process); });
}

void CommandLine::add_completion() {
  add<CompletionOptions>("completion", "print the script with which a shell completes this command line", add_completion_options,
                         [](const CompletionOptions& options, const ProcessContext&) { return run_completion(options); });
}

void CommandLine::add_help() {
  CLI::App* const help = app_.add_subcommand("help", "explain a command, or the exit codes");
  help->add_option("topic", help_topic_, "a command, or exit-codes");
  commands_.push_back({.app = help, .run = [this](const ProcessContext& process) { return run_help(process); }});
}

void CommandLine::parse(int argc, char** argv) { app_.parse(argc, argv); }

ExitCode CommandLine::run(const ProcessContext& process) {
  for (const Command& command : commands_) {
    if (command.app->parsed()) {
      return command.run(process);
    }
  }
  Output output(output_options(global_, process.environment));
  return usage_error(output, "which command?",
                     fmt::format("one of {}; see {} --help", fmt::join(subcommand_names(app_), ", "), app_.get_name()));
}

ExitCode CommandLine::run_help(const ProcessContext& process) const {
  if (help_topic_ == "exit-codes") {
    print(exit_codes_help());
    return ExitCode::kDone;
  }
  if (help_topic_.empty()) {
    print(app_.help());
    return ExitCode::kDone;
  }
  for (const CLI::App* subcommand : app_.get_subcommands({})) {
    if (subcommand->get_name() == help_topic_) {
      print(subcommand->help(app_.get_name()));
      return ExitCode::kDone;
    }
  }
  std::vector<std::string> topics = subcommand_names(app_);
  topics.emplace_back("exit-codes");
  Output output(output_options(global_, process.environment));
  return usage_error(output, fmt::format("no help on '{}'", help_topic_), suggestion(help_topic_, topics, commands_hint()));
}

std::string CommandLine::command_name() const {
  const std::vector<CLI::App*> chosen = app_.get_subcommands();
  return chosen.empty() ? app_.get_name() : fmt::format("{} {}", app_.get_name(), chosen.front()->get_name());
}

std::string CommandLine::commands_hint() const { return fmt::format("the commands are listed by: {} --help", app_.get_name()); }

ExitCode CommandLine::unknown_word(Output& output, const std::string& word) const {
  const std::vector<CLI::App*> chosen = app_.get_subcommands();
  if (!word.starts_with('-') && chosen.empty()) {
    return usage_error(output, fmt::format("unknown command '{}'", word), suggestion(word, subcommand_names(app_), commands_hint()));
  }
  std::vector<std::string> known = flag_names(app_);
  if (!chosen.empty()) {
    std::ranges::copy(flag_names(*chosen.front()), std::back_inserter(known));
  }
  return usage_error(output, fmt::format("{}: unexpected '{}'", command_name(), word),
                     suggestion(word, known, fmt::format("what it takes is listed by: {} --help", command_name())));
}

// Help and version are answers, all else is wrong usage; CLI11's own exit codes (100 and more) mean nothing to anybody.
ExitCode CommandLine::explain(const CLI::ParseError& error, Output& output) const {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    app_.exit(error);  // prints to standard output
    return ExitCode::kDone;
  }
  const bool has_extras = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError);
  if (const std::vector<std::string> rest = app_.remaining(true); has_extras && !rest.empty()) {
    return unknown_word(output, rest.front());
  }
  return usage_error(output, error.what(), fmt::format("how it is used is told by: {} --help", command_name()));
}

}  // namespace lifecycle::cli
