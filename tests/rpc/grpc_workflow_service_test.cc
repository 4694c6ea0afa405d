#include "rpc/grpc_workflow_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>

#include "rpc/await.h"
#include "rpc/methods.h"
#include "rpc/service_stack.h"
#include "tests/rpc/grpc_test_server.h"

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

// Generous, because a busy machine must not fail a test: no test waits for it.
constexpr CallOptions kPatient{.timeout = 60s};

class GrpcWorkflowServiceTest : public testing::Test {
 protected:
  void serve(GrpcTestServer::Handler handler, int port = 0) { server_.emplace(std::move(handler), port); }

  void serve_message(const google::protobuf::MessageLite& message) {
    serve([bytes = message.SerializeAsString()](const ServedRequest&) { return ServedAnswer{.message = bytes}; });
  }

  // Leaves calls open, and tells the loop of each that arrives.
  void serve_open_calls() {
    serve([this](const ServedRequest&) -> std::optional<ServedAnswer> {
      loop_.post([this] { ++arrived_; });
      return std::nullopt;
    });
  }

  std::unique_ptr<WorkflowService> connected(ConnectionOptions options = {}) {
    options.address = server_->address();
    Result<std::unique_ptr<WorkflowService>> service = connect(options, loop_, Logger::silent());
    EXPECT_TRUE(service.has_value());
    return *std::move(service);
  }

  // Destroyed last to first: the server's threads post to the loop.
  GrpcEventLoop loop_{system_clock()};
  int arrived_ = 0;
  std::optional<GrpcTestServer> server_;
};

TEST_F(GrpcWorkflowServiceTest, ACallIsAnswered) {
  std::mutex mutex;
  ServedRequest seen;
  service::StartWorkflowExecutionResponse response;
  response.set_run_id("run-1");
  serve([&](const ServedRequest& request) {
    const std::lock_guard lock(mutex);
    seen = request;
    return ServedAnswer{.message = response.SerializeAsString()};
  });
  service::StartWorkflowExecutionRequest request;
  request.set_workflow_id("w");
  const auto service = connected();
  const auto reply = await<StartWorkflowExecution>(*service, loop_, request, kPatient);
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  EXPECT_EQ((*reply)->run_id(), "run-1");
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen.path, "/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution");
  EXPECT_EQ(seen.message, request.SerializeAsString());
}

TEST_F(GrpcWorkflowServiceTest, EmptyAndLargeMessagesPass) {
  serve([](const ServedRequest& request) { return ServedAnswer{.message = request.message}; });
  const auto service = connected();
  // Request and response have the same bytes: field 1 of both is a text.
  service::StartWorkflowExecutionRequest large;
  large.set_namespace_(std::string(8U << 20U, 'x'));
  const auto reply = await<StartWorkflowExecution>(*service, loop_, large, kPatient);
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  EXPECT_EQ((*reply)->run_id(), large.namespace_());
  EXPECT_TRUE(await<StartWorkflowExecution>(*service, loop_, {}, kPatient).has_value());
}

TEST_F(GrpcWorkflowServiceTest, AStatusArrivesWithCodeMessageAndDetails) {
  serve([](const ServedRequest&) {
    return ServedAnswer{.status = grpc::Status(grpc::StatusCode::NOT_FOUND, "no such workflow", "details")};
  });
  const auto service = connected();
  const auto reply = await<DescribeWorkflowExecution>(*service, loop_, {}, kPatient);
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, StatusCode::kNotFound);
  EXPECT_EQ(reply.error().message, "no such workflow");
  EXPECT_EQ(reply.error().details, "details");
}

TEST_F(GrpcWorkflowServiceTest, AnAnswerThatCannotBeDecodedIsInternalAndNamesTheCall) {
  serve([](const ServedRequest&) { return ServedAnswer{.message = "\x0a\xff\xff\xff\xff\x07 cut"}; });
  const auto service = connected();
  const auto reply = await<PollWorkflowTaskQueue>(*service, loop_, {}, kPatient);
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, StatusCode::kInternal);
  EXPECT_EQ(reply.error().message, "answer of /temporal.api.workflowservice.v1.WorkflowService/PollWorkflowTaskQueue cannot be decoded");
}

