#include "client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include "rpc/methods.h"
#include "tests/support/fake_workflow_service.h"
#include "tests/support/manual_event_loop.h"
#include "tests/support/status_builder.h"

namespace lifecycle::client {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
namespace enums = temporal::api::enums::v1;
namespace errordetails = temporal::api::errordetails::v1;

constexpr const char* kUuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

class ClientTest : public testing::Test {
 protected:
  static api::Payloads payloads(const std::string& data) {
    api::Payloads all;
    all.add_payloads()->set_data(data);
    return all;
  }

  test::ManualEventLoop loop_;
  test::FakeWorkflowService server_{loop_};
  Client client_{server_, loop_, {.name_space = "ns", .identity = "me", .address = "there:7233"}};
};

TEST_F(ClientTest, WithoutAnIdentityItIsProcessAndHost) {
  EXPECT_THAT(Client(server_, loop_, {}).options().identity, MatchesRegex("[0-9]+@.+"));
}

TEST_F(ClientTest, StartSendsWhatWasAskedForAndReturnsTheRunId) {
  rpc::StartWorkflowExecution::Response response;
  response.set_run_id("run-1");
  server_.always_answer<rpc::StartWorkflowExecution>(response);
  const auto run_id =
      client_.start_workflow({.workflow_id = "w", .task_queue = "q", .workflow_type = "T", .execution_timeout = 90s}, payloads("input"));
  ASSERT_TRUE(run_id.has_value());
  EXPECT_EQ(*run_id, "run-1");
  const auto request = server_.last_request<rpc::StartWorkflowExecution>();
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.identity(), "me");
  EXPECT_EQ(request.workflow_id(), "w");
  EXPECT_EQ(request.task_queue().name(), "q");
  EXPECT_EQ(request.workflow_type().name(), "T");
  EXPECT_EQ(request.workflow_execution_timeout().seconds(), 90);
  EXPECT_EQ(request.input().payloads(0).data(), "input");
  EXPECT_EQ(request.workflow_id_conflict_policy(), enums::WORKFLOW_ID_CONFLICT_POLICY_FAIL);
  EXPECT_THAT(request.request_id(), MatchesRegex(kUuid));
}

TEST_F(ClientTest, EachStartHasARequestIdOfItsOwnAndNoTimeoutByDefault) {
  server_.always_answer<rpc::StartWorkflowExecution>();
  ASSERT_TRUE(client_.start_workflow({.workflow_id = "w", .task_queue = "q", .workflow_type = "T"}, {}).has_value());
  ASSERT_TRUE(client_.start_workflow({.workflow_id = "w", .task_queue = "q", .workflow_type = "T"}, {}).has_value());
  const auto requests = server_.requests<rpc::StartWorkflowExecution>();
  EXPECT_NE(requests[0].request_id(), requests[1].request_id());
  EXPECT_FALSE(requests[0].has_workflow_execution_timeout());
}

