#include "cli/rollout_command.h"

#include <gmock/gmock.h>

#include "client/deployments.h"
#include "tests/cli/command_test.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;
using test::CommandEnd;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
namespace enums = api::enums;

class RolloutCommandTest : public test::CommandTest {
 protected:
  RolloutCommandTest() {
    auto& info = *deployment_.mutable_worker_deployment_info();
    info.set_name("lifecycle");
    info.set_routing_config_update_state(enums::ROUTING_CONFIG_UPDATE_STATE_COMPLETED);
    deployment_.set_conflict_token("token");
    server_->on<rpc::DescribeWorkerDeployment>([this](const auto&, const auto& answer) { answer.with(deployment_); });
    server_->always_answer<rpc::CountWorkflowExecutions>();
    server_->always_answer<rpc::ListWorkerDeployments>();
    server_->always_answer<rpc::SetWorkerDeploymentCurrentVersion>();
    server_->always_answer<rpc::SetWorkerDeploymentRampingVersion>();
    server_->always_answer<rpc::DescribeWorkerDeploymentVersion>();
  }

  void routes_to(const std::string& build_id) {
    *deployment_.mutable_worker_deployment_info()->mutable_routing_config()->mutable_current_deployment_version() =
        client::to_api(version(build_id));
  }

  void ramps_to(const std::string& build_id) {
    *deployment_.mutable_worker_deployment_info()->mutable_routing_config()->mutable_ramping_deployment_version() =
        client::to_api(version(build_id));
  }

  auto& has_version(const std::string& build_id) {
    auto& summary = *deployment_.mutable_worker_deployment_info()->add_version_summaries();
    *summary.mutable_deployment_version() = client::to_api(version(build_id));
    return summary;
  }

  CommandEnd rollout(RolloutAction action, const std::string& build_id = "") {
    const RolloutOptions options{.action = action, .version = build_id, .wait_timeout = 300ms};
    return run([&](const ProcessContext& process, Output& output) { return run_rollout(global_, options, process, output, connection_); });
  }

  auto changes() { return server_->requests<rpc::SetWorkerDeploymentCurrentVersion>(); }
  auto ramps() { return server_->requests<rpc::SetWorkerDeploymentRampingVersion>(); }

  rpc::DescribeWorkerDeployment::Response deployment_;
};

TEST_F(RolloutCommandTest, promoting_changes_the_current_version_once_and_only_over_what_it_has_seen) {
  routes_to("v1");
  const CommandEnd end = rollout(RolloutAction::kPromote, "v2");
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  EXPECT_THAT(end.output, HasSubstr("promoted: current v2 of deployment lifecycle"));
  ASSERT_EQ(changes().size(), 1);
  EXPECT_EQ(changes().front().build_id(), "v2");
  EXPECT_EQ(changes().front().conflict_token(), "token");
  EXPECT_THAT(ramps(), IsEmpty());
}

TEST_F(RolloutCommandTest, promoting_what_is_current_changes_nothing) {
  routes_to("v1");
  const CommandEnd end = rollout(RolloutAction::kPromote, "v1");
  EXPECT_EQ(end.exit_code, ExitCode::kDone);
  EXPECT_THAT(end.output, HasSubstr("nothing to do: current v1"));
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(RolloutCommandTest, promoting_what_is_current_ends_a_ramp) {
  routes_to("v1");
  ramps_to("v2");
  EXPECT_EQ(rollout(RolloutAction::kPromote, "v1").exit_code, ExitCode::kDone);
  ASSERT_EQ(changes().size(), 1);
  EXPECT_EQ(changes().front().build_id(), "v1");
}

TEST_F(RolloutCommandTest, routing_that_does_not_reach_every_queue_in_time_exits_124_and_says_that_it_is_set) {
  deployment_.mutable_worker_deployment_info()->set_routing_config_update_state(enums::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS);
  const CommandEnd end = rollout(RolloutAction::kPromote, "v2");
  EXPECT_EQ(end.exit_code, ExitCode::kTimedOut);
  EXPECT_THAT(end.errors, HasSubstr("has not reached every task queue after 300ms"));
  EXPECT_THAT(end.errors, HasSubstr("it is set and goes on spreading"));
  EXPECT_THAT(end.output, Not(HasSubstr("promoted")));
  EXPECT_EQ(changes().size(), 1);
}

TEST_F(RolloutCommandTest, a_server_that_does_not_tell_of_spreading_is_not_waited_for) {
  deployment_.mutable_worker_deployment_info()->set_routing_config_update_state(enums::ROUTING_CONFIG_UPDATE_STATE_UNSPECIFIED);
  EXPECT_EQ(rollout(RolloutAction::kPromote, "v2").exit_code, ExitCode::kDone);
}

TEST_F(RolloutCommandTest, what_somebody_else_has_changed_meanwhile_is_not_overwritten) {
  server_->always_fail<rpc::SetWorkerDeploymentCurrentVersion>(
      {.code = rpc::StatusCode::kFailedPrecondition, .message = "conflict token mismatch"});
  const CommandEnd end = rollout(RolloutAction::kPromote, "v2");
  EXPECT_EQ(end.exit_code, ExitCode::kOperationFailed);
  EXPECT_THAT(end.errors, HasSubstr("conflict token mismatch"));
  EXPECT_EQ(changes().size(), 1) << "a refused change is not tried again";
}

TEST_F(RolloutCommandTest, rolling_back_ends_a_ramp_first) {
  routes_to("v1");
  ramps_to("v2");
  global_.output = OutputFormat::kJson;
  const CommandEnd end = rollout(RolloutAction::kRollback);
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  ASSERT_EQ(ramps().size(), 1);
  EXPECT_EQ(ramps().front().build_id(), "");
  EXPECT_EQ(ramps().front().percentage(), 0);
  EXPECT_EQ(ramps().front().conflict_token(), "token");
  EXPECT_THAT(changes(), IsEmpty());
  const auto document = nlohmann::json::parse(end.output);
  EXPECT_EQ(document["action"], "ramp ended");
  EXPECT_EQ(document["current"], "v1");
  EXPECT_EQ(document["previous"], "v2");
}

TEST_F(RolloutCommandTest, rolling_back_with_nothing_to_go_back_to_changes_nothing) {
  routes_to("v1");
  has_version("v1").set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
  has_version("v2").set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE);
  const CommandEnd end = rollout(RolloutAction::kRollback);
  EXPECT_EQ(end.exit_code, ExitCode::kOperationFailed);
  EXPECT_THAT(end.errors, HasSubstr("no version was current before 'v1'"));
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_THAT(ramps(), IsEmpty());
}

