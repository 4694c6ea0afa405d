// Where a setting's value comes from, and what lifecycle.toml may not say.
#include "cli/settings.h"

#include <gmock/gmock.h>

#include "cli/settings_file.h"
#include "cli/worker_settings.h"

namespace lifecycle::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::vector<SettingDefinition> kDefinitions{
    {.key = "name", .flags = "-n,--name", .variable = "TEST_NAME", .help = "a name", .default_value = "nobody"},
    {.key = "count",
     .flags = "--count",
     .variable = "TEST_COUNT",
     .help = "how many",
     .default_value = std::int64_t{3},
     .minimum = 1,
     .maximum = 9},
    {.key = "rate", .flags = "--rate", .variable = "TEST_RATE", .help = "how fast", .default_value = 0.5},
    {.key = "wait", .flags = "--wait", .variable = "TEST_WAIT", .help = "how long", .default_value = Duration(std::chrono::seconds(2))},
    {.key = "eager", .flags = "--eager", .variable = "TEST_EAGER", .help = "whether", .default_value = false},
    {.key = "mood", .flags = "--mood", .variable = "TEST_MOOD", .help = "how", .default_value = "good", .words = {"good", "bad"}},
};

client::Environment environment_with(std::map<std::string, std::string> variables, std::map<std::string, std::string> files = {}) {
  return {.variables = std::move(variables), .read_file = [files = std::move(files)](const std::string& path) -> Result<std::string> {
            const auto found = files.find(path);
            return found == files.end() ? Result<std::string>(fail(ErrorCode::kNotFound, "no such file")) : found->second;
          }};
}

Result<std::map<std::string, Setting, std::less<>>> read(const std::string& content) {
  return read_settings({.path = "f.toml", .content = content}, kDefinitions);
}

TEST(Settings, come_from_the_flag_then_the_variable_then_the_file_then_the_default) {
  const auto from_file = read("[worker]\nname = 'file'\ncount = 4\nwait = '5s'\n");
  ASSERT_TRUE(from_file);
  const auto settings =
      resolve_settings(kDefinitions, {{"name", "flag"}}, environment_with({{"TEST_NAME", "variable"}, {"TEST_COUNT", "5"}}), *from_file);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->text("name"), "flag");
  EXPECT_EQ(settings->at("name").origin, "--name");
  EXPECT_EQ(settings->count("count"), 5U);
  EXPECT_EQ(settings->at("count").origin, "TEST_COUNT");
  EXPECT_EQ(settings->get<Duration>("wait"), std::chrono::seconds(5));
  EXPECT_EQ(settings->at("wait").origin, "f.toml:4:8");
  EXPECT_FALSE(settings->get<bool>("eager"));
  EXPECT_EQ(settings->at("eager").origin, "default");
  EXPECT_TRUE(settings->at("eager").is_default);
}

TEST(Settings, ask_the_variable_that_stands_in_for_the_default_last) {
  const std::vector<SettingDefinition> definitions{{.key = "name",
                                                    .flags = "--name",
                                                    .variable = "TEST_NAME",
                                                    .help = "a name",
                                                    .default_value = "nobody",
                                                    .default_variable = "TEST_DEFAULT"}};
  const client::Environment image = environment_with({{"TEST_DEFAULT", "image"}});
  const auto alone = resolve_settings(definitions, {}, image, {});
  EXPECT_EQ(alone->text("name"), "image");
  EXPECT_EQ(alone->at("name").origin, "TEST_DEFAULT");
  EXPECT_EQ(resolve_settings(definitions, {}, image, *read("[worker]\nname = 'file'\n"))->text("name"), "file");
  EXPECT_EQ(resolve_settings(definitions, {}, environment_with({{"TEST_DEFAULT", "image"}, {"TEST_NAME", "mine"}}), {})->text("name"),
            "mine");
  EXPECT_EQ(resolve_settings(definitions, {{"name", "flag"}}, image, {})->text("name"), "flag");
}

TEST(Settings, take_an_empty_flag_at_its_word_and_an_empty_variable_for_none) {
  const auto settings = resolve_settings(kDefinitions, {{"name", ""}}, environment_with({{"TEST_COUNT", ""}}), {});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->text("name"), "");
  EXPECT_FALSE(settings->at("name").is_default);
  EXPECT_TRUE(settings->at("count").is_default);
}

TEST(Settings, name_the_variable_that_cannot_be) {
  for (const auto& [name, value] : std::map<std::string, std::string>{{"TEST_COUNT", "10"},
                                                                      {"TEST_COUNT", "x"},
                                                                      {"TEST_RATE", "-1"},
                                                                      {"TEST_WAIT", "5"},
                                                                      {"TEST_EAGER", "yes"},
                                                                      {"TEST_MOOD", "so"}}) {
    const auto settings = resolve_settings(kDefinitions, {}, environment_with({{name, value}}), {});
    ASSERT_FALSE(settings) << name;
    EXPECT_EQ(settings.error().code, ErrorCode::kInvalidConfig);
    EXPECT_THAT(settings.error().message, AllOf(HasSubstr(name), HasSubstr(value)));
  }
}

TEST(Settings, compare_words_without_regard_to_case) {
  EXPECT_EQ(resolve_settings(kDefinitions, {{"mood", "BAD"}}, environment_with({}), {})->text("mood"), "bad");
}

