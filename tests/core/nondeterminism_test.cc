// Code that does something else than its history fails the workflow task, and says what was recorded, where, and what it tried.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "converter/payload.h"
#include "tests/support/run_driver.h"
#include "tests/support/sample_workflows.h"

namespace lifecycle::test {
namespace {

using converter::to_payloads;
using replay::HistoryBuilder;
using std::chrono::hours;
using std::chrono::seconds;
using Version = Workflow<void> (VersionedWorkflow::*)(WorkflowContext);
using Commands = std::vector<std::string>;

HistoryBuilder begun(std::string_view sdk_name = core::kSdkName) {
  HistoryBuilder history;
  history.workflow_execution_started(kVersionedWorkflow);
  history.full_workflow_task(sdk_name);
  return history;
}

void ended(HistoryBuilder& history, std::int64_t scheduled_event_id) {
  history.activity_task_started(scheduled_event_id);
  history.activity_task_completed(scheduled_event_id, to_payloads("x"));
}

// One activity that was greeted with, recorded at event 5 and ended; the next task is event 8.
HistoryBuilder greeted(std::string_view sdk_name = core::kSdkName, std::string activity_id = {}) {
  HistoryBuilder history = begun(sdk_name);
  ended(history, history.activity_task_scheduled("Greet", to_payloads("x"), std::move(activity_id)));
  return history;
}

RunRequest answer(Version version, const HistoryBuilder& history) {
  const Registry registry = registry_of(version);
  return answer_to(registry, history.build());
}

// The code of `version` is refused at that event. The history's last event must be a WorkflowTaskStarted.
void expect_nondeterminism(Version version, const HistoryBuilder& history, std::int64_t event_id, const std::string& recorded,
                           const std::string& attempted) {
  const RunRequest request = answer(version, history);
  const auto* failed = std::get_if<core::RespondWorkflowTaskFailed>(&request);
  ASSERT_NE(failed, nullptr) << ::testing::PrintToString(commands_of(request));
  EXPECT_EQ(failed->failure.cause, api::enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
  EXPECT_EQ(failed->failure.failure.application_failure_info().type(), "Nondeterminism");
  EXPECT_EQ(failed->failure.failure.message(),
            fmt::format("[TMPRL1100] nondeterminism at event {}: history recorded {}, and the code now tries {}. The workflow's code was "
                        "changed in a way that this run's history does not fit; deploy code that fits, or reset the run",
                        event_id, recorded, attempted));
}

TEST(NondeterminismTest, AnActivityOfAnotherType) {
  HistoryBuilder history = greeted();
  history.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::thank_greet, history, 5, "ActivityTaskScheduled(Greet, id 5)", "ScheduleActivityTask(Thank)");
}

TEST(NondeterminismTest, CommandsInAnotherOrder) {
  HistoryBuilder history = begun();
  const std::int64_t greet = history.activity_task_scheduled("Greet", to_payloads("x"));
  history.activity_task_scheduled("Thank", to_payloads("x"));
  ended(history, greet);
  history.polled_workflow_task();
  EXPECT_EQ(commands_of(answer(&VersionedWorkflow::greet_and_thank_at_once, history)), Commands{});
  expect_nondeterminism(&VersionedWorkflow::thank_and_greet_at_once, history, 5, "ActivityTaskScheduled(Greet, id 5)",
                        "ScheduleActivityTask(Thank)");
}

TEST(NondeterminismTest, ACommandThatTheCodeNoLongerIssues) {
  HistoryBuilder history = begun();
  const std::int64_t greet = history.activity_task_scheduled("Greet", to_payloads("x"));
  history.activity_task_scheduled("Thank", to_payloads("x"));
  ended(history, greet);
  history.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet, history, 6, "ActivityTaskScheduled(Thank, id 6)", "nothing");
}

TEST(NondeterminismTest, ACommandThatTheCodeIssuesAdditionally) {
  HistoryBuilder history = greeted();
  history.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet_and_thank_at_once, history, 8, "no further command before WorkflowTaskScheduled",
                        "ScheduleActivityTask(Thank)");
}

