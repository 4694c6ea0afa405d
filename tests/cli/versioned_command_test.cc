#include "cli/versioned_command.h"

#include <gmock/gmock.h>

#include "client/deployments.h"
#include "tests/cli/command_test.h"
#include "tests/cli/history_events.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;
using test::CommandEnd;
using test::HistoryEvents;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace enums = api::enums;

const rpc::Status kNotYetInQueue{.code = rpc::StatusCode::kFailedPrecondition,
                                 .message = "Pinned version 'lifecycle:v1' is not present in task queue 'q' of type 'Workflow'"};

class VersionedCommandTest : public test::CommandTest {
 protected:
  VersionedCommandTest() {
    for (const enums::TaskQueueType type : {enums::TASK_QUEUE_TYPE_WORKFLOW, enums::TASK_QUEUE_TYPE_ACTIVITY}) {
      auto& queue = *serving_.add_version_task_queues();
      queue.set_name("q");
      queue.set_type(type);
    }
    server_->always_answer<rpc::DescribeWorkerDeploymentVersion>(serving_);
    server_->on<rpc::StartWorkflowExecution>([](const auto& request, const auto& answer) {
      rpc::StartWorkflowExecution::Response response;
      response.set_run_id("run of " + request.workflow_id());
      answer.with(response);
    });
    server_->on<rpc::TerminateWorkflowExecution>([this](const auto& request, const auto& answer) {
      terminated_.push_back(request.workflow_execution().workflow_id());
      answer.with({});
    });
  }

  // The server has the first workflow task of every workflow, and nobody takes it.
  void nobody_takes_tasks() {
    rpc::DescribeWorkflowExecution::Response untouched;
    untouched.mutable_pending_workflow_task()->set_state(enums::PENDING_WORKFLOW_TASK_STATE_SCHEDULED);
    untouched.mutable_workflow_execution_info()->set_history_length(2);
    server_->always_answer<rpc::DescribeWorkflowExecution>(untouched);
  }

