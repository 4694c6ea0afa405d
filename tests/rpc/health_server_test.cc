// The health service over the wire, asked by our own probe; the official client asks it in tests/integration/test_health.py.
#include "rpc/health_server.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <array>

#include "rpc/health_probe.h"
#include "tests/rpc/grpc_test_server.h"

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

constexpr Duration kPatience = 10s;  // on a busy machine

class HealthServerTest : public testing::Test {
 protected:
  Result<HealthAnswer> ask(HealthService service) { return ask_health(address(), service, kPatience); }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  Health health_;
  std::unique_ptr<HealthServer> server_ = HealthServer::start("127.0.0.1:0", health_).value();
};

TEST_F(HealthServerTest, AnswersWhatIsPublishedAndWhy) {
  health_.set(HealthService::kReady, {.serving = false, .reason = "polls fail: não"});
  EXPECT_EQ(ask(HealthService::kReady), (HealthAnswer{.serving = false, .reason = "polls fail: não"}));
  EXPECT_EQ(ask(HealthService::kLive), (HealthAnswer{.serving = true, .reason = ""}));
  health_.set(HealthService::kReady, {.serving = true, .reason = ""});
  EXPECT_EQ(ask(HealthService::kReady), (HealthAnswer{.serving = true, .reason = ""}));
}

TEST_F(HealthServerTest, AnswersManyOneAfterTheOther) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(ask(HealthService::kLive)->serving);
  }
}

TEST_F(HealthServerTest, AWorkerThatListensEverywhereIsAskedOnTheLoopbackInterface) {
  const auto everywhere = HealthServer::start("0.0.0.0:0", health_).value();
  const Result<HealthAnswer> answer = ask_health("0.0.0.0:" + std::to_string(everywhere->port()), HealthService::kLive, kPatience);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->serving);
}

TEST_F(HealthServerTest, APortThatIsTakenIsAnErrorEvenForASecondWorker) {
  const auto second = HealthServer::start(address(), health_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(second.error().message, HasSubstr(address()));
  EXPECT_TRUE(ask(HealthService::kLive)->serving);
}

TEST_F(HealthServerTest, WhatIsNoAddressIsSaidToBeNone) {
  for (const char* text : {"", "8086", ":8086", "host", "host:", "host:x", "host:70000", "http://host:80", "::1:8086", "host:80/path"}) {
    const auto server = HealthServer::start(text, health_);
    ASSERT_FALSE(server) << text;
    EXPECT_EQ(server.error().code, ErrorCode::kInvalidArgument) << text;
    const auto answer = ask_health(text, HealthService::kLive, kPatience);
    ASSERT_FALSE(answer) << text;
    EXPECT_THAT(answer.error().message, HasSubstr("is not HOST:PORT"));
  }
}

TEST_F(HealthServerTest, NobodyThereIsUnavailable) {
  const std::string before = address();
  server_.reset();
  const auto answer = ask_health(before, HealthService::kLive, kPatience);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().message, AllOf(HasSubstr("no health service at"), HasSubstr(before)));
}

TEST_F(HealthServerTest, AStopWithWatchersAndUnfinishedCallsLeavesNothingBehind) {
  constexpr int kWatchers = 5;
  const auto channel = grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  std::array<grpc::ClientContext, kWatchers> contexts;
  std::vector<std::unique_ptr<grpc::GenericClientAsyncReaderWriter>> watches;
  void* tag = nullptr;
  bool ok = false;
  for (grpc::ClientContext& context : contexts) {
    watches.push_back(stub.PrepareCall(&context, "/grpc.health.v1.Health/Watch", &queue));
    watches.back()->StartCall(nullptr);
    queue.Next(&tag, &ok);
    if (watches.size() % 2 == 0) {
      continue;  // says nothing more, and is read from for ever
    }
    const grpc::Slice request(std::string("\x0a\x04live"));
    watches.back()->Write(grpc::ByteBuffer(&request, 1), nullptr);
    queue.Next(&tag, &ok);
    grpc::ByteBuffer answer;
    watches.back()->Read(&answer, nullptr);
    queue.Next(&tag, &ok);
    EXPECT_TRUE(ok) << "the status now";
  }
  server_.reset();
  for (const auto& watch : watches) {
    grpc::Status status;
    watch->Finish(&status, nullptr);
    queue.Next(&tag, &ok);
    EXPECT_FALSE(status.ok());
  }
}

TEST(HealthProbeTest, SomebodyWhoNeverAnswersIsUnavailable) {
  const GrpcTestServer silent([](const ServedRequest&) { return std::nullopt; });
  const auto answer = ask_health(silent.address(), HealthService::kLive, 200ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("has not answered within 200ms"));
}

TEST(HealthProbeTest, ADifferentServerIsNoHealthService) {
  const GrpcTestServer other(
      [](const ServedRequest&) { return ServedAnswer{.status = {grpc::StatusCode::UNIMPLEMENTED, "unknown service"}}; });
  const auto answer = ask_health(other.address(), HealthService::kLive, kPatience);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(answer.error().message, HasSubstr("unknown service"));
}

TEST(HealthProbeTest, AnAnswerThatCannotBeReadIsNoHealthService) {
  const GrpcTestServer other([](const ServedRequest&) { return ServedAnswer{.message = "\xff"}; });
  const auto answer = ask_health(other.address(), HealthService::kLive, kPatience);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kFailedPrecondition);
}

TEST(HealthProbeTest, AsksForTheServiceByItsName) {
  std::string path;
  std::string message;
  const GrpcTestServer other([&](const ServedRequest& request) {
    path = request.path;
    message = request.message;
    return ServedAnswer{.message = std::string("\x08\x02", 2)};
  });
  const auto answer = ask_health(other.address(), HealthService::kStartup, kPatience);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->serving);
  EXPECT_EQ(path, "/grpc.health.v1.Health/Check");
  EXPECT_EQ(message, "\x0a\x07startup");
}

}  // namespace
}  // namespace lifecycle::rpc
