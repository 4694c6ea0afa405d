#include "cli/verify/verify_command.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "cli/time_text.h"
#include "history/history_json.h"
#include "tests/cli/command_test.h"
#include "tests/support/history_corpus.h"

namespace lifecycle::cli::test {
namespace {

namespace fs = std::filesystem;
using lifecycle::test::event_of;
using lifecycle::test::recorded_history;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class VerifyCommandTest : public CommandTest {
 protected:
  VerifyCommandTest() : folder_(fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~VerifyCommandTest() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return (folder_ / name).string();
  }
  std::string recorded(const std::string& name) { return write(name + ".json", history::history_to_json(recorded_history(name))); }
  std::string completed_twice() {
    api::History history = recorded_history("python_killed_worker");
    auto& completed = *event_of(history, 27).mutable_activity_task_completed_event_attributes();
    completed.set_scheduled_event_id(17);
    completed.set_started_event_id(18);
    return write("twice.json", history::history_to_json(history));
  }

  CommandEnd verify_files(std::vector<std::string> files, const std::string& journal = {}) {
    const VerifyOptions options{.workflow_ids = {}, .query = {}, .histories = std::move(files), .journal = journal};
    return run([&](const ProcessContext&, Output& output) { return run_verify(global_, options, output, nullptr); });
  }
  CommandEnd verify_server(const VerifyOptions& options) {
    return run([&](const ProcessContext&, Output& output) { return run_verify(global_, options, output, &connection_); });
  }

  fs::path folder_;
};

TEST_F(VerifyCommandTest, AGoodHistoryPasses) {
  const CommandEnd end = verify_files({recorded("python_killed_worker")});
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.output;
  EXPECT_THAT(end.output, AllOf(StartsWith("PASS "), HasSubstr("(LifecycleWorkflow, completed, 31 events): "),
                                HasSubstr("\nPASS: 1 run: 1 passed, 0 broken, 0 unknown\n")));
}

TEST_F(VerifyCommandTest, ACompletionTwiceIsBrokenWithItsEvents) {
  const CommandEnd end = verify_files({recorded("go_retried_step"), completed_twice()});
  EXPECT_EQ(end.exit_code, ExitCode::kGuaranteeBroken);
  EXPECT_THAT(end.output, AllOf(HasSubstr("BROKEN   ends-once: activity ProcessStep (event 17) ended 2 times (events 19, 27)"),
                                HasSubstr("\nBROKEN: 2 runs: 1 passed, 1 broken, 0 unknown\n")));
}

TEST_F(VerifyCommandTest, AnOpenRunIsUnknown) {
  const CommandEnd end = verify_files({recorded("go_open")});
  EXPECT_EQ(end.exit_code, ExitCode::kOperationFailed);
  EXPECT_THAT(end.output, AllOf(StartsWith("UNKNOWN "), HasSubstr("ended: the run is still open")));
}

TEST_F(VerifyCommandTest, JsonIsOneDocumentWithEveryRule) {
  global_.output = OutputFormat::kJson;
  const auto document = nlohmann::json::parse(verify_files({completed_twice()}).output);
  EXPECT_EQ(document["verdict"], "broken");
  EXPECT_EQ(document["runs"][0]["status"], "completed");
  bool seen = false;
  for (const auto& rule : document["runs"][0]["rules"]) {
    EXPECT_FALSE(rule["title"].get<std::string>().empty());
    if (rule["id"] == "ends-once") {
      seen = true;
      EXPECT_EQ(rule["findings"][0]["eventIds"], (std::vector<int>{19, 27}));
    }
  }
  EXPECT_TRUE(seen);
}

TEST_F(VerifyCommandTest, JsonlIsOneObjectALine) {
  global_.output = OutputFormat::kJsonl;
  std::istringstream lines(verify_files({recorded("go_open"), recorded("go_retried_step")}).output);
  std::vector<std::string> verdicts;
  for (std::string line; std::getline(lines, line);) {
    verdicts.push_back(nlohmann::json::parse(line)["verdict"]);
  }
  EXPECT_THAT(verdicts, testing::ElementsAre("unknown", "pass", "unknown"));
}

TEST_F(VerifyCommandTest, TheJournalTellsWhichWorkerWasKilled) {
  const api::History history = recorded_history("python_killed_worker");
  const std::string identity = history.events(26).activity_task_completed_event_attributes().identity();  // event 27
  const std::string began = iso_time(api::to_wall_time(history.events(0).event_time()));
  const std::string line = R"({"time":")" + began + R"(","id":"chaos-1/1","event":"proven","fault":"sigkill","target":"process","name":"1",
    "worker_identity":")" + identity +
                           R"(","workflow_ids":[")" + history.events(0).workflow_execution_started_event_attributes().workflow_id() +
                           "\"]}";
  std::string journal = line;
  std::erase(journal, '\n');
  const CommandEnd end = verify_files({recorded("python_killed_worker")}, write("journal.jsonl", journal + "\n"));
  EXPECT_EQ(end.exit_code, ExitCode::kGuaranteeBroken) << end.output << end.errors;
  EXPECT_THAT(end.output, HasSubstr("killed-worker: "));

  // A run of the same id before this one.
  journal.replace(journal.find(began), began.size(), "2020-01-01T00:00:00.000Z");
  EXPECT_EQ(verify_files({recorded("python_killed_worker")}, write("earlier.jsonl", journal + "\n")).exit_code, ExitCode::kDone);
}

TEST_F(VerifyCommandTest, AFaultThatWasRefusedIsNone) {
  const api::History history = recorded_history("python_killed_worker");
  const std::string about = R"("id":"chaos-1/1","fault":"sigkill","target":"pod","name":"a","worker_identity":"1@a","workflow_ids":[")" +
                            history.events(0).workflow_execution_started_event_attributes().workflow_id() + "\"]}\n";
  const std::string time = R"({"time":")" + iso_time(api::to_wall_time(history.events(0).event_time()));
  const std::string planned = time + R"(","event":"planned",)" + about;
  const CommandEnd unknown = verify_files({recorded("python_killed_worker")}, write("planned.jsonl", planned));
  EXPECT_EQ(unknown.exit_code, ExitCode::kOperationFailed) << unknown.output;
  EXPECT_THAT(unknown.output, HasSubstr("kill chaos-1/1 was not proven"));
  const std::string refused = time + R"(","event":"refused",)" + about;
  EXPECT_EQ(verify_files({recorded("python_killed_worker")}, write("refused.jsonl", planned + refused)).exit_code, ExitCode::kDone);
}

