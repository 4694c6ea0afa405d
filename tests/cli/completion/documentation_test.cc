// Nothing of the command line is missing where people look for it: help, manual page, completion.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "cli/command_line.h"
#include "cli/completion/completion.h"
#include "cli/completion/completion_command.h"
#include "cli/exit_code.h"
#include "cli/worker_settings.h"

namespace lifecycle::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string manual_page(const std::string& name) { return content_of(std::filesystem::path(LIFECYCLE_SOURCE_DIR) / "man" / name); }

// A command with the words that lead to it.
struct Place {
  const CLI::App* command;
  std::vector<std::string> words;

  // The command's page tells of the commands below it, too.
  [[nodiscard]] std::string page() const { return words.empty() ? "lifecycle.1" : "lifecycle-" + words.front() + ".1"; }
};

void collect(const CLI::App& command, const std::vector<std::string>& words, std::vector<Place>& places) {
  places.push_back({.command = &command, .words = words});
  for (const CLI::App* subcommand : command.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); })) {
    std::vector<std::string> longer = words;
    longer.push_back(subcommand->get_name());
    collect(*subcommand, longer, places);
  }
}

std::vector<Place> all_places(const CommandLine& command_line) {
  std::vector<Place> places;
  collect(command_line.app(), {}, places);
  return places;
}

std::vector<std::string> own_flags(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options({})) {
    if (option->nonpositional() && !option->get_group().empty()) {
      std::ranges::copy(option->get_lnames(), std::back_inserter(names));
    }
  }
  return names;
}

// As mdoc writes a flag where it is explained: ".It Fl t , Fl -task-queue Ar queue".
std::set<std::string> flags_of_page(const std::string& page) {
  std::set<std::string> names;
  std::istringstream lines(page);
  const std::regex flag("Fl -([a-z][a-z0-9-]*)");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(".It ")) {
      for (std::sregex_iterator each(line.begin(), line.end(), flag); each != std::sregex_iterator(); ++each) {
        names.insert((*each)[1]);
      }
    }
  }
  return names;
}

TEST(EveryCommand, has_a_manual_page_that_the_first_one_names) {
  const CommandLine command_line;
  const std::string first = manual_page("lifecycle.1");
  for (const Place& place : all_places(command_line)) {
    if (place.words.size() == 1) {
      EXPECT_THAT(manual_page(place.page()), HasSubstr(".Nm lifecycle-" + place.words.front())) << place.page();
      EXPECT_THAT(first, HasSubstr(".Xr lifecycle-" + place.words.front() + " 1"));
    }
  }
}

TEST(EveryCommandOfACommand, is_in_that_ones_manual_page) {
  const CommandLine command_line;
  for (const Place& place : all_places(command_line)) {
    if (place.words.size() == 2) {
      EXPECT_THAT(manual_page(place.page()), HasSubstr("Cm " + place.words.back())) << place.page();
    }
  }
}

TEST(EveryFlag, is_in_help) {
  const CommandLine command_line;
  for (const Place& place : all_places(command_line)) {
    const std::string help = place.command->help();
    for (const std::string& flag : own_flags(*place.command)) {
      EXPECT_THAT(help, HasSubstr("--" + flag)) << testing::PrintToString(place.words);
    }
  }
}

TEST(EveryFlag, is_completed) {
  const CommandLine command_line;
  for (const Place& place : all_places(command_line)) {
    std::vector<std::string> words = place.words;
    words.emplace_back("--");
    std::vector<std::string> offered;
    for (const Candidate& candidate : complete(command_line.app(), words).candidates) {
      offered.push_back(candidate.value);
    }
    for (const std::string& flag : own_flags(*place.command)) {
      EXPECT_THAT(offered, Contains("--" + flag)) << testing::PrintToString(place.words);
    }
  }
}

TEST(EveryFlag, is_explained_in_its_commands_manual_page) {
  const CommandLine command_line;
  for (const Place& place : all_places(command_line)) {
    const std::set<std::string> explained = flags_of_page(manual_page(place.page()));
    for (const std::string& flag : own_flags(*place.command)) {
      if (flag != "help" || place.words.empty()) {  // the first page says it for all
        EXPECT_THAT(explained, Contains(flag)) << place.page();
      }
    }
  }
}

TEST(EveryFlagOfAManualPage, exists) {
  const CommandLine command_line;
  std::map<std::string, std::set<std::string>> flags_by_page;
  for (const Place& place : all_places(command_line)) {
    const std::vector<std::string> flags = own_flags(*place.command);
    flags_by_page[place.page()].insert(flags.begin(), flags.end());
  }
  for (const auto& [page, flags] : flags_by_page) {
    for (const std::string& explained : flags_of_page(manual_page(page))) {
      EXPECT_THAT(flags, Contains(explained)) << page;
    }
  }
}

TEST(EveryArgument, is_in_its_commands_manual_page) {
  const CommandLine command_line;
  for (const Place& place : all_places(command_line)) {
    for (const CLI::Option* option : place.command->get_options([](const CLI::Option* each) { return each->get_positional(); })) {
      EXPECT_THAT(manual_page(place.page()), HasSubstr("Ar " + option->get_name(true, false))) << place.page();
    }
  }
}

TEST(EverySetting, is_in_the_manual_page_of_the_file) {
  const std::string page = manual_page("lifecycle.toml.5");
  for (const SettingDefinition& definition : worker_setting_definitions()) {
    EXPECT_THAT(page, HasSubstr(".It Ic " + definition.key)) << definition.key;
    EXPECT_THAT(page, HasSubstr(".Ev " + definition.variable)) << definition.key;
  }
}

TEST(EveryVariable, is_in_the_manual_page_of_the_environment) {
  const std::string page = manual_page("lifecycle-environment.7");
  for (const SettingDefinition& definition : worker_setting_definitions()) {
    EXPECT_THAT(page, HasSubstr("Ev " + definition.variable));
  }
  const CommandLine command_line;
  const std::regex variable("\\b(TEMPORAL|LIFECYCLE)_[A-Z_]+\\b");
  for (const Place& place : all_places(command_line)) {
    const std::string help = place.command->help();
    for (std::sregex_iterator each(help.begin(), help.end(), variable); each != std::sregex_iterator(); ++each) {
      EXPECT_THAT(page, HasSubstr("Ev " + each->str())) << "named in help";
    }
  }
}

TEST(EveryExitCode, is_in_the_first_manual_page) {
  const std::string page = manual_page("lifecycle.1");
  for (const ExitCodeMeaning& each : exit_code_meanings()) {
    EXPECT_THAT(page, HasSubstr(".It " + std::to_string(to_int(each.code)) + "\n"));
  }
}

TEST(CompletionScripts, are_printed_as_they_are_installed) {
  const std::filesystem::path folder = std::filesystem::path(LIFECYCLE_SOURCE_DIR) / "completions";
  EXPECT_EQ(completion_script(Shell::kBash), content_of(folder / "lifecycle.bash"));
  EXPECT_EQ(completion_script(Shell::kZsh), content_of(folder / "_lifecycle"));
  EXPECT_EQ(completion_script(Shell::kFish), content_of(folder / "lifecycle.fish"));
}

}  // namespace
}  // namespace lifecycle::cli