TEST(NondeterminismTest, ATimerInsteadOfAnActivityAndTheOtherWayRound) {
  HistoryBuilder with_activity = greeted();
  with_activity.full_workflow_task();
  ended(with_activity, with_activity.activity_task_scheduled("Thank", to_payloads("x")));
  with_activity.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet_sleep, with_activity, 11, "ActivityTaskScheduled(Thank, id 11)", "StartTimer");

  HistoryBuilder with_timer = greeted();
  with_timer.full_workflow_task();
  with_timer.timer_fired(with_timer.timer_started(seconds(10)));
  with_timer.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet_thank, with_timer, 11, "TimerStarted(id 11)", "ScheduleActivityTask(Thank)");
}

TEST(NondeterminismTest, AnotherActivityIdInAHistoryThatThisSdkWrote) {
  HistoryBuilder history = greeted(core::kSdkName, "a");
  history.polled_workflow_task();
  EXPECT_EQ(commands_of(answer(&VersionedWorkflow::greet_with_id_a, history)), Commands{"CompleteWorkflowExecution([])"});
  expect_nondeterminism(&VersionedWorkflow::greet_with_id_b, history, 5, "ActivityTaskScheduled(Greet, id a)",
                        "ScheduleActivityTask(Greet, id b)");
  expect_nondeterminism(&VersionedWorkflow::greet, history, 5, "ActivityTaskScheduled(Greet, id a)", "ScheduleActivityTask(Greet)");
}

TEST(NondeterminismTest, AGeneratedActivityIdThatIsNotTheIdOfItsEvent) {
  HistoryBuilder history = greeted(core::kSdkName, "1");
  history.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet, history, 5, "ActivityTaskScheduled(Greet, id 1)", "ScheduleActivityTask(Greet)");
}

TEST(NondeterminismTest, ActivityIdsOfHistoriesThatOtherSdksWroteAreNotCompared) {
  for (const std::string_view sdk_name : {"temporal-go", "temporal-python", ""}) {
    HistoryBuilder history = greeted(sdk_name, "1");
    history.polled_workflow_task();
    EXPECT_EQ(commands_of(answer(&VersionedWorkflow::greet_with_id_b, history)), Commands{"CompleteWorkflowExecution([])"}) << sdk_name;
    EXPECT_EQ(commands_of(answer(&VersionedWorkflow::greet, history)), Commands{"CompleteWorkflowExecution([])"}) << sdk_name;
  }
}

TEST(NondeterminismTest, TypesAreComparedInHistoriesOfOtherSdksToo) {
  HistoryBuilder history = greeted("temporal-go", "1");
  history.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::thank_greet, history, 5, "ActivityTaskScheduled(Greet, id 1)", "ScheduleActivityTask(Thank)");
}

TEST(NondeterminismTest, TheNewestSignatureCountsAndNoneMeansAsBefore) {
  HistoryBuilder moved_here = greeted("temporal-go", "1");
  moved_here.full_workflow_task(core::kSdkName);
  ended(moved_here, moved_here.activity_task_scheduled("Greet", to_payloads("x"), "2"));
  moved_here.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet_greet, moved_here, 11, "ActivityTaskScheduled(Greet, id 2)",
                        "ScheduleActivityTask(Greet)");

  HistoryBuilder stayed_there = greeted("temporal-go", "1");
  stayed_there.full_workflow_task("");
  ended(stayed_there, stayed_there.activity_task_scheduled("Greet", to_payloads("x"), "2"));
  stayed_there.polled_workflow_task();
  EXPECT_EQ(commands_of(answer(&VersionedWorkflow::greet_greet, stayed_there)), Commands{"CompleteWorkflowExecution([])"});
}

TEST(NondeterminismTest, AHistoryThatIsLongerThanTheCode) {
  HistoryBuilder history = greeted();
  history.full_workflow_task();
  ended(history, history.activity_task_scheduled("Thank", to_payloads("x")));
  history.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet, history, 11, "ActivityTaskScheduled(Thank, id 11)", "CompleteWorkflowExecution");
}

TEST(NondeterminismTest, CodeThatHasEndedWhereTheHistoryBringsASignal) {
  HistoryBuilder history = greeted();
  history.full_workflow_task();
  history.signaled("anything");
  history.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet, history, 11, "no further command before WorkflowExecutionSignaled",
                        "CompleteWorkflowExecution");
}

