#include "replay/replayer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "converter/payload.h"
#include "replay/history_builder.h"
#include "tests/support/sample_workflows.h"

namespace lifecycle::replay {
namespace {

using converter::to_payloads;
using Names = std::vector<std::string>;

HistoryBuilder begun() {
  HistoryBuilder history;
  history.workflow_execution_started("SequenceWorkflow", to_payloads(Names{"a"}));
  history.full_workflow_task();
  return history;
}

HistoryBuilder closed() {
  HistoryBuilder history = begun();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("a"));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, to_payloads("hello a"));
  history.full_workflow_task();
  history.completed(to_payloads(Names{"hello a"}));
  return history;
}

class ReplayerTest : public ::testing::Test {
 protected:
  ReplayerTest() { test::register_samples(registry_); }

  ReplayResult replay(const HistoryBuilder& history) {
    const Result<ReplayResult> result = Replayer(registry_).replay(history.build());
    EXPECT_TRUE(result) << result.error().message;
    return result.value_or(ReplayResult{});
  }

  Error refusal(std::shared_ptr<const api::History> history) {
    const Result<ReplayResult> result = Replayer(registry_).replay(std::move(history));
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }

  Registry registry_;
};

TEST_F(ReplayerTest, AClosedHistoryThatTheCodeFitsIsReplayed) { EXPECT_EQ(replay(closed()).verdict, Verdict::kReplayed); }

TEST_F(ReplayerTest, EveryBeginningOfAHistoryThatTheCodeFitsIsInProgress) {
  const HistoryBuilder whole = closed();
  for (std::int64_t last = 1; last < whole.last_event_id(); ++last) {
    const Result<ReplayResult> result = Replayer(registry_).replay(whole.slice(1, last));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->verdict, Verdict::kInProgress) << "up to event " << last << ": " << result->failure.failure.message();
  }
}

TEST_F(ReplayerTest, AHistoryThatTheServerEndedIsReplayed) {
  HistoryBuilder terminated = begun();
  terminated.activity_task_scheduled("Greet", to_payloads("a"));
  terminated.terminated("by hand");
  EXPECT_EQ(replay(terminated).verdict, Verdict::kReplayed);
  HistoryBuilder timed_out = begun();
  timed_out.activity_task_scheduled("Greet", to_payloads("a"));
  timed_out.timed_out();
  EXPECT_EQ(replay(timed_out).verdict, Verdict::kReplayed);
}

TEST_F(ReplayerTest, AHistoryThatTheCodeDoesNotFitIsAMismatchWithTheReason) {
  HistoryBuilder history = begun();
  history.activity_task_scheduled("Thank", to_payloads("a"));
  const ReplayResult result = replay(history);
  EXPECT_EQ(result.verdict, Verdict::kMismatch);
  EXPECT_EQ(result.failure.cause, api::enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
  EXPECT_TRUE(result.failure.failure.message().starts_with("[TMPRL1100] nondeterminism at event 5: ")) << result.failure.failure.message();
}

TEST_F(ReplayerTest, CodeThatThrowsWhereTheHistoryGoesOnIsAMismatchWithTheException) {
  HistoryBuilder history;
  history.workflow_execution_started("CrashingWorkflow");
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("customer"));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, to_payloads("hello"));
  history.full_workflow_task();
  const ReplayResult result = replay(history);
  EXPECT_EQ(result.verdict, Verdict::kMismatch);
  EXPECT_EQ(result.failure.failure.message(), "index 7 of 3");
}

TEST_F(ReplayerTest, RefusesAnEventThatNobodyKnowsAndNamesIt) {
  HistoryBuilder history = begun();
  history.activity_task_scheduled("Greet", to_payloads("a"));
  history.add(static_cast<api::EventType>(9999));
  const Error error = refusal(history.build());
  EXPECT_EQ(error.code, ErrorCode::kDataLoss);
  EXPECT_EQ(error.message, "history event 6 (event of type 9999) is of a kind that this worker does not know");
}

TEST_F(ReplayerTest, RefusesAnEmptyHistory) {
  const Error error = refusal(std::make_shared<api::History>());
  EXPECT_EQ(error.code, ErrorCode::kDataLoss);
  EXPECT_EQ(error.message, "the history is empty");
}

TEST_F(ReplayerTest, RefusesAHistoryThatDoesNotBeginAtItsBeginning) {
  const Error error = refusal(closed().slice(2, 5));
  EXPECT_EQ(error.code, ErrorCode::kDataLoss);
  EXPECT_EQ(error.message, "the history begins with WorkflowTaskScheduled, not with WorkflowExecutionStarted");
}

TEST_F(ReplayerTest, RefusesAHistoryWithAGap) {
  auto history = std::make_shared<api::History>(*closed().build());
  history->mutable_events()->DeleteSubrange(3, 2);
  const Error error = refusal(history);
  EXPECT_EQ(error.code, ErrorCode::kDataLoss);
  EXPECT_EQ(error.message, "history lacks events 4 to 5");
}

TEST_F(ReplayerTest, RefusesARepeatedEvent) {
  auto history = std::make_shared<api::History>(*closed().build());
  *history->add_events() = history->events(2);
  EXPECT_EQ(refusal(history).message, "history has event 3 (WorkflowTaskStarted) after event 11");
}

TEST_F(ReplayerTest, RefusesATypeThatItDoesNotKnow) {
  HistoryBuilder history;
  history.workflow_execution_started("Nonsense");
  const Error error = refusal(history.build());
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, "workflow type 'Nonsense' is not registered here");
}

}  // namespace
}  // namespace lifecycle::replay
