// What could stand at the cursor, by the definition of the command line alone.
#include "cli/completion/completion.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "cli/command_line.h"
#include "cli/completion/complete_command.h"

namespace lifecycle::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

Completion completion_of(const std::vector<std::string>& words) {
  const CommandLine command_line;
  Completion completion = complete(command_line.app(), words);
  completion.given.clear();  // they point into the command line
  return completion;
}

std::vector<std::string> values(const std::vector<std::string>& words) {
  std::vector<std::string> found;
  for (const Candidate& candidate : completion_of(words).candidates) {
    found.push_back(candidate.value);
  }
  return found;
}

TEST(Completion, of_nothing_is_every_command) {
  EXPECT_THAT(values({""}), IsSupersetOf({"worker", "start", "quick", "versioned", "rollout", "config", "probe", "completion", "help"}));
}

TEST(Completion, of_a_commands_beginning_is_that_command) { EXPECT_THAT(values({"wor"}), ElementsAre("worker")); }

TEST(Completion, describes_what_it_offers) {
  const Completion completion = completion_of({"qui"});
  ASSERT_EQ(completion.candidates.size(), 1U);
  EXPECT_EQ(completion.candidates.front().description, "short for: start quick");
}

TEST(Completion, goes_into_commands_of_commands) { EXPECT_THAT(values({"rollout", ""}), ElementsAre("status", "promote", "rollback")); }

TEST(Completion, knows_the_words_of_an_argument) {
  EXPECT_THAT(values({"start", ""}), ElementsAre("lifecycle", "quick"));
  EXPECT_THAT(values({"probe", "l"}), ElementsAre("live"));
}

TEST(Completion, knows_the_words_of_a_flag_in_both_spellings) {
  EXPECT_THAT(values({"worker", "--versioning-behavior", ""}), ElementsAre("pinned", "auto-upgrade"));
  const Completion joined = completion_of({"worker", "--versioning-behavior=a"});
  EXPECT_EQ(joined.prefix, "--versioning-behavior=");
  EXPECT_THAT(joined.candidates, ElementsAre(Candidate{.value = "auto-upgrade", .description = ""}));
}

TEST(Completion, knows_the_words_of_a_short_flag) { EXPECT_THAT(values({"quick", "-o", "j"}), ElementsAre("json", "jsonl")); }

TEST(Completion, offers_a_commands_flags_and_those_of_every_command) {
  EXPECT_THAT(values({"quick", "--"}), AllOf(IsSupersetOf({"--step-duration", "--address", "--output", "--help"}),
                                             Not(Contains("--worker-version")), Not(Contains("--version"))));
  EXPECT_THAT(values({"--ver"}), ElementsAre("--version"));
}

TEST(Completion, offers_the_commands_flags_where_nothing_else_can_stand) {
  EXPECT_THAT(values({"quick", ""}), AllOf(Contains("--steps"), Not(Contains("--address"))));
}

TEST(Completion, offers_no_flag_twice) {
  EXPECT_THAT(values({"quick", "--steps", "3", "--step"}), ElementsAre("--step-duration"));
  EXPECT_THAT(values({"quick", "--grpc-meta", "a=b", "--grpc"}), ElementsAre("--grpc-meta")) << "this one may be given more than once";
}

TEST(Completion, offers_no_flag_that_another_one_forbids) {
  EXPECT_THAT(values({"quick", "--no-wait", "--timeo"}), IsEmpty());
  EXPECT_THAT(values({"quick", "--timeo"}), ElementsAre("--timeout"));
}

TEST(Completion, takes_the_value_of_a_flag_for_no_argument) {
  EXPECT_THAT(values({"start", "--steps", "quick", ""}), ElementsAre("lifecycle", "quick"));
  EXPECT_THAT(values({"--address", "worker", "wor"}), ElementsAre("worker"));
  EXPECT_THAT(values({"-ojson", "wor"}), ElementsAre("worker"));
}

TEST(Completion, offers_no_flag_after_two_dashes) { EXPECT_THAT(values({"quick", "--", "--st"}), IsEmpty()); }

TEST(Completion, offers_nothing_for_a_number) { EXPECT_THAT(values({"quick", "--steps", ""}), IsEmpty()); }

TEST(Completion, passes_over_what_makes_no_sense) {
  EXPECT_THAT(values({"--no-such-flag", "wor"}), ElementsAre("worker"));
  EXPECT_THAT(values({"quick", "--no-such-flag=", "--steps"}), ElementsAre("--steps"));
  EXPECT_THAT(values({"quick", "--no-such-flag=x"}), IsEmpty());
  EXPECT_THAT(values({"no-such-command", ""}), IsEmpty());
  EXPECT_THAT(values({}), IsEmpty());
}

TEST(Completion, of_help_is_every_topic) {
  const std::vector<std::string> topics = values({"help", ""});
  EXPECT_THAT(topics, IsSupersetOf({"worker", "rollout", "exit-codes"}));
}

