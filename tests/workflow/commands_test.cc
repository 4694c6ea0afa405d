// What the calls of WorkflowContext become as commands, to the last field.
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
using std::chrono::minutes;
using std::chrono::seconds;
using Commands = std::vector<std::string>;

class OptionsWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx) {
    const ActivityOptions options{.start_to_close_timeout = seconds(10),
                                  .schedule_to_close_timeout = minutes(5),
                                  .schedule_to_start_timeout = seconds(30),
                                  .heartbeat_timeout = std::chrono::milliseconds(1500),
                                  .retry_policy = RetryPolicy{.initial_interval = seconds(2),
                                                              .backoff_coefficient = 1.5,
                                                              .maximum_interval = seconds(20),
                                                              .maximum_attempts = 4,
                                                              .non_retryable_error_types = {"OutOfStock"}},
                                  .task_queue = "special-queue",
                                  .activity_id = "greeting"};
    const std::string greeting = co_await ctx.activity(kGreet, options, std::string("ann"));
    co_return greeting;
  }
};

class ManyActivitiesWorkflow {
 public:
  static constexpr int kActivities = 10'000;

  Workflow<int> run(WorkflowContext ctx, bool cancels) {
    const WorkflowContext scope = ctx.with_cancel();
    std::vector<Pending<std::string>> pending;
    pending.reserve(kActivities);
    for (int i = 0; i < kActivities; ++i) {
      pending.push_back(scope.activity(kGreet, {.start_to_close_timeout = seconds(10)}, std::to_string(i)));
    }
    if (cancels) {
      scope.cancel();
    }
    int ended = 0;
    for (const Pending<std::string>& each : pending) {
      try {
        co_await each;
      } catch (const ActivityFailure&) {
        ++ended;
      }
    }
    co_return ended;
  }
};

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() {
    register_samples(registry_);
    registry_.workflow("OptionsWorkflow", &OptionsWorkflow::run);
    registry_.workflow("ManyActivitiesWorkflow", &ManyActivitiesWorkflow::run);
  }

  // The commands of the first task of a run with this input.
  std::vector<api::Command> first_commands(const std::string& workflow_type, api::Payloads input = {}) {
    HistoryBuilder history;
    history.workflow_execution_started(workflow_type, std::move(input));
    history.polled_workflow_task();
    const RunRequest request = answer_to(registry_, history.build());
    EXPECT_TRUE(std::holds_alternative<core::RespondWorkflowTaskCompleted>(request)) << ::testing::PrintToString(commands_of(request));
    return std::get<core::RespondWorkflowTaskCompleted>(request).commands;
  }

  Registry registry_;
};

TEST_F(CommandsTest, AnActivityCarriesEveryOption) {
  const std::vector<api::Command> commands = first_commands("OptionsWorkflow");
  ASSERT_EQ(commands.size(), 1U);
  const auto& schedule = commands.front().schedule_activity_task_command_attributes();
  EXPECT_EQ(schedule.activity_id(), "greeting");
  EXPECT_EQ(schedule.activity_type().name(), "Greet");
  EXPECT_EQ(schedule.task_queue().name(), "special-queue");
  EXPECT_EQ(schedule.input().SerializeAsString(), to_payloads("ann").SerializeAsString());
  EXPECT_EQ(api::to_duration(schedule.start_to_close_timeout()), seconds(10));
  EXPECT_EQ(api::to_duration(schedule.schedule_to_close_timeout()), minutes(5));
  EXPECT_EQ(api::to_duration(schedule.schedule_to_start_timeout()), seconds(30));
  EXPECT_EQ(api::to_duration(schedule.heartbeat_timeout()), std::chrono::milliseconds(1500));
  EXPECT_EQ(api::to_duration(schedule.retry_policy().initial_interval()), seconds(2));
  EXPECT_EQ(schedule.retry_policy().backoff_coefficient(), 1.5);
  EXPECT_EQ(api::to_duration(schedule.retry_policy().maximum_interval()), seconds(20));
  EXPECT_EQ(schedule.retry_policy().maximum_attempts(), 4);
  ASSERT_EQ(schedule.retry_policy().non_retryable_error_types_size(), 1);
  EXPECT_EQ(schedule.retry_policy().non_retryable_error_types(0), "OutOfStock");
}