TEST_F(ClientTest, AWorkflowThatRunsAlreadyIsNamedWithItsRun) {
  errordetails::WorkflowExecutionAlreadyStartedFailure started;
  started.set_run_id("run-0");
  server_.always_fail<rpc::StartWorkflowExecution>(
      test::status_with_detail(StatusCode::kAlreadyExists, "Workflow execution is already running", started));
  const auto run_id = client_.start_workflow({.workflow_id = "w", .task_queue = "q", .workflow_type = "T"}, {});
  ASSERT_FALSE(run_id.has_value());
  EXPECT_EQ(run_id.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(run_id.error().message, "start workflow 'w': it runs already, as run run-0");
}

TEST_F(ClientTest, EveryCallSaysWhatItAttemptedWhenItFails) {
  const rpc::Status status{.code = StatusCode::kNotFound, .message = "nope"};
  server_.always_fail<rpc::DescribeWorkflowExecution>(status);
  server_.always_fail<rpc::GetWorkflowExecutionHistory>(status);
  server_.always_fail<rpc::QueryWorkflow>(status);
  server_.always_fail<rpc::SignalWorkflowExecution>(status);
  server_.always_fail<rpc::RequestCancelWorkflowExecution>(status);
  server_.always_fail<rpc::TerminateWorkflowExecution>(status);
  const std::pair<Error, const char*> table[] = {
      {client_.describe("w").error(), "describe workflow 'w': "},
      {client_.fetch_history("w").error(), "fetch the history of workflow 'w': "},
      {client_.wait_for_outcome("w", "", 1min).error(), "wait for workflow 'w': "},
      {client_.query("w", "progress").error(), "query 'progress' of workflow 'w': "},
      {client_.signal("w", "pause").error(), "signal 'pause' to workflow 'w': "},
      {client_.request_cancel("w", "r").error(), "cancel workflow 'w': "},
      {client_.terminate("w", "r").error(), "terminate workflow 'w': "},
  };
  for (const auto& [error, attempt] : table) {
    EXPECT_EQ(error.code, ErrorCode::kNotFound) << attempt;
    EXPECT_THAT(error.message, AllOf(HasSubstr(attempt), HasSubstr("nope")));
  }
}

TEST_F(ClientTest, CallsGetTheCommandTimeout) {
  Client impatient(server_, loop_, {.command_timeout = 3s});
  const SteadyTime began = loop_.clock().steady_now();
  EXPECT_EQ(impatient.describe("w").error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(loop_.clock().steady_now() - began, 3s);
}

TEST_F(ClientTest, AHistoryIsPutTogetherFromItsPages) {
  server_.on<rpc::GetWorkflowExecutionHistory>([](const auto& request, const auto& answer) {
    rpc::GetWorkflowExecutionHistory::Response page;
    const std::int64_t first = request.next_page_token().empty() ? 1 : std::stoll(request.next_page_token());
    page.mutable_history()->add_events()->set_event_id(first);
    page.mutable_history()->add_events()->set_event_id(first + 1);
    if (first < 5) {
      page.set_next_page_token(std::to_string(first + 2));
    }
    answer.with(page);
  });
  const auto history = client_.fetch_history("w", "run-1");
  ASSERT_TRUE(history.has_value());
  ASSERT_EQ(history->events_size(), 6);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(history->events(i).event_id(), i + 1);
  }
  EXPECT_EQ(server_.requests<rpc::GetWorkflowExecutionHistory>()[2].execution().run_id(), "run-1");
  EXPECT_FALSE(server_.last_request<rpc::GetWorkflowExecutionHistory>().wait_new_event());
}

TEST_F(ClientTest, WaitingReturnsTheOutcome) {
  rpc::WaitForWorkflowExecutionHistory::Response response;
  response.mutable_history()->add_events()->set_event_type(enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED);
  server_.always_answer<rpc::WaitForWorkflowExecutionHistory>(response);
  const auto outcome = client_.wait_for_outcome("w", "run-1", {});
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, enums::WORKFLOW_EXECUTION_STATUS_CANCELED);
  EXPECT_EQ(outcome->run_id, "run-1");
}

TEST_F(ClientTest, AQueryReturnsItsResult) {
  rpc::QueryWorkflow::Response response;
  *response.mutable_query_result() = payloads("answer");
  server_.always_answer<rpc::QueryWorkflow>(response);
  const auto result = client_.query("w", "progress", payloads("argument"));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->payloads(0).data(), "answer");
  const auto request = server_.last_request<rpc::QueryWorkflow>();
  EXPECT_EQ(request.execution().workflow_id(), "w");
  EXPECT_EQ(request.query().query_type(), "progress");
  EXPECT_EQ(request.query().query_args().payloads(0).data(), "argument");
}

TEST_F(ClientTest, ARejectedQuerySaysInWhatStateTheWorkflowIs) {
  rpc::QueryWorkflow::Response response;
  response.mutable_query_rejected()->set_status(enums::WORKFLOW_EXECUTION_STATUS_TERMINATED);
  server_.always_answer<rpc::QueryWorkflow>(response);
  const auto result = client_.query("w", "progress");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(result.error().message, HasSubstr("TERMINATED"));
}