TEST(SettingsFile, has_values_of_all_types) {
  const auto settings = read("[worker]\nname='a'\ncount=4\nrate=2\nwait='1m'\neager=true\nmood='bad'");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->size(), kDefinitions.size());
  EXPECT_EQ(std::get<double>(settings->at("rate").value), 2.0);
  EXPECT_TRUE(std::get<bool>(settings->at("eager").value));
}

struct Wrong {
  const char* content;
  const char* place;
  const char* says;
};

TEST(SettingsFile, is_refused_with_line_and_column) {
  for (const Wrong& wrong : {
           Wrong{"[worker\n", "f.toml:1:", ""},
           Wrong{"[worker]\nname = 'a\n", "f.toml:2:", ""},
           Wrong{"[worker]\n\n  coutn = 4\n", "f.toml:3:3: ", "setting 'coutn' is not known"},
           Wrong{"[wroker]\n", "f.toml:1:2: ", "table 'wroker' is not known"},
           Wrong{"count = 4\n", "f.toml:1:1: ", "outside of a table"},
           Wrong{"colour = 4\n", "f.toml:1:1: ", "key 'colour' is not known"},
           Wrong{"[worker]\ncount = '4'\n", "f.toml:2:9: ", "count must be a whole number"},
           Wrong{"[worker]\ncount = 4.0\n", "f.toml:2:9: ", "count must be a whole number"},
           Wrong{"[worker]\nname = 4\n", "f.toml:2:8: ", "name must be a text"},
           Wrong{"[worker]\nrate = true\n", "f.toml:2:8: ", "rate must be a number"},
           Wrong{"[worker]\neager = 1\n", "f.toml:2:9: ", "eager must be true or false"},
           Wrong{"[worker]\nwait = 5\n", "f.toml:2:8: ", "wait must be a duration in quotes"},
           Wrong{"[worker]\nwait = 'soon'\n", "f.toml:2:8: ", "'soon'"},
           Wrong{"[worker]\ncount = 10\n", "f.toml:2:9: ", "'10' is not a number from 1 to 9"},
           Wrong{"[worker]\nmood = 'so'\n", "f.toml:2:8: ", "good|bad"},
           Wrong{"[worker]\nname = { a = 1 }\n", "f.toml:2:8: ", "name must be a text"},
       }) {
    const auto settings = read(wrong.content);
    ASSERT_FALSE(settings) << wrong.content;
    EXPECT_EQ(settings.error().code, ErrorCode::kInvalidConfig);
    EXPECT_THAT(settings.error().message, AllOf(StartsWith(wrong.place), HasSubstr(wrong.says)));
  }
}

TEST(SettingsFile, says_which_setting_was_probably_meant) {
  EXPECT_EQ(read("[worker]\ncoutn = 4\n").error().hint, "did you mean 'count'?");
  EXPECT_EQ(read("count = 4\n").error().hint, "write [worker] above it");
}

TEST(SettingsFile, is_the_one_that_was_named_or_the_first_that_is_there) {
  const std::map<std::string, std::string> files{{"lifecycle.toml", "here"},
                                                 {"/x/lifecycle/lifecycle.toml", "x"},
                                                 {"/h/.config/lifecycle/lifecycle.toml", "home"},
                                                 {"/etc/lifecycle/lifecycle.toml", "etc"},
                                                 {"named", "named"},
                                                 {"other", "other"}};
  const auto found = [&](const std::optional<std::string>& flag, std::map<std::string, std::string> variables,
                         const std::vector<std::string>& missing) {
    std::map<std::string, std::string> present = files;
    for (const std::string& path : missing) {
      present.erase(path);
    }
    return (*find_settings_file(flag, environment_with(std::move(variables), present)))->content;
  };
  EXPECT_EQ(found("named", {{"LIFECYCLE_SETTINGS_FILE", "other"}}, {}), "named");
  EXPECT_EQ(found({}, {{"LIFECYCLE_SETTINGS_FILE", "other"}}, {}), "other");
  EXPECT_EQ(found({}, {{"HOME", "/h"}}, {}), "here");
  EXPECT_EQ(found({}, {{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x"}}, {"lifecycle.toml"}), "x");
  EXPECT_EQ(found({}, {{"HOME", "/h"}}, {"lifecycle.toml"}), "home");
  EXPECT_EQ(found({}, {{"HOME", "/nobody"}}, {"lifecycle.toml"}), "etc");
}

TEST(SettingsFile, may_be_missing_when_nobody_named_it) {
  EXPECT_EQ(*find_settings_file({}, environment_with({})), std::nullopt);
  EXPECT_EQ(find_settings_file("gone", environment_with({})).error().code, ErrorCode::kInvalidConfig);
  EXPECT_THAT(find_settings_file({}, environment_with({{"LIFECYCLE_SETTINGS_FILE", "gone"}})).error().message, HasSubstr("'gone'"));
}

TEST(WorkerSettings, have_flags_variables_and_keys_of_their_own) {
  std::map<std::string, int> seen;
  for (const SettingDefinition& definition : worker_setting_definitions()) {
    EXPECT_EQ(++seen[definition.key], 1) << definition.key;
    EXPECT_EQ(++seen[definition.variable], 1) << definition.variable;
    EXPECT_FALSE(definition.help.empty());
  }
}

}  // namespace
}  // namespace lifecycle::cli
