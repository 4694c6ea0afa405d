// How a workflow ends, and what its task's failure says when it cannot even do that.
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
using Commands = std::vector<std::string>;

class EndingsTest : public ::testing::Test {
 protected:
  EndingsTest() { register_samples(registry_); }

  RunRequest answer(const HistoryBuilder& history) { return answer_to(registry_, history.build()); }

  core::WorkflowTaskFailure failure(const HistoryBuilder& history) {
    const RunRequest request = answer(history);
    const auto* failed = std::get_if<core::RespondWorkflowTaskFailed>(&request);
    EXPECT_NE(failed, nullptr) << ::testing::PrintToString(commands_of(request));
    return failed == nullptr ? core::WorkflowTaskFailure{} : failed->failure;
  }

  Registry registry_;
};

HistoryBuilder first_task(const std::string& workflow_type, api::Payloads input = {}) {
  HistoryBuilder history;
  history.workflow_execution_started(workflow_type, std::move(input));
  history.polled_workflow_task();
  return history;
}

HistoryBuilder after_one_greeting(const std::string& workflow_type, const api::Payloads& result) {
  HistoryBuilder history;
  history.workflow_execution_started(workflow_type);
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("customer"));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, result);
  history.polled_workflow_task();
  return history;
}

TEST_F(EndingsTest, AnApplicationFailureFailsTheWorkflowWithAllThatItSays) {
  const RunRequest request = answer(after_one_greeting("FailingWorkflow", to_payloads("hello")));
  const auto& commands = std::get<core::RespondWorkflowTaskCompleted>(request).commands;
  ASSERT_EQ(commands.size(), 1U);
  const auto& failure = commands[0].fail_workflow_execution_command_attributes().failure();
  EXPECT_EQ(failure.message(), "nothing left");
  EXPECT_EQ(failure.application_failure_info().type(), "OutOfStock");
  EXPECT_TRUE(failure.application_failure_info().non_retryable());
  EXPECT_EQ(failure.source(), "CppSDK");
}

TEST_F(EndingsTest, AnyOtherExceptionFailsTheTaskSoThatMendedCodeCanGoOn) {
  const core::WorkflowTaskFailure failed = failure(after_one_greeting("CrashingWorkflow", to_payloads("hello")));
  EXPECT_EQ(failed.cause, api::enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  EXPECT_EQ(failed.failure.message(), "index 7 of 3");
  EXPECT_EQ(failed.failure.application_failure_info().type(), "std::out_of_range");
}

TEST_F(EndingsTest, AResultThatCannotBeReadFailsTheTaskWithItsType) {
  const std::string message = failure(after_one_greeting("CrashingWorkflow", to_payloads(7))).failure.message();
  EXPECT_TRUE(message.starts_with("result of an activity: ")) << message;
}

TEST_F(EndingsTest, ATypeThatIsNotRegisteredFailsTheTaskWithThoseThatAre) {
  Registry registry = registry_of(&VersionedWorkflow::greet);
  registry.workflow("TimerWorkflow", &TimerWorkflow::run);
  EXPECT_EQ(commands_of(answer_to(registry, first_task("Nonsense").build())),
            Commands{"WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: workflow type 'Nonsense' is not registered on this worker; "
                     "registered are: TimerWorkflow, VersionedWorkflow)"});
}

TEST_F(EndingsTest, AClassThatCannotBeMadeFailsTheTaskWithItsException) {
  EXPECT_EQ(failure(first_task("UnconstructibleWorkflow")).failure.message(), "no such table");
}

TEST_F(EndingsTest, InputThatCannotBeReadFailsTheTaskWithItsPlace) {
  const std::string message = failure(first_task("SequenceWorkflow", to_payloads(7))).failure.message();
  EXPECT_TRUE(message.starts_with("input of SequenceWorkflow: ")) << message;
}

TEST_F(EndingsTest, AnActivityWithoutTimeOutFailsTheTask) {
  EXPECT_EQ(failure(first_task("MisusingWorkflow", to_payloads("no time-out"))).failure.message(),
            "activity 'Greet' needs start_to_close_timeout or schedule_to_close_timeout: without one, nobody would notice its loss");
}

TEST_F(EndingsTest, AResultThatIsAwaitedTwiceFailsTheTask) {
  HistoryBuilder history;
  history.workflow_execution_started("MisusingWorkflow", to_payloads("awaited twice"));
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("nobody"));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, to_payloads("hello"));
  history.polled_workflow_task();
  EXPECT_EQ(failure(history).failure.message(), "a result was awaited twice: keep it in a variable");
}

TEST_F(EndingsTest, AResultThatTwoCoroutinesAwaitFailsTheTask) {
  HistoryBuilder history;
  history.workflow_execution_started("MisusingWorkflow", to_payloads("two waiters"));
  history.full_workflow_task();
  history.activity_task_scheduled("Greet", to_payloads("nobody"));
  history.signaled("await_too");
  history.polled_workflow_task();
  EXPECT_EQ(failure(history).failure.message(), "two coroutines await the same result: let one of them tell the other");
}

TEST_F(EndingsTest, ASignalHandlerThatCrashesFailsTheTask) {
  HistoryBuilder history;
  history.workflow_execution_started("WaitingHandlerWorkflow");
  history.full_workflow_task();
  history.timer_started(hours(1));
  history.signaled("crash");
  history.polled_workflow_task();
  EXPECT_EQ(failure(history).failure.message(), "a bug in the handler");
}

TEST_F(EndingsTest, TheFailureOfAnActivityTellsTheWorkflowWhichOneAndWhy) {
  HistoryBuilder history;
  history.workflow_execution_started("CatchingWorkflow");
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("caller"));
  history.activity_task_started(scheduled, "worker-9");
  api::Failure failure;
  failure.set_message("no voice");
  history.activity_task_failed(scheduled, std::move(failure));
  history.polled_workflow_task();
  EXPECT_EQ(commands_of(answer(history)), Commands{"CompleteWorkflowExecution([\"Greet of 5 at event 5 by worker-9: no voice\"])"});
}

TEST_F(EndingsTest, AFailedRunIsForgottenAndMendedCodeGoesOn) {
  const HistoryBuilder history = after_one_greeting("CrashingWorkflow", to_payloads("hello"));
  const std::int64_t started = history.last_event_id();
  CachedRun run = fresh_run(registry_);
  ASSERT_TRUE(std::holds_alternative<core::RespondWorkflowTaskFailed>(
      run.on_workflow_task({.history = history.build(), .started_event_id = started})));
  EXPECT_FALSE(run.has_state());
  Registry mended;
  mended.workflow("CrashingWorkflow", &FailingWorkflow::run);
  EXPECT_EQ(commands_of(answer_to(mended, history.build())), Commands{"FailWorkflowExecution(nothing left)"});
}

}  // namespace
}  // namespace lifecycle::test