TEST_F(RolloutCommandTest, what_stays_pinned_to_the_version_that_was_left_is_told) {
  routes_to("v1");
  rpc::CountWorkflowExecutions::Response count;
  count.set_count(3);
  server_->always_answer<rpc::CountWorkflowExecutions>(count);
  const CommandEnd end = rollout(RolloutAction::kPromote, "v2");
  EXPECT_THAT(end.output, HasSubstr("pinned to v1 and staying there: 3"));
}

TEST_F(RolloutCommandTest, a_drainage_that_the_server_has_not_looked_at_is_never_called_safe) {
  routes_to("v2");
  has_version("v2").set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
  auto& old = has_version("v1");
  old.set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING);
  old.mutable_drainage_info()->set_status(enums::VERSION_DRAINAGE_STATUS_UNSPECIFIED);
  global_.output = OutputFormat::kJson;
  const CommandEnd end = rollout(RolloutAction::kStatus);
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  const auto versions = nlohmann::json::parse(end.output)["versions"];
  ASSERT_EQ(versions.size(), 2);
  EXPECT_EQ(versions[1]["version"], "v1");
  EXPECT_EQ(versions[1]["drainage"], "not yet checked");
}

TEST_F(RolloutCommandTest, a_namespace_that_is_nearly_full_of_deployments_is_warned_of) {
  routes_to("v1");
  has_version("v1").set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
  rpc::ListWorkerDeployments::Response many;
  for (int i = 0; i < 85; ++i) {
    many.add_worker_deployments()->set_name("d" + std::to_string(i));
  }
  server_->always_answer<rpc::ListWorkerDeployments>(many);
  const CommandEnd end = rollout(RolloutAction::kStatus);
  EXPECT_EQ(end.exit_code, ExitCode::kDone);
  EXPECT_THAT(end.errors, HasSubstr("85 deployments"));
}

TEST_F(RolloutCommandTest, a_version_whose_queues_nobody_has_noted_is_listed_all_the_same) {
  routes_to("v1");
  has_version("v1").set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
  has_version("v2").set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE);
  server_->on<rpc::DescribeWorkerDeploymentVersion>([](const auto& request, const auto& answer) {
    if (request.deployment_version().build_id() == "v2") {
      answer.fail({.code = rpc::StatusCode::kNotFound, .message = "no such version"});
    } else {
      answer.with({});
    }
  });
  const CommandEnd end = rollout(RolloutAction::kStatus);
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  EXPECT_THAT(end.output, HasSubstr("v2"));
}

TEST_F(RolloutCommandTest, a_status_that_cannot_be_asked_for_completely_is_an_error_and_not_half_an_answer) {
  has_version("v1").set_status(enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT);
  server_->always_fail<rpc::CountWorkflowExecutions>({.code = rpc::StatusCode::kPermissionDenied, .message = "no"});
  const CommandEnd end = rollout(RolloutAction::kStatus);
  EXPECT_EQ(end.exit_code, ExitCode::kNotAuthorised);
  EXPECT_THAT(end.output, IsEmpty());
}

}  // namespace
}  // namespace lifecycle::cli
