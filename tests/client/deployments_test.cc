#include "client/deployments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/client.h"
#include "rpc/methods.h"
#include "tests/support/fake_workflow_service.h"
#include "tests/support/manual_event_loop.h"

namespace lifecycle::client {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;
namespace enums = temporal::api::enums::v1;

const rpc::Status kNotFound{.code = StatusCode::kNotFound, .message = "no such version"};

class DeploymentsTest : public testing::Test {
 protected:
  // The deployment `lifecycle` with these versions.
  static rpc::DescribeWorkerDeployment::Response deployment_with(const std::vector<std::string>& build_ids) {
    rpc::DescribeWorkerDeployment::Response response;
    response.mutable_worker_deployment_info()->set_name("lifecycle");
    for (const std::string& build_id : build_ids) {
      *response.mutable_worker_deployment_info()->add_version_summaries()->mutable_deployment_version() =
          to_api({.deployment_name = "lifecycle", .build_id = build_id});
    }
    return response;
  }

  static rpc::DescribeWorkerDeploymentVersion::Response serving(const std::string& task_queue, std::vector<enums::TaskQueueType> types) {
    rpc::DescribeWorkerDeploymentVersion::Response response;
    for (const enums::TaskQueueType type : types) {
      auto& queue = *response.add_version_task_queues();
      queue.set_name(task_queue);
      queue.set_type(type);
    }
    return response;
  }

  static constexpr auto kWorkflow = enums::TASK_QUEUE_TYPE_WORKFLOW;
  static constexpr auto kActivity = enums::TASK_QUEUE_TYPE_ACTIVITY;

  const DeploymentVersion v1_{.deployment_name = "lifecycle", .build_id = "v1"};
  test::ManualEventLoop loop_;
  test::FakeWorkflowService server_{loop_};
  Deployments deployments_{server_, loop_, {.name_space = "ns", .identity = "me"}};
};

TEST_F(DeploymentsTest, TheListIsPutTogetherFromItsPages) {
  server_.on<rpc::ListWorkerDeployments>([](const auto& request, const auto& answer) {
    rpc::ListWorkerDeployments::Response page;
    page.add_worker_deployments()->set_name(request.next_page_token().empty() ? "a" : "b");
    page.set_next_page_token(request.next_page_token().empty() ? "more" : "");
    answer.with(page);
  });
  const auto all = deployments_.list();
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 2);
  EXPECT_EQ(all->at(1).name(), "b");
  EXPECT_EQ(server_.last_request<rpc::ListWorkerDeployments>().namespace_(), "ns");
}

