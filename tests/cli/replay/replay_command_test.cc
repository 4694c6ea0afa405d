#include "cli/replay/replay_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/replay/history_paths.h"
#include "history/history_file.h"
#include "history/history_json.h"
#include "worker/register.h"

namespace lifecycle::cli::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const fs::path kHistories = LIFECYCLE_TEST_HISTORIES;

struct ReplayEnd {
  ExitCode exit_code = ExitCode::kDone;
  std::string output;
  std::string errors;
};

class ReplayCommandTest : public testing::Test {
 protected:
  ReplayCommandTest() : folder_(fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    demo::register_all(registry_);
  }
  ~ReplayCommandTest() override { fs::remove_all(folder_); }

  ReplayEnd replay(std::vector<std::string> paths, OutputFormat format = OutputFormat::kText) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    ReplayEnd end;
    {
      Output output({.format = format});
      end.exit_code = run_replay({.paths = std::move(paths)}, registry_, output);
    }
    end.output = testing::internal::GetCapturedStdout();
    end.errors = testing::internal::GetCapturedStderr();
    return end;
  }

  static std::string recorded(const std::string& name) { return (kHistories / (name + ".json")).string(); }

  std::string write(const std::string& name, const std::string& content) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return (folder_ / name).string();
  }

  // A history in which step 1 was another activity: no code of this workflow does that.
  static std::string changed() {
    api::History history = history::read_history_file(recorded("go_retried_step")).value();
    for (api::HistoryEvent& event : *history.mutable_events()) {
      if (event.event_id() == 11) {
        event.mutable_activity_task_scheduled_event_attributes()->mutable_activity_type()->set_name("Brew");
      }
    }
    return history::history_to_json(history);
  }

  fs::path folder_;
  Registry registry_;
};

TEST_F(ReplayCommandTest, AClosedAndAnOpenHistoryAreAccepted) {
  const ReplayEnd end = replay({recorded("go_retried_step"), recorded("python_open")});
  EXPECT_EQ(end.exit_code, ExitCode::kDone);
  EXPECT_THAT(end.output, AllOf(StartsWith("replayed     " + recorded("go_retried_step") + " (LifecycleWorkflow "),
                                HasSubstr("\nin progress  " + recorded("python_open")),
                                HasSubstr("\nACCEPTED: this code fits all 2 histories (1 replayed, 1 in progress)\n")));
  EXPECT_EQ(end.errors, "");
}

TEST_F(ReplayCommandTest, OneHistoryIsSpokenOfAsOne) {
  EXPECT_THAT(replay({recorded("python_open")}).output, HasSubstr("\nACCEPTED: this code fits the history (0 replayed, 1 in progress)\n"));
}

TEST_F(ReplayCommandTest, AMismatchTellsTheEventTheRecordedAndTheAttempted) {
  const std::string file = write("changed.json", changed());
  const ReplayEnd end = replay({recorded("go_open"), file});
  EXPECT_EQ(end.exit_code, ExitCode::kGuaranteeBroken);
  EXPECT_THAT(end.output, AllOf(HasSubstr("MISMATCH     " + file), HasSubstr("event 11: recorded ActivityTaskScheduled(Brew"),
                                HasSubstr("attempted ScheduleActivityTask(ProcessStep"), HasSubstr("BROKEN: 1 of 2 histories")));
}

TEST_F(ReplayCommandTest, JsonIsOneDocumentAndJsonlOneObjectALine) {
  const std::string file = write("changed.json", changed());
  const auto document = nlohmann::json::parse(replay({recorded("go_open"), file}, OutputFormat::kJson).output);
  EXPECT_EQ(document["verdict"], "broken");
  EXPECT_EQ(document["histories"][0]["verdict"], "in_progress");
  EXPECT_EQ(document["histories"][1]["eventId"], 11);
  EXPECT_THAT(document["histories"][1]["recorded"].get<std::string>(), HasSubstr("Brew"));
  EXPECT_THAT(document["histories"][1]["attempted"].get<std::string>(), HasSubstr("ProcessStep"));

  std::istringstream lines(replay({recorded("go_open"), file}, OutputFormat::kJsonl).output);
  std::vector<std::string> verdicts;
  for (std::string line; std::getline(lines, line);) {
    verdicts.push_back(nlohmann::json::parse(line)["verdict"]);
  }
  EXPECT_THAT(verdicts, ElementsAre("in_progress", "mismatch", "broken"));
}

TEST_F(ReplayCommandTest, WhatCannotBeReplayedIsAnErrorAndNeverAPass) {
  const std::string whole = history::history_to_json(history::read_history_file(recorded("go_open")).value());
  for (const std::string& content : {std::string(), whole.substr(0, whole.size() / 2), std::string(R"({"events": []})"), std::string("{}"),
                                     R"({"history":)" + whole + R"(,"nextPageToken":"YQ=="})"}) {
    const ReplayEnd end = replay({recorded("go_open"), write("bad.json", content)});
    EXPECT_EQ(end.exit_code, ExitCode::kOperationFailed) << content;
    EXPECT_THAT(end.output, AllOf(HasSubstr("ERROR        "), HasSubstr("UNKNOWN: 1 of 2 histories could not be replayed")));
    EXPECT_THAT(end.errors, StartsWith("Error: "));
  }
}

TEST_F(ReplayCommandTest, AWorkflowTypeThatThisBinaryLacksIsNotFound) {
  const ReplayEnd end = replay({recorded("ours_patch_original")});
  EXPECT_EQ(end.exit_code, ExitCode::kNotFound);
  EXPECT_THAT(end.errors, HasSubstr("workflow type 'PatchWorkflow' is not registered here"));
}

TEST_F(ReplayCommandTest, AMismatchOutweighsAnError) {
  EXPECT_EQ(replay({write("bad.json", ""), write("changed.json", changed())}).exit_code, ExitCode::kGuaranteeBroken);
}

TEST_F(ReplayCommandTest, AFolderStandsForTheHistoriesInIt) {
  const std::string text = history::history_to_json(history::read_history_file(recorded("go_open")).value());
  write("b/two.json", text);
  write("a.binpb", history::read_history_file(recorded("go_open")).value().SerializeAsString());
  write("notes.txt", "no history");
  const Result<std::vector<std::string>> files = history_files({folder_.string()});
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_THAT(*files, ElementsAre((folder_ / "a.binpb").string(), (folder_ / "b/two.json").string()));
  EXPECT_THAT(replay({folder_.string()}).output, HasSubstr("fits all 2 histories (0 replayed, 2 in progress)"));
}

TEST_F(ReplayCommandTest, AFolderWithoutHistoriesAndAMissingFileAreNotFound) {
  EXPECT_EQ(replay({folder_.string()}).exit_code, ExitCode::kNotFound);
  EXPECT_EQ(replay({(folder_ / "missing.json").string()}).exit_code, ExitCode::kNotFound);
}

}  // namespace
}  // namespace lifecycle::cli::test
