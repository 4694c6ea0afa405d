// What a worker says of its version: on every poll and every response the same, or nothing at all.
#include "tests/worker/worker_fixture.h"

namespace lifecycle::worker {
namespace {

using test::WorkerTest;
using test::workflow_task;
namespace enums = api::enums;

class DeploymentTest : public WorkerTest {
 protected:
  DeploymentTest() { options_.deployment = WorkerDeployment{.name = "lifecycle"}; }

  template <class Request>
  static void expect_options(const Request& request, const char* where) {
    EXPECT_EQ(request.deployment_options().deployment_name(), "lifecycle") << where;
    EXPECT_EQ(request.deployment_options().build_id(), "v1") << where;
    EXPECT_EQ(request.deployment_options().worker_versioning_mode(), enums::WORKER_VERSIONING_MODE_VERSIONED) << where;
  }
};

TEST_F(DeploymentTest, EveryPollSaysWhichVersionItIs) {
  start();
  expect_options(open_normal_polls().at(0).request, "normal queue");
  expect_options(open_sticky_polls().at(0).request, "sticky queue");
  EXPECT_EQ(open_sticky_polls().at(0).request.task_queue().normal_name(), "queue-1")
      << "the server refuses a versioned sticky poll without";
  expect_options(open_activity_polls().at(0).request, "activities");
}

TEST_F(DeploymentTest, ACompletedWorkflowTaskIsPinnedByDefault) {
  start();
  give(workflow_task(test::begun("Waiting").build()));
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  expect_options(completed, "completed");
  EXPECT_EQ(completed.versioning_behavior(), enums::VERSIONING_BEHAVIOR_PINNED);
}

TEST_F(DeploymentTest, AnAutoUpgradingWorkerSaysSoInEachCompletion) {
  options_.deployment->versioning_behavior = VersioningBehavior::kAutoUpgrade;
  start();
  give(workflow_task(test::begun("Waiting").build()));
  EXPECT_EQ(server_.last_request<rpc::RespondWorkflowTaskCompleted>().versioning_behavior(), enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
}

TEST_F(DeploymentTest, AFailedWorkflowTaskSaysWhichVersionFailed) {
  start();
  give(workflow_task(test::begun("NoSuchWorkflow").build(), "run-1", "NoSuchWorkflow"));
  expect_options(server_.last_request<rpc::RespondWorkflowTaskFailed>(), "failed");
}

TEST_F(DeploymentTest, TheOutcomeOfAnActivitySaysWhichVersionItIs) {
  start();
  give(test::activity_task("Greet", converter::to_payloads("ann")));
  expect_options(wait_for<rpc::RespondActivityTaskCompleted>(), "completed");
  give(test::activity_task("NoSuchActivity"));
  expect_options(wait_for<rpc::RespondActivityTaskFailed>(), "failed");
}

TEST_F(WorkerTest, AnUnversionedWorkerSaysNothingOfVersions) {
  start();
  EXPECT_FALSE(open_normal_polls().at(0).request.has_deployment_options());
  EXPECT_FALSE(open_sticky_polls().at(0).request.has_deployment_options());
  EXPECT_FALSE(open_activity_polls().at(0).request.has_deployment_options());
  give(workflow_task(test::begun("Waiting").build()));
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  EXPECT_FALSE(completed.has_deployment_options());
  EXPECT_EQ(completed.versioning_behavior(), enums::VERSIONING_BEHAVIOR_UNSPECIFIED) << "the server refuses one without options";
}

}  // namespace
}  // namespace lifecycle::worker