TEST_F(ClientTest, SignalCancelAndTerminateSendWhatWasAskedFor) {
  server_.always_answer<rpc::SignalWorkflowExecution>();
  server_.always_answer<rpc::RequestCancelWorkflowExecution>();
  server_.always_answer<rpc::TerminateWorkflowExecution>();
  EXPECT_TRUE(client_.signal("w", "pause", payloads("input")).has_value());
  EXPECT_TRUE(client_.request_cancel("w", "tired").has_value());
  EXPECT_TRUE(client_.terminate("w", "broken").has_value());
  const auto signal = server_.last_request<rpc::SignalWorkflowExecution>();
  EXPECT_EQ(signal.signal_name(), "pause");
  EXPECT_EQ(signal.workflow_execution().workflow_id(), "w");
  EXPECT_EQ(signal.input().payloads(0).data(), "input");
  EXPECT_THAT(signal.request_id(), MatchesRegex(kUuid));
  const auto cancel = server_.last_request<rpc::RequestCancelWorkflowExecution>();
  EXPECT_EQ(cancel.reason(), "tired");
  EXPECT_THAT(cancel.request_id(), MatchesRegex(kUuid));
  EXPECT_EQ(server_.last_request<rpc::TerminateWorkflowExecution>().reason(), "broken");
}

TEST_F(ClientTest, AConnectionIsCheckedByTheServersInformationAndTheNamespace) {
  rpc::GetSystemInfo::Response info;
  info.set_server_version("1.32.0");
  server_.always_answer<rpc::GetSystemInfo>(info);
  server_.always_answer<rpc::DescribeNamespace>();
  const auto answer = client_.check_connection(10s);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->server_version(), "1.32.0");
  EXPECT_EQ(server_.last_request<rpc::DescribeNamespace>().namespace_(), "ns");
}

TEST_F(ClientTest, AServerWithoutSystemInformationIsTolerated) {
  server_.always_fail<rpc::GetSystemInfo>({.code = StatusCode::kUnimplemented});
  server_.always_answer<rpc::DescribeNamespace>();
  EXPECT_TRUE(client_.check_connection(10s).has_value());
}

TEST_F(ClientTest, AServerThatIsNotThereYetIsWaitedFor) {
  for (int i = 0; i < 3; ++i) {
    server_.fail_next<rpc::GetSystemInfo>({.code = StatusCode::kUnavailable});
  }
  server_.always_answer<rpc::GetSystemInfo>();
  server_.always_answer<rpc::DescribeNamespace>();
  EXPECT_TRUE(client_.check_connection(10s).has_value());
}

TEST_F(ClientTest, AServerThatDoesNotComeIsUnavailableAndNamed) {
  server_.always_fail<rpc::GetSystemInfo>({.code = StatusCode::kUnavailable, .message = "connection refused"});
  const SteadyTime began = loop_.clock().steady_now();
  const auto answer = client_.check_connection(10s);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(answer.error().message, "connect: no answer from Temporal at there:7233: connection refused");
  EXPECT_LE(loop_.clock().steady_now() - began, 10s);
  EXPECT_GT(server_.requests<rpc::GetSystemInfo>().size(), 10U);
}

TEST_F(ClientTest, AServerThatIsThereAndSilentIsUnavailableToo) {
  const auto answer = client_.check_connection(10s);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
}

TEST_F(ClientTest, AMissingNamespaceAndARefusalAreToldApart) {
  server_.always_answer<rpc::GetSystemInfo>();
  server_.fail_next<rpc::DescribeNamespace>({.code = StatusCode::kNotFound, .message = "Namespace ns is not found."});
  const auto missing = client_.check_connection(10s);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("namespace 'ns'"));

  server_.always_fail<rpc::GetSystemInfo>({.code = StatusCode::kUnauthenticated});
  const auto refused = client_.check_connection(10s);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);
}

}  // namespace
}  // namespace lifecycle::client