TEST(Completion, says_who_knows_the_values) {
  EXPECT_EQ(completion_of({"quick", "-w", ""}).source, ValueSource::kWorkflowIds);
  EXPECT_EQ(completion_of({"quick", "--task-queue=x"}).source, ValueSource::kTaskQueues);
  EXPECT_EQ(completion_of({"versioned", ""}).source, ValueSource::kVersions);
  EXPECT_EQ(completion_of({"versioned", "v1", ""}).source, ValueSource::kNobody);
  EXPECT_EQ(completion_of({"versioned", "v1", "--compare", ""}).source, ValueSource::kVersions);
  EXPECT_EQ(completion_of({"rollout", "promote", ""}).source, ValueSource::kVersions);
  EXPECT_EQ(completion_of({"rollout", "status", "--deployment-name", ""}).source, ValueSource::kDeployments);
  EXPECT_EQ(completion_of({"--profile", ""}).source, ValueSource::kProfiles);
  EXPECT_EQ(completion_of({"worker", "--settings-file", ""}).source, ValueSource::kFiles);
  EXPECT_EQ(completion_of({"quick", "--steps", ""}).source, ValueSource::kNobody);
}

TEST(Completion, goes_on_within_a_value_that_has_parts) {
  const CommandLine command_line;
  const CLI::App& app = command_line.app();
  const Completion begun = complete(app, std::vector<std::string>{"wait", "--for", "s"});
  EXPECT_EQ(completion_text(begun, {}, true), "serving=\n:6\n") << "no space, no files";
  const Completion half = complete(app, std::vector<std::string>{"wait", "--for=serving=li"});
  EXPECT_EQ(half.source, ValueSource::kTaskQueues);
  EXPECT_EQ(half.typed, "li");
  const std::vector<Candidate> fetched{{.value = "lifecycle-queue", .description = ""}};
  EXPECT_EQ(completion_text(half, fetched, true), "--for=serving=lifecycle-queue\n:36\n");
}

TEST(Completion, keeps_what_was_given) {
  const CommandLine command_line;
  const std::vector<std::string> words{"rollout", "promote", "--deployment-name", "one", "-n", "team", "--deployment-name=two", ""};
  const Completion completion = complete(command_line.app(), words);
  EXPECT_EQ(completion.given_value("--deployment-name"), "two");
  EXPECT_EQ(completion.given_value("--namespace"), "team");
  EXPECT_EQ(completion.given_value("--profile"), std::nullopt);
}

TEST(CompletionText, is_cobras) {
  const Completion completion = completion_of({"qui"});
  EXPECT_EQ(completion_text(completion, {}, true), "quick\tshort for: start quick\n:4\n");
  EXPECT_EQ(completion_text(completion, {}, false), "quick\n:4\n");
}

TEST(CompletionText, repeats_what_stands_before_the_value_in_the_word) {
  EXPECT_EQ(completion_text(completion_of({"--output=jsonl"}), {}, true), "--output=jsonl\n:4\n");
}

TEST(CompletionText, leaves_files_to_the_shell) { EXPECT_EQ(completion_text(completion_of({"--config-file", ""}), {}, true), ":0\n"); }

TEST(CompletionText, has_the_fetched_ones_that_fit_in_their_order) {
  const std::vector<Candidate> fetched{
      {.value = "b-2", .description = "second"}, {.value = "a-1", .description = ""}, {.value = "b-1", .description = ""}};
  EXPECT_EQ(completion_text(completion_of({"quick", "-w", "b-"}), fetched, true), "b-2\tsecond\nb-1\n:36\n");
}

TEST(CompletionText, is_not_broken_by_what_the_server_says) {
  const std::vector<Candidate> fetched{{.value = "two\nlines", .description = ""}, {.value = "one", .description = "a\tb\nc"}};
  EXPECT_EQ(completion_text(completion_of({"quick", "-w", ""}), fetched, true), "one\ta\n:36\n");
}

TEST(CompletionRequest, is_told_by_the_first_word_alone) {
  EXPECT_TRUE(is_completion_request(std::vector<std::string>{"__complete"}));
  EXPECT_TRUE(is_completion_request(std::vector<std::string>{"__completeNoDesc", "w"}));
  EXPECT_FALSE(is_completion_request(std::vector<std::string>{"worker", "__complete"}));
  EXPECT_FALSE(is_completion_request({}));
}

TEST(ProgramName, is_the_one_that_was_typed) {
  EXPECT_EQ(program_name("/usr/bin/lifecycle"), "lifecycle");
  EXPECT_EQ(program_name("temporal-lifecycle"), "temporal lifecycle");
  EXPECT_EQ(program_name("/usr/bin/kubectl-lifecycle"), "kubectl lifecycle");
  EXPECT_EQ(program_name("./a.out"), "lifecycle") << "a binary under another name says what it is";
}

TEST(ProgramName, is_in_help_of_every_command) {
  const CommandLine command_line("kubectl lifecycle");
  EXPECT_THAT(command_line.app().get_subcommand("worker")->help(command_line.app().get_name()),
              testing::HasSubstr("Usage: kubectl lifecycle worker"));
  EXPECT_THAT(command_line.app().help(), testing::HasSubstr("kubectl lifecycle help exit-codes"));
}

}  // namespace
}  // namespace lifecycle::cli