  // The workflow has ended, and its history says so.
  void ends_with(const HistoryEvents& events) {
    rpc::DescribeWorkflowExecution::Response closed;
    closed.mutable_workflow_execution_info()->set_status(enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
    closed.mutable_workflow_execution_info()->set_history_length(events.history().events_size());
    server_->always_answer<rpc::DescribeWorkflowExecution>(closed);
    rpc::GetWorkflowExecutionHistory::Response all;
    *all.mutable_history() = events.history();
    server_->always_answer<rpc::GetWorkflowExecutionHistory>(all);
    server_->on<rpc::WaitForWorkflowExecutionHistory>([all](const auto& request, const auto& answer) {
      auto page = all;
      if (request.history_event_filter_type() == enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT) {
        page.mutable_history()->mutable_events()->DeleteSubrange(0, page.history().events_size() - 1);
      }
      answer.with(page);
    });
  }

  CommandEnd versioned(VersionedOptions options = {}) {
    options.version = "v1";
    options.deployment_name = "lifecycle";
    options.task_queue = "q";
    options.wait_timeout = 600ms;
    return run([&](const ProcessContext& process, Output& output) {
      return run_versioned(global_, options, demo::LifecycleInput{.steps = 1}, process, output, connection_);
    });
  }

  static demo::StepOutput step_on(const std::string& build_id) {
    return {.step = 0, .worker_version = build_id, .worker = "1@h/" + build_id, .attempt = 1};
  }

  auto starts() { return server_->requests<rpc::StartWorkflowExecution>(); }

  rpc::DescribeWorkerDeploymentVersion::Response serving_;
  std::vector<std::string> terminated_;
};

// One step, whose workflow tasks the server has handed to workers of `build_id`.
HistoryEvents run_on(const std::string& build_id, const demo::StepOutput& step) {
  const client::DeploymentVersion version{.deployment_name = "lifecycle", .build_id = build_id};
  HistoryEvents events;
  events.started(1).workflow_task_scheduled(0).workflow_task_started(step.worker, 0).workflow_task_completed(version, 0);
  events.scheduled(0, 0).step_started(step.worker, 1, 0).step_completed(step, 1);
  events.workflow_task_scheduled(1).workflow_task_started(step.worker, 1).workflow_task_completed(version, 1).completed(1);
  return events;
}

TEST_F(VersionedCommandTest, a_run_that_kept_to_its_version_exits_0) {
  ends_with(run_on("v1", step_on("v1")));
  const CommandEnd end = versioned();
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  EXPECT_THAT(end.output, HasSubstr("PROVEN"));
  ASSERT_EQ(starts().size(), 1);
  EXPECT_EQ(client::from_api(starts().front().versioning_override().pinned().version()), version("v1"));
}

TEST_F(VersionedCommandTest, workflow_tasks_that_the_server_gave_to_another_version_exit_7) {
  ends_with(run_on("v2", step_on("v1")));
  const CommandEnd end = versioned();
  EXPECT_EQ(end.exit_code, ExitCode::kGuaranteeBroken) << end.output;
}

TEST_F(VersionedCommandTest, a_step_that_tells_of_another_version_exits_7) {
  ends_with(run_on("v1", step_on("v2")));
  EXPECT_EQ(versioned().exit_code, ExitCode::kGuaranteeBroken);
}

TEST_F(VersionedCommandTest, a_start_that_comes_before_the_server_has_noticed_the_poll_is_tried_again) {
  server_->fail_next<rpc::StartWorkflowExecution>(kNotYetInQueue);
  ends_with(run_on("v1", step_on("v1")));
  EXPECT_EQ(versioned().exit_code, ExitCode::kDone);
  EXPECT_EQ(starts().size(), 2);
}

TEST_F(VersionedCommandTest, a_start_that_is_refused_to_the_end_exits_124) {
  server_->always_fail<rpc::StartWorkflowExecution>(kNotYetInQueue);
  const CommandEnd end = versioned();
  EXPECT_EQ(end.exit_code, ExitCode::kTimedOut);
  EXPECT_THAT(end.errors, HasSubstr("not present in task queue"));
  EXPECT_GT(starts().size(), 1);
  EXPECT_THAT(terminated_, IsEmpty());
}

TEST_F(VersionedCommandTest, a_start_that_is_refused_for_another_reason_is_not_tried_again) {
  server_->always_fail<rpc::StartWorkflowExecution>({.code = rpc::StatusCode::kFailedPrecondition, .message = "namespace is deprecated"});
  EXPECT_EQ(versioned().exit_code, ExitCode::kOperationFailed);
  EXPECT_EQ(starts().size(), 1);
}

TEST_F(VersionedCommandTest, a_version_that_is_remembered_and_gone_exits_124_and_its_workflow_is_ended) {
  nobody_takes_tasks();
  const CommandEnd end = versioned({.workflow_id = "w"});
  EXPECT_EQ(end.exit_code, ExitCode::kTimedOut);
  EXPECT_THAT(end.errors, HasSubstr("known but silent"));
  EXPECT_THAT(terminated_, ElementsAre("w"));
}

TEST_F(VersionedCommandTest, of_two_versions_both_workflows_are_ended_when_one_version_is_gone) {
  nobody_takes_tasks();
  EXPECT_EQ(versioned({.compare_with = "v2"}).exit_code, ExitCode::kTimedOut);
  ASSERT_EQ(starts().size(), 2);
  EXPECT_THAT(terminated_, ElementsAre(starts()[0].workflow_id(), starts()[1].workflow_id()));
}

TEST_F(VersionedCommandTest, nothing_is_started_for_a_version_that_does_not_serve_the_queue) {
  serving_.mutable_version_task_queues()->DeleteSubrange(1, 1);  // it takes workflow tasks, and no activities
  server_->always_answer<rpc::DescribeWorkerDeploymentVersion>(serving_);
  const CommandEnd end = versioned();
  EXPECT_EQ(end.exit_code, ExitCode::kTimedOut);
  EXPECT_THAT(starts(), IsEmpty());
}

}  // namespace
}  // namespace lifecycle::cli