TEST_F(CommandsTest, AnActivityLeavesOutWhatWasNotSaid) {
  const std::vector<api::Command> commands = first_commands("SequenceWorkflow", to_payloads(std::vector<std::string>{"a"}));
  ASSERT_EQ(commands.size(), 1U);
  const auto& schedule = commands.front().schedule_activity_task_command_attributes();
  EXPECT_EQ(schedule.activity_id(), "5") << "the id of the event that will record it";
  EXPECT_EQ(schedule.task_queue().name(), HistoryBuilder::kTaskQueue);
  EXPECT_TRUE(schedule.has_start_to_close_timeout());
  EXPECT_FALSE(schedule.has_schedule_to_close_timeout());
  EXPECT_FALSE(schedule.has_schedule_to_start_timeout());
  EXPECT_FALSE(schedule.has_heartbeat_timeout());
  EXPECT_FALSE(schedule.has_retry_policy());
}

TEST_F(CommandsTest, GeneratedIdsAreTheIdsOfTheEventsThatWillRecordThem) {
  EXPECT_EQ(rendered(first_commands("ParallelWorkflow", to_payloads(std::vector<std::string>{"a", "b", "c"}))),
            (Commands{"ScheduleActivityTask(id 5, Greet, [\"a\"])", "ScheduleActivityTask(id 6, Greet, [\"b\"])",
                      "ScheduleActivityTask(id 7, Greet, [\"c\"])"}));
}

TEST_F(CommandsTest, AWorkflowWithNothingToDoCompletesAtOnce) {
  EXPECT_EQ(rendered(first_commands("SequenceWorkflow", to_payloads(std::vector<std::string>{}))),
            Commands{"CompleteWorkflowExecution([[]])"});
}

TEST_F(CommandsTest, AWorkflowThatReturnsNothingCompletesWithTheNullOfEverySdk) {
  HistoryBuilder history;
  history.workflow_execution_started(kVersionedWorkflow);
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("x"));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, to_payloads("x"));
  history.polled_workflow_task();
  const Registry registry = registry_of(&VersionedWorkflow::greet);
  const RunRequest request = answer_to(registry, history.build());
  const auto& commands = std::get<core::RespondWorkflowTaskCompleted>(request).commands;
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0].complete_workflow_execution_command_attributes().result().SerializeAsString(),
            to_payloads(nullptr).SerializeAsString());
}

TEST_F(CommandsTest, TenThousandActivitiesAtOnceKeepTheirOrder) {
  const std::vector<api::Command> commands = first_commands("ManyActivitiesWorkflow", to_payloads(false));
  ASSERT_EQ(commands.size(), 10'000U);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    ASSERT_EQ(commands[i].schedule_activity_task_command_attributes().activity_id(), std::to_string(i + 5));
    ASSERT_EQ(commands[i].schedule_activity_task_command_attributes().input().payloads(0).data(), '"' + std::to_string(i) + '"');
  }
}

TEST_F(CommandsTest, TenThousandActivitiesThatAreCancelledBeforeTheyAreSentLeaveNothing) {
  EXPECT_EQ(rendered(first_commands("ManyActivitiesWorkflow", to_payloads(true))), Commands{"CompleteWorkflowExecution([10000])"});
}

TEST_F(CommandsTest, ContinueAsNewKeepsTypeAndQueue) {
  HistoryBuilder history;
  history.workflow_execution_started("ContinuingWorkflow", to_payloads(7));
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("7"));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, to_payloads("hello"));
  history.polled_workflow_task();
  const RunRequest request = answer_to(registry_, history.build());
  const auto& commands = std::get<core::RespondWorkflowTaskCompleted>(request).commands;
  ASSERT_EQ(commands.size(), 1U);
  const auto& next = commands[0].continue_as_new_workflow_execution_command_attributes();
  EXPECT_EQ(next.workflow_type().name(), "ContinuingWorkflow");
  EXPECT_EQ(next.task_queue().name(), HistoryBuilder::kTaskQueue);
  EXPECT_EQ(next.input().SerializeAsString(), to_payloads(8).SerializeAsString());
}

}  // namespace
}  // namespace lifecycle::test
