// Candidates that the server and the profile file know.
#include "cli/completion/fetch.h"

#include <gmock/gmock.h>

#include "cli/command_line.h"
#include "cli/completion/fetch_kubernetes.h"
#include "tests/cli/command_test.h"

namespace lifecycle::cli {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class FetchTest : public test::CommandTest {
 protected:
  std::vector<Candidate> fetch(const std::vector<std::string>& words) {
    return fetch_from_server(complete(command_line_.app(), words), connection_, seconds(1));
  }

  static temporal::api::workflow::v1::WorkflowExecutionInfo info(const std::string& workflow_id, const std::string& task_queue) {
    temporal::api::workflow::v1::WorkflowExecutionInfo info;
    info.mutable_execution()->set_workflow_id(workflow_id);
    info.mutable_type()->set_name("Order");
    info.set_task_queue(task_queue);
    info.set_status(temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_RUNNING);
    return info;
  }

  void workflows(const std::vector<temporal::api::workflow::v1::WorkflowExecutionInfo>& infos) {
    rpc::ListWorkflowExecutions::Response response;
    for (const auto& each : infos) {
      *response.add_executions() = each;
    }
    server_->always_answer<rpc::ListWorkflowExecutions>(response);
  }

  CommandLine command_line_;
};

TEST_F(FetchTest, workflow_ids_are_those_that_begin_so_each_once) {
  workflows({info("order-2", "q"), info("order-1", "q"), info("order-2", "q")});
  EXPECT_THAT(fetch({"quick", "-w", "ord"}), ElementsAre(Candidate{.value = "order-2", .description = "Order RUNNING"},
                                                         Candidate{.value = "order-1", .description = "Order RUNNING"}));
  const auto requests = server_->requests<rpc::ListWorkflowExecutions>();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests.front().query(), "WorkflowId STARTS_WITH 'ord'");
}

TEST_F(FetchTest, a_quote_does_not_get_into_the_query) {
  EXPECT_THAT(fetch({"quick", "-w", "a' OR '"}), IsEmpty());
  EXPECT_THAT(server_->requests<rpc::ListWorkflowExecutions>(), IsEmpty());
}

TEST_F(FetchTest, task_queues_are_the_contracts_and_those_seen) {
  workflows({info("a", "orders"), info("b", "lifecycle-queue"), info("c", "orders")});
  const std::vector<Candidate> found = fetch({"worker", "-t", ""});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].value, "lifecycle-queue");
  EXPECT_EQ(found[1].value, "lifecycle-versioned-queue");
  EXPECT_EQ(found[2], (Candidate{.value = "orders", .description = "seen with Order"}));
}

TEST_F(FetchTest, versions_are_those_of_the_deployment_that_was_given) {
  rpc::DescribeWorkerDeployment::Response response;
  auto& deployment = *response.mutable_worker_deployment_info();
  deployment.set_name("mine");
  deployment.add_version_summaries()->mutable_deployment_version()->set_build_id("v1");
  deployment.add_version_summaries()->mutable_deployment_version()->set_build_id("v2");
  deployment.mutable_routing_config()->mutable_current_deployment_version()->set_build_id("v2");
  server_->always_answer<rpc::DescribeWorkerDeployment>(response);
  EXPECT_THAT(
      fetch({"rollout", "promote", "--deployment-name", "mine", ""}),
      ElementsAre(Candidate{.value = "v1", .description = "of deployment mine"}, Candidate{.value = "v2", .description = "current"}));
  EXPECT_EQ(server_->requests<rpc::DescribeWorkerDeployment>().front().deployment_name(), "mine");
}

TEST_F(FetchTest, deployments_say_what_is_current) {
  rpc::ListWorkerDeployments::Response response;
  auto& summary = *response.add_worker_deployments();
  summary.set_name("mine");
  summary.mutable_routing_config()->mutable_current_deployment_version()->set_build_id("v2");
  server_->always_answer<rpc::ListWorkerDeployments>(response);
  EXPECT_THAT(fetch({"rollout", "status", "--deployment-name", ""}), ElementsAre(Candidate{.value = "mine", .description = "current v2"}));
}

TEST_F(FetchTest, a_server_that_refuses_gives_none) {
  server_->on<rpc::DescribeWorkerDeployment>(
      [](const auto&, const auto& answer) { answer.fail({.code = rpc::StatusCode::kPermissionDenied, .message = "no"}); });
  EXPECT_THAT(fetch({"versioned", ""}), IsEmpty());
}

TEST_F(FetchTest, profiles_are_those_of_the_file_that_was_given) {
  std::string read;
  environment_.read_file = [&read](const std::string& path) -> Result<std::string> {
    read = path;
    return "[profile.default]\naddress = 'a:1'\n[profile.prod]\n";
  };
  const std::vector<std::string> words{"--config-file", "/f.toml", "--profile", ""};
  const ProcessContext process{.environment = environment_, .clock = system_clock()};
  EXPECT_THAT(fetch_candidates(complete(command_line_.app(), words), process, seconds(1)),
              ElementsAre(Candidate{.value = "default", .description = ""}, Candidate{.value = "prod", .description = ""}));
  EXPECT_EQ(read, "/f.toml");
}

TEST_F(FetchTest, a_profile_file_that_is_none_gives_none) {
  environment_.read_file = [](const std::string&) -> Result<std::string> { return "[profile"; };
  environment_.variables["HOME"] = "/home/somebody";
  const ProcessContext process{.environment = environment_, .clock = system_clock()};
  EXPECT_THAT(fetch_candidates(complete(command_line_.app(), std::vector<std::string>{"--profile", ""}), process, seconds(1)), IsEmpty());
}

TEST(FetchFromKubernetes, contexts_say_their_cluster) {
  kubernetes::Kubeconfig config{.current_context = "prod"};
  config.contexts["prod"].cluster = "c1";
  config.contexts["test"].cluster = "c2";
  EXPECT_THAT(context_candidates(config), ElementsAre(Candidate{.value = "prod", .description = "cluster c1, current"},
                                                      Candidate{.value = "test", .description = "cluster c2"}));
}

TEST(FetchFromKubernetes, no_kubeconfig_gives_none) {
  const client::Environment environment{.variables = {{"HOME", "/no/such/home"}}, .read_file = {}};
  const ProcessContext process{.environment = environment, .clock = system_clock()};
  for (const ValueSource source : {ValueSource::kKubeContexts, ValueSource::kPods}) {
    EXPECT_THAT(fetch_from_kubernetes({.source = source}, process, seconds(1)), IsEmpty());
  }
}

}  // namespace
}  // namespace lifecycle::cli
