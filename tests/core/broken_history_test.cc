// What a worker does with histories that are not what the server has: fetch once more, then fail the task with what is missing, and command
// nothing.
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
using Names = std::vector<std::string>;

constexpr std::int64_t kFirstStarted = 3;
constexpr std::int64_t kSecondStarted = 9;

// Two workflow tasks, started by events 3 and 9, with one activity between them.
HistoryBuilder two_tasks() {
  HistoryBuilder history;
  history.workflow_execution_started("SequenceWorkflow", to_payloads(Names{"a", "b"}));
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("a"));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, to_payloads("hello a"));
  history.polled_workflow_task();
  return history;
}

HistoryPtr events(const HistoryBuilder& history, const std::vector<std::int64_t>& event_ids) {
  auto chosen = std::make_shared<api::History>();
  for (const std::int64_t event_id : event_ids) {
    *chosen->add_events() = history.build()->events(static_cast<int>(event_id - 1));
  }
  return chosen;
}

bool fetches_from_the_first_event(const RunRequest& request) {
  const auto* fetch = std::get_if<core::FetchHistoryPage>(&request);
  return fetch != nullptr && fetch->page_token.empty();
}

class BrokenHistoryTest : public ::testing::Test {
 protected:
  BrokenHistoryTest() { register_samples(registry_); }

  // Begins the second task on a run that is not there: what is new comes with the task, and everything is fetched.
  RunRequest miss_the_cache(CachedRun& run) {
    return run.on_workflow_task({.history = history_.slice(kFirstStarted + 1, kSecondStarted), .started_event_id = kSecondStarted});
  }

  // The failed task's line after both fetches gave `stored`.
  std::string failure_after_fetching(const HistoryPtr& stored) {
    CachedRun run = fresh_run(registry_);
    RunRequest request = miss_the_cache(run);
    EXPECT_TRUE(fetches_from_the_first_event(request));
    request = run.on_history_page(stored, "");
    EXPECT_TRUE(fetches_from_the_first_event(request)) << "it may have been a matter of timing";
    request = run.on_history_page(stored, "");
    EXPECT_FALSE(run.has_state());
    return commands_of(request).front();
  }

  // What a history that breaks the protocol makes of its task.
  std::string failure_of(const HistoryBuilder& history) { return commands_of(answer_to(registry_, history.build())).front(); }

  Registry registry_;
  HistoryBuilder history_ = two_tasks();
};

TEST_F(BrokenHistoryTest, AShortHistoryFailsTheTaskWithTheEventsThatAreMissing) {
  EXPECT_EQ(failure_after_fetching(events(history_, {1, 2})),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history lacks event 3)");
  EXPECT_EQ(failure_after_fetching(events(history_, {})),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history lacks events 1 to 3)");
}

TEST_F(BrokenHistoryTest, AGappedHistoryFailsTheTaskWithTheEventsThatAreMissing) {
  EXPECT_EQ(failure_after_fetching(events(history_, {1, 2, 5, 6, 7, 8, 9})),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history lacks events 3 to 4)");
}

TEST_F(BrokenHistoryTest, ARepeatedEventFailsTheTaskWithItsName) {
  EXPECT_EQ(failure_after_fetching(events(history_, {1, 2, 3, 3, 4, 5, 6, 7, 8, 9})),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history has event 3 (WorkflowTaskStarted) after event 3)");
}

TEST_F(BrokenHistoryTest, EventsOutOfOrderFailTheTask) {
  EXPECT_EQ(failure_after_fetching(events(history_, {1, 2, 3, 5, 4, 6, 7, 8, 9})),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history lacks event 4)");
}

TEST_F(BrokenHistoryTest, TheSecondFetchMayHeal) {
  CachedRun run = fresh_run(registry_);
  RunRequest request = miss_the_cache(run);
  request = run.on_history_page(events(history_, {1, 2}), "");
  ASSERT_TRUE(fetches_from_the_first_event(request));
  request = run.on_history_page(events(history_, {1, 2, 3, 4}), "5");
  ASSERT_TRUE(std::holds_alternative<core::FetchHistoryPage>(request));
  EXPECT_EQ(std::get<core::FetchHistoryPage>(request).page_token, "5");
  request = run.on_history_page(events(history_, {5, 6, 7}), "");
  EXPECT_EQ(commands_of(request), std::vector<std::string>{"ScheduleActivityTask(id 11, Greet, [\"b\"])"});
}

TEST_F(BrokenHistoryTest, ABrokenPageInTheMiddleIsFetchedAgainFromTheFirstEvent) {
  CachedRun run = fresh_run(registry_);
  RunRequest request =
      run.on_workflow_task({.history = events(history_, {1, 2, 3, 4}), .next_page_token = "5", .started_event_id = kSecondStarted});
  ASSERT_EQ(std::get<core::FetchHistoryPage>(request).page_token, "5");
  request = run.on_history_page(events(history_, {7, 8, 9}), "");
  ASSERT_TRUE(fetches_from_the_first_event(request));
  request = run.on_history_page(history_.build(), "");
  EXPECT_EQ(commands_of(request), std::vector<std::string>{"ScheduleActivityTask(id 11, Greet, [\"b\"])"});
}