TEST_F(DeploymentsTest, AnUnknownDeploymentIsToldWithThoseThatExist) {
  server_.always_fail<rpc::DescribeWorkerDeployment>(kNotFound);
  rpc::ListWorkerDeployments::Response others;
  others.add_worker_deployments()->set_name("payments");
  server_.always_answer<rpc::ListWorkerDeployments>(others);
  const auto described = deployments_.describe("lifecycle");
  ASSERT_FALSE(described.has_value());
  EXPECT_EQ(described.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(described.error().message, HasSubstr("'lifecycle'"));
  EXPECT_THAT(described.error().hint, HasSubstr("payments"));
}

TEST_F(DeploymentsTest, AVersionServesAQueueOnceItPollsForWorkflowAndActivityTasks) {
  server_.fail_next<rpc::DescribeWorkerDeploymentVersion>(kNotFound);
  server_.answer_next<rpc::DescribeWorkerDeploymentVersion>(serving("other", {kWorkflow, kActivity}));
  server_.answer_next<rpc::DescribeWorkerDeploymentVersion>(serving("q", {kWorkflow}));
  server_.answer_next<rpc::DescribeWorkerDeploymentVersion>(serving("q", {kWorkflow, kActivity}));
  EXPECT_TRUE(deployments_.wait_until_serving(v1_, "q", 30s).has_value());
  EXPECT_EQ(server_.requests<rpc::DescribeWorkerDeploymentVersion>().size(), 4);
  const auto request = server_.last_request<rpc::DescribeWorkerDeploymentVersion>();
  EXPECT_EQ(from_api(request.deployment_version()), v1_);
}

TEST_F(DeploymentsTest, AVersionThatNobodyHasHeardOfIsToldWithThoseThatExist) {
  server_.always_fail<rpc::DescribeWorkerDeploymentVersion>(kNotFound);
  server_.always_answer<rpc::DescribeWorkerDeployment>(deployment_with({"v3", "v2"}));
  const SteadyTime began = loop_.clock().steady_now();
  const Result<void> served = deployments_.wait_until_serving(v1_, "q", 10s);
  ASSERT_FALSE(served.has_value());
  EXPECT_EQ(served.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(served.error().message, HasSubstr("'v1'"));
  EXPECT_THAT(served.error().hint, HasSubstr("v2, v3"));
  EXPECT_EQ(loop_.clock().steady_now() - began, 10s);
}

TEST_F(DeploymentsTest, AVersionThatIsKnownAndServesOtherQueuesIsATimeOut) {
  server_.always_answer<rpc::DescribeWorkerDeploymentVersion>(serving("other", {kWorkflow, kActivity}));
  const Result<void> served = deployments_.wait_until_serving(v1_, "q", 10s);
  ASSERT_FALSE(served.has_value());
  EXPECT_EQ(served.error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(served.error().hint, "it serves: other");
}

TEST_F(DeploymentsTest, AVersionThatIsListedAndServesNothingIsATimeOut) {
  server_.always_fail<rpc::DescribeWorkerDeploymentVersion>(kNotFound);
  server_.always_answer<rpc::DescribeWorkerDeployment>(deployment_with({"v1"}));
  EXPECT_EQ(deployments_.wait_until_serving(v1_, "q", 10s).error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(DeploymentsTest, WhatIsNoMatterOfWaitingIsToldAtOnce) {
  server_.always_fail<rpc::DescribeWorkerDeploymentVersion>({.code = StatusCode::kPermissionDenied, .message = "no"});
  EXPECT_EQ(deployments_.wait_until_serving(v1_, "q", 10s).error().code, ErrorCode::kPermissionDenied);
  EXPECT_EQ(server_.requests<rpc::DescribeWorkerDeploymentVersion>().size(), 1);
}

TEST_F(DeploymentsTest, SettingTheCurrentVersionSendsTheTokenSoThatNobodysChangeIsOverwritten) {
  server_.always_answer<rpc::SetWorkerDeploymentCurrentVersion>();
  ASSERT_TRUE(deployments_.set_current(v1_, "token").has_value());
  const auto request = server_.last_request<rpc::SetWorkerDeploymentCurrentVersion>();
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.deployment_name(), "lifecycle");
  EXPECT_EQ(request.build_id(), "v1");
  EXPECT_EQ(request.conflict_token(), "token");
  EXPECT_EQ(request.identity(), "me");
  EXPECT_FALSE(request.ignore_missing_task_queues());
  EXPECT_FALSE(request.allow_no_pollers());
}

TEST_F(DeploymentsTest, AnUnknownVersionCannotBecomeCurrent) {
  server_.always_fail<rpc::SetWorkerDeploymentCurrentVersion>(kNotFound);
  server_.always_answer<rpc::DescribeWorkerDeployment>(deployment_with({"v2"}));
  const Result<void> set = deployments_.set_current(v1_, "token");
  ASSERT_FALSE(set.has_value());
  EXPECT_EQ(set.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(set.error().hint, HasSubstr("v2"));
}

TEST_F(DeploymentsTest, ARampHasAVersionAndAPercentage) {
  server_.always_answer<rpc::SetWorkerDeploymentRampingVersion>();
  ASSERT_TRUE(deployments_.set_ramping(v1_, 25, "token").has_value());
  const auto request = server_.last_request<rpc::SetWorkerDeploymentRampingVersion>();
  EXPECT_EQ(request.build_id(), "v1");
  EXPECT_EQ(request.percentage(), 25);
  EXPECT_EQ(request.conflict_token(), "token");
}

TEST_F(DeploymentsTest, PropagationIsWaitedForAsLongAsItIsInProgress) {
  rpc::DescribeWorkerDeployment::Response response = deployment_with({"v1"});
  response.mutable_worker_deployment_info()->set_routing_config_update_state(enums::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS);
  server_.answer_next<rpc::DescribeWorkerDeployment>(response);
  server_.answer_next<rpc::DescribeWorkerDeployment>(response);
  response.mutable_worker_deployment_info()->set_routing_config_update_state(enums::ROUTING_CONFIG_UPDATE_STATE_COMPLETED);
  server_.answer_next<rpc::DescribeWorkerDeployment>(response);
  EXPECT_TRUE(deployments_.wait_until_propagated("lifecycle", 10s).has_value());
  EXPECT_EQ(server_.requests<rpc::DescribeWorkerDeployment>().size(), 3);
}

TEST_F(DeploymentsTest, AServerThatDoesNotTellOfPropagationIsNotWaitedFor) {
  server_.answer_next<rpc::DescribeWorkerDeployment>(deployment_with({"v1"}));
  EXPECT_TRUE(deployments_.wait_until_propagated("lifecycle", 10s).has_value());
}

TEST_F(DeploymentsTest, PropagationThatTakesTooLongIsATimeOut) {
  rpc::DescribeWorkerDeployment::Response response = deployment_with({"v1"});
  response.mutable_worker_deployment_info()->set_routing_config_update_state(enums::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS);
  server_.always_answer<rpc::DescribeWorkerDeployment>(response);
  EXPECT_EQ(deployments_.wait_until_propagated("lifecycle", 10s).error().code, ErrorCode::kDeadlineExceeded);
}

class PinnedStartTest : public DeploymentsTest {
 protected:
  Client client_{server_, loop_, {.name_space = "ns", .identity = "me"}};
};

TEST_F(PinnedStartTest, SaysWhichVersionEveryTaskIsToRunOn) {
  server_.always_answer<rpc::StartWorkflowExecution>();
  ASSERT_TRUE(client_.start_workflow({.workflow_id = "w", .task_queue = "q", .workflow_type = "T", .pinned_to = v1_}, {}).has_value());
  const auto request = server_.last_request<rpc::StartWorkflowExecution>();
  const auto& pinned = request.versioning_override().pinned();
  EXPECT_EQ(pinned.behavior(), temporal::api::workflow::v1::VersioningOverride::PINNED_OVERRIDE_BEHAVIOR_PINNED);
  EXPECT_EQ(from_api(pinned.version()), v1_);
}

TEST_F(PinnedStartTest, WithoutAVersionSaysNothingOfVersions) {
  server_.always_answer<rpc::StartWorkflowExecution>();
  ASSERT_TRUE(client_.start_workflow({.workflow_id = "w", .task_queue = "q", .workflow_type = "T"}, {}).has_value());
  EXPECT_FALSE(server_.last_request<rpc::StartWorkflowExecution>().has_versioning_override());
}

TEST_F(PinnedStartTest, TellsAVersionThatDoesNotServeTheQueueFromOtherRefusals) {
  server_.fail_next<rpc::StartWorkflowExecution>({.code = StatusCode::kFailedPrecondition,
                                                  .message = "Pinned version 'lifecycle:v1' is not present in task queue 'q' of type "
                                                             "'Workflow'"});
  server_.fail_next<rpc::StartWorkflowExecution>({.code = StatusCode::kFailedPrecondition, .message = "namespace is deprecated"});
  const StartOptions options{.workflow_id = "w", .task_queue = "q", .workflow_type = "T", .pinned_to = v1_};
  EXPECT_TRUE(is_version_not_serving(client_.start_workflow(options, {}).error()));
  EXPECT_FALSE(is_version_not_serving(client_.start_workflow(options, {}).error()));
}

TEST_F(PinnedStartTest, WorkflowsAreCountedByAQuery) {
  rpc::CountWorkflowExecutions::Response response;
  response.set_count(7);
  server_.always_answer<rpc::CountWorkflowExecutions>(response);
  EXPECT_EQ(client_.count_workflows("ExecutionStatus = 'Running'").value(), 7);
  EXPECT_EQ(server_.last_request<rpc::CountWorkflowExecutions>().query(), "ExecutionStatus = 'Running'");
}

}  // namespace
}  // namespace lifecycle::client