TEST(NondeterminismTest, CodeThatIsLongerThanTheHistory) {
  HistoryBuilder history = greeted();
  history.full_workflow_task();
  history.completed();
  const Registry registry = registry_of(&VersionedWorkflow::greet_thank);
  CachedRun run = fresh_run(registry);
  const RunRequest request = run.on_workflow_task({.history = history.build(), .replay_only = true});
  const auto* failed = std::get_if<core::RespondWorkflowTaskFailed>(&request);
  ASSERT_NE(failed, nullptr);
  EXPECT_TRUE(failed->failure.failure.message().starts_with(
      "[TMPRL1100] nondeterminism at event 11: history recorded WorkflowExecutionCompleted, and the code now tries "
      "ScheduleActivityTask(Thank). "))
      << failed->failure.failure.message();
}

TEST(NondeterminismTest, AMarkerThatAnotherSdkRecorded) {
  HistoryBuilder history = begun("temporal-go");
  history.marker_recorded("Version");
  ended(history, history.activity_task_scheduled("Greet", to_payloads("x")));
  history.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet, history, 5, "MarkerRecorded(Version)", "ScheduleActivityTask(Greet)");
}

TEST(NondeterminismTest, AChildWorkflowThatAnotherSdkStarted) {
  HistoryBuilder history = begun("temporal-go");
  history.add(api::enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED)
      .mutable_start_child_workflow_execution_initiated_event_attributes()
      ->mutable_workflow_type()
      ->set_name("Child");
  history.polled_workflow_task();
  expect_nondeterminism(&VersionedWorkflow::greet, history, 5, "StartChildWorkflowExecutionInitiated(Child)",
                        "ScheduleActivityTask(Greet)");
}

TEST(NondeterminismTest, TheCancellationOfAnotherTimer) {
  HistoryBuilder history = begun();
  const std::int64_t first = history.timer_started(hours(1));
  history.timer_started(hours(1));
  history.timer_fired(history.timer_started(seconds(10)));
  history.full_workflow_task();
  history.timer_canceled(first);
  history.signaled("anything");
  history.polled_workflow_task();
  EXPECT_EQ(commands_of(answer(&VersionedWorkflow::cancel_first_timer, history)), Commands{});
  expect_nondeterminism(&VersionedWorkflow::cancel_second_timer, history, 12, "TimerCanceled(id 5)", "CancelTimer(id 6)");
}

TEST(NondeterminismTest, TheCancellationOfAnotherActivity) {
  HistoryBuilder history;
  history.workflow_execution_started("ChildScopeWorkflow", to_payloads("try"));
  history.full_workflow_task();
  history.activity_task_scheduled("Greet", to_payloads("try"));
  history.timer_fired(history.timer_started(seconds(10)));
  history.full_workflow_task();
  history.activity_task_cancel_requested(4);
  history.signaled("anything");
  history.polled_workflow_task();
  Registry registry;
  register_samples(registry);
  const Commands answered = commands_of(answer_to(registry, history.build()));
  ASSERT_EQ(answered.size(), 1U);
  EXPECT_TRUE(
      answered.front().starts_with("WorkflowTaskFailed(NON_DETERMINISTIC_ERROR: [TMPRL1100] nondeterminism at event 11: history recorded "
                                   "ActivityTaskCancelRequested(event 4), and the code now tries RequestCancelActivityTask(event 5). "))
      << answered.front();
}

TEST(NondeterminismTest, ARunThatWasRefusedKeepsNoState) {
  HistoryBuilder history = greeted();
  const std::int64_t started = history.polled_workflow_task();
  const Registry registry = registry_of(&VersionedWorkflow::thank_greet);
  CachedRun run = fresh_run(registry);
  const RunRequest request = run.on_workflow_task({.history = history.build(), .started_event_id = started});
  EXPECT_TRUE(std::holds_alternative<core::RespondWorkflowTaskFailed>(request));
  EXPECT_FALSE(run.has_state());
}

TEST(SignatureTest, ATaskIsSignedUnlessThisSdkWroteTheNewestOne) {
  const auto signs = [](const HistoryBuilder& history) {
    const RunRequest request = answer(&VersionedWorkflow::greet_thank, history);
    return std::get<core::RespondWorkflowTaskCompleted>(request).sign_with_sdk_name;
  };
  HistoryBuilder first;
  first.workflow_execution_started(kVersionedWorkflow);
  first.polled_workflow_task();
  EXPECT_TRUE(signs(first));
  HistoryBuilder ours = greeted();
  ours.polled_workflow_task();
  EXPECT_FALSE(signs(ours));
  HistoryBuilder theirs = greeted("temporal-go");
  theirs.polled_workflow_task();
  EXPECT_TRUE(signs(theirs));
}

}  // namespace
}  // namespace lifecycle::test
