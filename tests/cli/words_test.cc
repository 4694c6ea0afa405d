// The small words of the command line: identities, ids, suggestions, exit codes, colours, times.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "cli/did_you_mean.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/time_text.h"
#include "cli/version.h"
#include "cli/worker_identity.h"
#include "cli/workflow_id.h"

namespace lifecycle::cli {
namespace {

using std::chrono::milliseconds;

TEST(WorkerIdentity, has_process_machine_version_and_nonce) {
  const WorkerIdentity identity = parse_worker_identity("worker-7f@node-1/v1.2.0#9c");
  EXPECT_EQ(identity.process, "worker-7f");
  EXPECT_EQ(identity.machine, "node-1");
  EXPECT_EQ(identity.version, "v1.2.0");
  EXPECT_EQ(identity.nonce, "9c");
  EXPECT_EQ(identity.short_name(), "worker-7f@node-1");
}

TEST(WorkerIdentity, may_have_a_version_with_signs_of_its_own) {
  const WorkerIdentity identity = parse_worker_identity("7@host/feature/x#2#9c");
  EXPECT_EQ(identity.version, "feature/x#2");
  EXPECT_EQ(identity.nonce, "9c");
}

TEST(WorkerIdentity, of_another_sdk_has_no_version) {
  EXPECT_EQ(parse_worker_identity("7@host@queue").version, "");
  EXPECT_EQ(parse_worker_identity("7@host").machine, "host");
  EXPECT_EQ(parse_worker_identity("anything/at#all").short_name(), "anything/at#all");
  EXPECT_EQ(parse_worker_identity("").short_name(), "");
}

TEST(WorkflowId, has_its_prefix_the_time_in_utc_and_a_random_part) {
  RandomStream random(1);
  const WallTime time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 25) + std::chrono::hours(13) + std::chrono::seconds(5);
  const std::string id = make_workflow_id("quick", time, random);
  EXPECT_THAT(id, testing::StartsWith("quick-20261125-130005-"));
  EXPECT_EQ(id.size(), std::string("quick-20261125-130005-").size() + 6);
  EXPECT_NE(make_workflow_id("quick", time, random), id);
}

TEST(DidYouMean, finds_the_word_that_was_mistyped) {
  const std::vector<std::string> words{"worker", "start", "quick", "help"};
  EXPECT_EQ(did_you_mean("quikc", words), "quick");
  EXPECT_EQ(did_you_mean("strat", words), "start");
  EXPECT_EQ(did_you_mean("workers", words), "worker");
}

TEST(DidYouMean, does_not_guess_wildly) {
  const std::vector<std::string> words{"worker", "start"};
  EXPECT_EQ(did_you_mean("deploy", words), std::nullopt);
  EXPECT_EQ(did_you_mean("", words), std::nullopt);
}

TEST(ExitCodes, follow_from_what_went_wrong) {
  EXPECT_EQ(exit_code_for(ErrorCode::kInvalidArgument), ExitCode::kUsage);
  EXPECT_EQ(exit_code_for(ErrorCode::kUnavailable), ExitCode::kTemporalUnreachable);
  EXPECT_EQ(exit_code_for(ErrorCode::kKubernetesUnreachable), ExitCode::kKubernetesUnreachable);
  EXPECT_EQ(exit_code_for(ErrorCode::kPermissionDenied), ExitCode::kNotAuthorised);
  EXPECT_EQ(exit_code_for(ErrorCode::kNotFound), ExitCode::kNotFound);
  EXPECT_EQ(exit_code_for(ErrorCode::kAlreadyExists), ExitCode::kOperationFailed);
  EXPECT_EQ(exit_code_for(ErrorCode::kInvalidConfig), ExitCode::kInvalidConfig);
  EXPECT_EQ(exit_code_for(ErrorCode::kDeadlineExceeded), ExitCode::kTimedOut);
}

TEST(ExitCodes, of_signals_are_what_shells_report) {
  EXPECT_EQ(to_int(exit_code_for_signal(SIGINT)), 130);
  EXPECT_EQ(to_int(exit_code_for_signal(SIGTERM)), 143);
  EXPECT_EQ(exit_code_for_signal(SIGHUP), ExitCode::kHungUp);
}

TEST(ExitCodes, are_listed_once_each_in_their_order) {
  std::vector<int> listed;
  for (const ExitCodeMeaning& each : exit_code_meanings()) {
    listed.push_back(to_int(each.code));
  }
  EXPECT_TRUE(std::ranges::is_sorted(listed));
  EXPECT_EQ(std::set<int>(listed.begin(), listed.end()).size(), listed.size());
}

struct ColorCase {
  ColorChoice choice;
  StreamFacts facts;
  bool colored;
};

TEST(Color, is_decided_for_each_stream_by_flag_then_environment_then_terminal) {
  const StreamFacts terminal{.is_terminal = true, .term = "xterm"};
  const StreamFacts pipe{.is_terminal = false, .term = "xterm"};
  const StreamFacts refused{.is_terminal = true, .no_color_set = true, .term = "xterm"};
  const StreamFacts dumb{.is_terminal = true, .term = "dumb"};
  const StreamFacts nameless{.is_terminal = true, .term = ""};
  const std::vector<ColorCase> cases{
      {ColorChoice::kAuto, terminal, true}, {ColorChoice::kAuto, pipe, false},      {ColorChoice::kAuto, refused, false},
      {ColorChoice::kAuto, dumb, false},    {ColorChoice::kAuto, nameless, false},  {ColorChoice::kAlways, refused, true},
      {ColorChoice::kAlways, pipe, true},   {ColorChoice::kNever, terminal, false},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(use_color(cases[i].choice, cases[i].facts), cases[i].colored) << "case " << i;
  }
}

TEST(Color, leaves_text_alone_where_it_is_off) {
  EXPECT_EQ(painted("text", Color::kRed, false), "text");
  EXPECT_EQ(painted("text", Color::kRed, true), "\033[31mtext\033[0m");
}

TEST(TimeText, has_the_temporal_commands_three_forms) {
  const WallTime origin = std::chrono::sys_days(std::chrono::year(2026) / 11 / 25);
  const WallTime time = origin + std::chrono::minutes(1) + milliseconds(5240);
  EXPECT_EQ(time_text(TimeFormat::kRelative, time, origin), "+1m05.2s");
  EXPECT_EQ(time_text(TimeFormat::kRelative, origin, time), "-1m05.2s");
  EXPECT_EQ(time_text(TimeFormat::kIso, time, origin), "2026-11-25T00:01:05.240Z");
  EXPECT_EQ(time_text(TimeFormat::kRaw, time, origin), "2026-11-25 00:01:05.240000000 +0000 UTC");
}

TEST(ShortDuration, is_as_long_as_it_needs_to_be) {
  EXPECT_EQ(short_duration(milliseconds(0)), "0.0s");
  EXPECT_EQ(short_duration(milliseconds(59'940)), "59.9s");
  EXPECT_EQ(short_duration(milliseconds(59'960)), "1m00.0s");
  EXPECT_EQ(short_duration(std::chrono::hours(2) + std::chrono::minutes(3)), "2h03m00.0s");
}

TEST(Version, names_what_it_was_built_from) {
  EXPECT_THAT(version_line(), testing::MatchesRegex("lifecycle [0-9.]+ \\(git .+, clang [0-9.]+, gRPC [0-9.]+, protobuf [0-9.]+\\)"));
  EXPECT_FALSE(default_worker_version().empty());
}

}  // namespace
}  // namespace lifecycle::cli