TEST_F(GrpcWorkflowServiceTest, AFailureWithFiveHundredCausesIsRead) {
  constexpr int kCauses = 500;
  service::GetWorkflowExecutionHistoryResponse history;
  auto* failure = history.mutable_history()->add_events()->mutable_workflow_execution_failed_event_attributes()->mutable_failure();
  for (int i = 0; i < kCauses; ++i) {
    failure = failure->mutable_cause();
  }
  failure->set_message("root");
  serve_message(history);
  const auto service = connected();
  const auto reply = await<GetWorkflowExecutionHistory>(*service, loop_, {}, kPatient);
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  const auto* cause = &(*reply)->history().events(0).workflow_execution_failed_event_attributes().failure();
  for (int i = 0; i < kCauses; ++i) {
    cause = &cause->cause();
  }
  EXPECT_EQ(cause->message(), "root");
}

TEST_F(GrpcWorkflowServiceTest, ACallEndsWhenItsTimeoutElapses) {
  serve_open_calls();
  const auto service = connected();
  const auto reply = await<PollWorkflowTaskQueue>(*service, loop_, {}, {.timeout = 20ms});
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, StatusCode::kDeadlineExceeded);
}

TEST_F(GrpcWorkflowServiceTest, CancelEndsACallOnTheServerSide) {
  serve_open_calls();
  const auto service = connected();
  std::optional<Reply<PollWorkflowTaskQueue>> answer;
  const CallHandle call = service->call<PollWorkflowTaskQueue>({}, kPatient, [&](auto reply) { answer = std::move(reply); });
  loop_.run_until([&] { return arrived_ == 1; });
  EXPECT_FALSE(answer.has_value());
  call->cancel();
  EXPECT_FALSE(answer.has_value()) << "the callback never runs inside cancel()";
  loop_.run_until([&] { return answer.has_value(); });
  EXPECT_EQ(answer->error().code, StatusCode::kCancelled);
}

TEST_F(GrpcWorkflowServiceTest, DestroyingTheHandleDoesNotStopTheCall) {
  serve_message(service::GetSystemInfoResponse());
  const auto service = connected();
  bool answered = false;
  service->call<GetSystemInfo>({}, kPatient, [&](auto reply) { answered = reply.has_value(); }).reset();
  loop_.run_until([&] { return answered; });
}

TEST_F(GrpcWorkflowServiceTest, DestroyingTheLoopCancelsCallsUnderWay) {
  std::optional<StatusCode> ended_with;
  bool follow_up_answered = false;
  std::atomic<bool> arrived = false;
  auto loop = std::make_unique<GrpcEventLoop>(system_clock());
  GrpcEventLoop* posted_to = loop.get();
  serve([&, posted_to](const ServedRequest&) -> std::optional<ServedAnswer> {
    posted_to->post([&] { arrived = true; });
    return std::nullopt;
  });
  auto service = connect({.address = server_->address()}, *loop, Logger::silent());
  WorkflowService& again = **service;
  (*service)->call<PollWorkflowTaskQueue>({}, kPatient, [&](auto reply) {
    ended_with = reply.error().code;
    again.call<PollWorkflowTaskQueue>({}, kPatient, [&](auto) { follow_up_answered = true; });  // as a poller does
  });
  loop->run_until([&] { return arrived.load(); });
  loop.reset();
  EXPECT_EQ(ended_with, StatusCode::kCancelled);
  EXPECT_FALSE(follow_up_answered);
}

TEST_F(GrpcWorkflowServiceTest, NoServerIsUnavailable) {
  serve_message(service::GetSystemInfoResponse());
  const auto service = connected();
  server_.reset();
  const auto reply = await<GetSystemInfo>(*service, loop_, {}, kPatient);
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, StatusCode::kUnavailable);
}

TEST_F(GrpcWorkflowServiceTest, AServerThatComesBackIsReachedAgain) {
  const auto handler = [](const ServedRequest&) { return ServedAnswer{}; };
  serve(handler);
  auto service = make_workflow_service({.address = server_->address()}, loop_, Logger::silent());
  ASSERT_TRUE(service.has_value());
  ASSERT_TRUE(await<DescribeNamespace>(**service, loop_, {}, kPatient).has_value());
  const int port = server_->port();
  server_.reset();
  // A call that is made once shows that the server is away.
  const auto away = await<RecordActivityTaskHeartbeat>(**service, loop_, {}, kPatient);
  ASSERT_FALSE(away.has_value());
  EXPECT_EQ(away.error().code, StatusCode::kUnavailable);
  serve(handler, port);
  EXPECT_TRUE(await<DescribeNamespace>(**service, loop_, {}, kPatient).has_value());
}