TEST_F(VerifyCommandTest, AJournalThatIsNotThereIsAnError) {
  EXPECT_EQ(verify_files({recorded("go_open")}, (folder_ / "none.jsonl").string()).exit_code, ExitCode::kNotFound);
}

TEST_F(VerifyCommandTest, AFileThatCannotBeReadIsAnErrorAndNeverAPass) {
  const CommandEnd end = verify_files({write("cut.json", "{\"events\": [")});
  EXPECT_EQ(end.exit_code, ExitCode::kOperationFailed);
  EXPECT_THAT(end.output, Not(HasSubstr("PASS")));
}

TEST_F(VerifyCommandTest, WhatIsSeenBrokenOutweighsWhatCannotBeRead) {
  const CommandEnd end = verify_files({write("cut.json", "{\"events\": ["), completed_twice()});
  EXPECT_EQ(end.exit_code, ExitCode::kGuaranteeBroken);
  EXPECT_THAT(end.output, AllOf(StartsWith("ERROR    "), HasSubstr("BROKEN: 2 runs: 0 passed, 1 broken, 1 unknown")));
}

TEST_F(VerifyCommandTest, ExactlyOneSourceOfHistories) {
  EXPECT_EQ(verify_server({}).exit_code, ExitCode::kUsage);
  VerifyOptions both;
  both.workflow_ids = {"w"};
  both.query = "WorkflowType = 'x'";
  EXPECT_EQ(verify_server(both).exit_code, ExitCode::kUsage);
  VerifyOptions run_of_two;
  run_of_two.workflow_ids = {"w", "x"};
  run_of_two.run_id = "r";
  EXPECT_EQ(verify_server(run_of_two).exit_code, ExitCode::kUsage);
}

}  // namespace
}  // namespace lifecycle::cli::test