TEST_F(BrokenHistoryTest, ATaskThatEndsBeforeItsStartedEventIsFetchedAgainAndThenFailed) {
  CachedRun run = fresh_run(registry_);
  RunRequest request = run.on_workflow_task({.history = events(history_, {1, 2, 3, 4, 5, 6, 7}), .started_event_id = kSecondStarted});
  ASSERT_TRUE(fetches_from_the_first_event(request));
  request = run.on_history_page(events(history_, {1, 2, 3, 4, 5, 6, 7}), "");
  EXPECT_EQ(commands_of(request).front(),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history ends at event 7, before the task's started event 9)");
}

TEST_F(BrokenHistoryTest, ATaskThatDoesNotContinueTheRunMakesTheWorkerReadItFromTheFirstEvent) {
  CachedRun run = fresh_run(registry_);
  RunRequest request = run.on_workflow_task({.history = events(history_, {1, 2, 3}), .started_event_id = kFirstStarted});
  ASSERT_TRUE(run.has_state());
  request = run.on_workflow_task({.history = events(history_, {6, 7, 8, 9}), .started_event_id = kSecondStarted});
  ASSERT_TRUE(fetches_from_the_first_event(request));
  request = run.on_history_page(history_.build(), "");
  EXPECT_EQ(commands_of(request), std::vector<std::string>{"ScheduleActivityTask(id 11, Greet, [\"b\"])"});
}

TEST_F(BrokenHistoryTest, AnEmptyTaskMakesTheWorkerReadTheRunFromTheFirstEvent) {
  CachedRun run = fresh_run(registry_);
  RunRequest request = run.on_workflow_task({.started_event_id = kSecondStarted});
  ASSERT_TRUE(fetches_from_the_first_event(request));
  request = run.on_history_page(std::make_shared<api::History>(), "");
  ASSERT_TRUE(fetches_from_the_first_event(request));
  request = run.on_history_page(std::make_shared<api::History>(), "");
  EXPECT_EQ(commands_of(request).front(),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history ends at event 0, before the task's started event 9)");
}

TEST_F(BrokenHistoryTest, ATaskThatIsNotTheHistorysLastOneIsFailed) {
  CachedRun run = fresh_run(registry_);
  const RunRequest request = run.on_workflow_task({.history = history_.build(), .started_event_id = kSecondStarted - 1});
  EXPECT_EQ(commands_of(request).front(),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history's last workflow task was started by event 9, the task says "
            "event 8)");
}

TEST_F(BrokenHistoryTest, AnEventTypeThatNobodyKnowsFailsTheTask) {
  HistoryBuilder history;
  history.workflow_execution_started("SequenceWorkflow", to_payloads(Names{"a"}));
  history.add(static_cast<api::EventType>(9999));
  history.polled_workflow_task();
  EXPECT_EQ(failure_of(history),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history event 2 (event of type 9999) is of a kind that this worker does "
            "not know)");
}

TEST_F(BrokenHistoryTest, AnEventTypeThatNobodyKnowsIsSkippedWhenTheServerSaysSo) {
  HistoryBuilder history;
  history.workflow_execution_started("SequenceWorkflow", to_payloads(Names{"a"}));
  history.add(static_cast<api::EventType>(9999)).set_worker_may_ignore(true);
  history.polled_workflow_task();
  EXPECT_EQ(failure_of(history), "ScheduleActivityTask(id 6, Greet, [\"a\"])");
}

TEST_F(BrokenHistoryTest, WorkflowTasksOutOfStepFailTheTask) {
  HistoryBuilder history;
  history.workflow_execution_started("SequenceWorkflow", to_payloads(Names{"a"}));
  history.workflow_task_scheduled();
  history.polled_workflow_task();
  EXPECT_EQ(failure_of(history),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history event 3 (WorkflowTaskScheduled) does not fit: the WorkflowTask "
            "machine is in state Scheduled)");
}

TEST_F(BrokenHistoryTest, AnEventOfNothingThatIsOpenFailsTheTask) {
  HistoryBuilder history = two_tasks();
  history.workflow_task_completed();
  history.activity_task_scheduled("Greet", to_payloads("b"));
  history.activity_task_completed(5, to_payloads("again"));
  history.polled_workflow_task();
  EXPECT_EQ(failure_of(history),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history event 12 (ActivityTaskCompleted) refers to event 5, which began "
            "nothing that is open)");
  HistoryBuilder timer;
  timer.workflow_execution_started("TimerWorkflow");
  timer.full_workflow_task();
  timer.timer_started(std::chrono::seconds(10));
  timer.timer_fired(4);
  timer.polled_workflow_task();
  EXPECT_EQ(failure_of(timer),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history event 6 (TimerFired) refers to event 4, which began nothing "
            "that is open)");
}

TEST_F(BrokenHistoryTest, AnEventThatItsMachineDoesNotExpectFailsTheTask) {
  HistoryBuilder history;
  history.workflow_execution_started("SequenceWorkflow", to_payloads(Names{"a"}));
  history.full_workflow_task();
  history.activity_task_completed(history.activity_task_scheduled("Greet", to_payloads("a")), to_payloads("never started"));
  history.polled_workflow_task();
  EXPECT_EQ(failure_of(history),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history event 6 (ActivityTaskCompleted) does not fit: the Activity "
            "machine is in state Scheduled)");
  HistoryBuilder twice;
  twice.workflow_execution_started("TimerWorkflow");
  twice.workflow_execution_started("TimerWorkflow");
  twice.polled_workflow_task();
  EXPECT_EQ(failure_of(twice),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history event 2 (WorkflowExecutionStarted) does not fit: the "
            "WorkflowExecution machine is in state Running)");
}

TEST_F(BrokenHistoryTest, AHistoryThatBeginsWithSomethingElseFailsTheTask) {
  HistoryBuilder history;
  history.signaled("hello?");
  history.polled_workflow_task();
  EXPECT_EQ(failure_of(history),
            "WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history event 1 (WorkflowExecutionSignaled) does not fit: the "
            "WorkflowExecution machine is in state NotStarted)");
}

}  // namespace
}  // namespace lifecycle::test