TEST_F(GrpcWorkflowServiceTest, EachCallCarriesTheHeaders) {
  std::mutex mutex;
  std::multimap<std::string, std::string> headers;
  serve([&](const ServedRequest& request) {
    const std::lock_guard lock(mutex);
    headers = request.headers;
    return ServedAnswer{};
  });
  const auto service = connected({.name_space = "ns", .api_key = "secret", .metadata = {{"x-team", "blue"}, {"client-version", "9"}}});
  ASSERT_TRUE(await<GetSystemInfo>(*service, loop_, {}, kPatient).has_value());
  const std::lock_guard lock(mutex);
  EXPECT_THAT(headers, Contains(Pair("client-name", "temporal-cpp-lifecycle")));
  EXPECT_THAT(headers, Contains(Pair("client-version", "9"))) << "a user's header wins";
  EXPECT_EQ(headers.count("client-version"), 1U);
  EXPECT_THAT(headers, Contains(Pair("supported-server-versions", ">=1.0.0 <2.0.0")));
  EXPECT_THAT(headers, Contains(Pair("temporal-namespace", "ns")));
  EXPECT_THAT(headers, Contains(Pair("authorization", "Bearer secret")));
  EXPECT_THAT(headers, Contains(Pair("x-team", "blue")));
}

TEST_F(GrpcWorkflowServiceTest, WithoutAnApiKeyThereIsNoAuthorization) {
  std::atomic<std::size_t> authorizations = 99;
  serve([&](const ServedRequest& request) {
    authorizations = request.headers.count("authorization");
    return ServedAnswer{};
  });
  const auto service = connected();
  ASSERT_TRUE(await<GetSystemInfo>(*service, loop_, {}, kPatient).has_value());
  EXPECT_EQ(authorizations, 0U);
}

TEST_F(GrpcWorkflowServiceTest, AddressesInGrpcsFormsAreReached) {
  serve_message(service::GetSystemInfoResponse());
  const std::string port = std::to_string(server_->port());
  for (const std::string& address : {"127.0.0.1:" + port, "localhost:" + port, "dns:///localhost:" + port, "ipv4:127.0.0.1:" + port}) {
    auto service = connect({.address = address}, loop_, Logger::silent());
    ASSERT_TRUE(service.has_value()) << address;
    EXPECT_TRUE(await<GetSystemInfo>(**service, loop_, {}, kPatient).has_value()) << address;
  }
}

TEST_F(GrpcWorkflowServiceTest, AddressesThatCannotWorkAreRefusedWithAReason) {
  const std::pair<const char*, const char*> table[] = {
      {"", "no port"},      {"localhost", "no port"},         {"localhost:", "no port"}, {"localhost:http", "no port"},
      {":7233", "no host"}, {"http://localhost:7233", "URL"}, {"::1:7233", "brackets"}};
  for (const auto& [address, reason] : table) {
    const auto service = connect({.address = address}, loop_, Logger::silent());
    ASSERT_FALSE(service.has_value()) << address;
    EXPECT_EQ(service.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(service.error().message, HasSubstr(reason)) << address;
  }
  EXPECT_TRUE(connect({.address = "[::1]:7233"}, loop_, Logger::silent()).has_value());
}

TEST_F(GrpcWorkflowServiceTest, AClientCertificateWithoutItsKeyIsRefused) {
  const auto service = connect({.tls = {.enabled = true, .client_certificate_pem = "cert"}}, loop_, Logger::silent());
  ASSERT_FALSE(service.has_value());
  EXPECT_EQ(service.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(GrpcWorkflowServiceTest, DebugLogHasOneLineForEachCall) {
  serve_message(service::GetSystemInfoResponse());
  auto service = make_workflow_service({.address = server_->address()}, loop_, Logger(LogLevel::kDebug, LogFormat::kText));
  ASSERT_TRUE(service.has_value());
  testing::internal::CaptureStderr();
  ASSERT_TRUE(await<GetSystemInfo>(**service, loop_, {}, kPatient).has_value());
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("DEBUG call ended method=GetSystemInfo status=OK ms="));
  EXPECT_EQ(std::ranges::count(log, '\n'), 1);
}

}  // namespace
}  // namespace lifecycle::rpc
