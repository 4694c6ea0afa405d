#include "worker/lifecycle_workflow.h"

#include <gmock/gmock.h>

#include "registry/cached_run.h"
#include "replay/history_builder.h"
#include "worker/register.h"

namespace lifecycle::demo {
namespace {

using replay::HistoryBuilder;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

template <class T>
T read(const api::Payloads& payloads) {
  return converter::from_payloads<T>(&payloads).value();
}

// A run of the workflow: the test writes its history, the workflow answers with commands.
class LifecycleWorkflowTest : public testing::Test {
 protected:
  LifecycleWorkflowTest() { register_all(registry_); }

  void start(const LifecycleInput& input) {
    history_.workflow_execution_started(std::string(kWorkflowType), converter::to_payloads(input));
  }

  // A step that the workflow has scheduled runs to its end, and the next workflow task begins.
  void complete_step(const StepOutput& output) {
    const std::int64_t scheduled = history_.activity_task_scheduled(std::string(kActivityType), converter::to_payloads(StepInput{}));
    history_.activity_task_started(scheduled);
    history_.activity_task_completed(scheduled, converter::to_payloads(output));
  }

  // Replays all there is and returns what the workflow commands next.
  std::vector<api::Command> next_commands() {
    HistoryBuilder until_now = history_;
    const std::int64_t started = until_now.polled_workflow_task();
    CachedRun run(
        registry_,
        {.name_space = "default", .workflow_id = std::string(HistoryBuilder::kWorkflowId), .run_id = std::string(HistoryBuilder::kRunId)});
    RunRequest request = run.on_workflow_task({.history = until_now.build(), .started_event_id = started});
    const auto* completed = std::get_if<core::RespondWorkflowTaskCompleted>(&request);
    EXPECT_NE(completed, nullptr) << "the workflow task failed";
    return completed != nullptr ? completed->commands : std::vector<api::Command>{};
  }

  api::Command next_command() {
    const std::vector<api::Command> commands = next_commands();
    EXPECT_THAT(commands, SizeIs(1));
    return commands.empty() ? api::Command() : commands.front();
  }

  Registry registry_;
  HistoryBuilder history_;
};

TEST_F(LifecycleWorkflowTest, asks_for_the_first_step_with_the_contracts_options) {
  start({.steps = 2, .step_duration_ms = 700, .retry = {.initial_interval_ms = 300, .maximum_attempts = 4}});
  const api::Command command = next_command();
  const auto& scheduled = command.schedule_activity_task_command_attributes();
  EXPECT_EQ(scheduled.activity_type().name(), "ProcessStep");
  EXPECT_EQ(scheduled.input().payloads(0).data(), R"({"step":0,"duration_ms":700})");
  EXPECT_EQ(api::to_duration(scheduled.start_to_close_timeout()), std::chrono::milliseconds(30'700));
  EXPECT_EQ(api::to_duration(scheduled.heartbeat_timeout()), std::chrono::seconds(5));
  EXPECT_EQ(api::to_duration(scheduled.retry_policy().initial_interval()), std::chrono::milliseconds(300));
  EXPECT_EQ(scheduled.retry_policy().backoff_coefficient(), 2.0);
  EXPECT_EQ(api::to_duration(scheduled.retry_policy().maximum_interval()), std::chrono::seconds(10));
  EXPECT_EQ(scheduled.retry_policy().maximum_attempts(), 4);
}

TEST_F(LifecycleWorkflowTest, an_empty_input_is_ten_steps_of_half_a_minute) {
  history_.workflow_execution_started(std::string(kWorkflowType));
  EXPECT_EQ(next_command().schedule_activity_task_command_attributes().input().payloads(0).data(), R"({"step":0,"duration_ms":30000})");
}

TEST_F(LifecycleWorkflowTest, tells_only_the_step_that_is_to_fail_that_it_is) {
  start({.steps = 2, .step_duration_ms = 1, .fail_step = 1, .fail_attempts = 3});
  EXPECT_EQ(next_command().schedule_activity_task_command_attributes().input().payloads(0).data(), R"({"step":0,"duration_ms":1})");
  history_.full_workflow_task();
  complete_step({});
  EXPECT_EQ(next_command().schedule_activity_task_command_attributes().input().payloads(0).data(),
            R"({"step":1,"duration_ms":1,"fail_attempts":3})");
}

TEST_F(LifecycleWorkflowTest, ends_with_who_took_part) {
  start({.steps = 3});
  for (const StepOutput& output : {StepOutput{.step = 0, .worker_version = "v1", .worker = "A", .attempt = 1},
                                   StepOutput{.step = 1, .worker_version = "v2", .worker = "B", .attempt = 3},
                                   StepOutput{.step = 2, .worker_version = "v2", .worker = "A", .attempt = 1}}) {
    history_.full_workflow_task();
    complete_step(output);
  }
  const auto result = read<LifecycleResult>(next_command().complete_workflow_execution_command_attributes().result());
  EXPECT_THAT(result.worker_versions_used, ElementsAre("v1", "v2", "v2"));
  EXPECT_TRUE(result.version_changes_detected);
  EXPECT_TRUE(result.rollout_detected);
  EXPECT_EQ(result.steps_completed, 3);
  EXPECT_THAT(result.workers_used, ElementsAre("A", "B"));
  EXPECT_EQ(result.retries, 2);
}

TEST_F(LifecycleWorkflowTest, one_version_is_neither_a_change_nor_a_rollout) {
  start({.steps = 2});
  for (int step = 0; step < 2; ++step) {
    history_.full_workflow_task();
    complete_step({.step = step, .worker_version = "v1", .worker = "A"});
  }
  const auto result = read<LifecycleResult>(next_command().complete_workflow_execution_command_attributes().result());
  EXPECT_FALSE(result.version_changes_detected);
  EXPECT_FALSE(result.rollout_detected);
}

TEST_F(LifecycleWorkflowTest, begins_no_step_while_it_is_paused) {
  start({.steps = 2});
  history_.signaled(std::string(kPauseSignal));
  EXPECT_THAT(next_commands(), IsEmpty()) << "and starts no timer either";
  history_.full_workflow_task();
  history_.signaled(std::string(kResumeSignal));
  EXPECT_EQ(next_command().command_type(), api::enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK);
}

TEST_F(LifecycleWorkflowTest, cancels_the_running_step_and_itself) {
  start({.steps = 2});
  history_.full_workflow_task();
  history_.activity_task_scheduled(std::string(kActivityType));
  history_.cancel_requested();
  std::vector<api::CommandType> types;
  for (const api::Command& command : next_commands()) {
    types.push_back(command.command_type());
  }
  EXPECT_THAT(types,
              ElementsAre(api::enums::COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK, api::enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION));
}

}  // namespace
}  // namespace lifecycle::demo
