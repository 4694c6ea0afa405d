// Histories that real workers wrote on a real server, in this SDK and in others: the demonstration's workflow must answer every task of
// each with what was recorded, however the history reaches it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "history/history_json.h"
#include "replay/replayer.h"
#include "tests/support/delivery.h"
#include "worker/contract.h"
#include "worker/register.h"

namespace lifecycle::test {
namespace {

using std::filesystem::path;

HistoryPtr read_history(const path& file) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  Result<api::History> history = history::history_from_json(text);
  return history ? std::make_shared<api::History>(*std::move(history)) : nullptr;
}

// True for what the demonstration's workflow did, as far as this SDK can: it has no updates, see ARecordedUpdateIsRefusedByItsName.
bool is_for_this_worker(const api::History& history) {
  const bool has_update = std::ranges::any_of(history.events(), [](const api::HistoryEvent& event) {
    return event.event_type() == api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED;
  });
  return !has_update && history.events(0).workflow_execution_started_event_attributes().workflow_type().name() == demo::kWorkflowType;
}

// A file that cannot be read is among them, so that its test says so.
std::vector<path> recorded_histories() {
  std::vector<path> files;
  for (const auto& entry : std::filesystem::directory_iterator(LIFECYCLE_TEST_HISTORIES)) {
    if (entry.path().extension() != ".json") {
      continue;
    }
    const HistoryPtr history = read_history(entry.path());
    if (history == nullptr || is_for_this_worker(*history)) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

class RecordedHistoryTest : public ::testing::TestWithParam<path> {
 protected:
  void SetUp() override {
    demo::register_all(registry_);
    history_ = read_history(GetParam());
    ASSERT_NE(history_, nullptr) << GetParam() << " cannot be read";
  }

  Registry registry_;
  HistoryPtr history_;
};

TEST_P(RecordedHistoryTest, TheWholeHistoryReplays) { expect_replay_of_the_whole(registry_, history_); }

TEST_P(RecordedHistoryTest, AWorkerThatKeepsTheRunAnswersEachTaskWithTheRecordedCommands) {
  expect_same_commands_task_by_task(registry_, history_);
}

TEST_P(RecordedHistoryTest, AWorkerThatForgetsTheRunAnswersEachTaskWithTheRecordedCommands) {
  expect_same_commands_with_evictions(registry_, history_);
}

TEST_P(RecordedHistoryTest, PagesOfEverySizeLeadToTheRecordedCommands) { expect_same_commands_in_pages(registry_, history_); }

TEST_P(RecordedHistoryTest, ACacheMissLeadsToTheRecordedCommands) { expect_same_commands_after_cache_misses(registry_, history_); }

INSTANTIATE_TEST_SUITE_P(Files, RecordedHistoryTest, ::testing::ValuesIn(recorded_histories()),
                         [](const ::testing::TestParamInfo<path>& info) { return info.param.stem().string(); });

TEST(RecordedHistoriesTest, ARecordedUpdateIsRefusedByItsName) {
  Registry registry;
  demo::register_all(registry);
  const HistoryPtr history = read_history(path(LIFECYCLE_TEST_HISTORIES) / "go_updated.json");
  ASSERT_NE(history, nullptr);
  const Result<replay::ReplayResult> result = replay::Replayer(registry).replay(history);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->verdict, replay::Verdict::kMismatch);
  EXPECT_NE(result->failure.failure.message().find("history recorded WorkflowExecutionUpdateAccepted"), std::string::npos)
      << result->failure.failure.message();
}

// A folder that was moved must not pass for one that is fine.
TEST(RecordedHistoriesTest, ThereAreSome) { EXPECT_FALSE(recorded_histories().empty()); }

}  // namespace
}  // namespace lifecycle::test
