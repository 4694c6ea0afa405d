#include "rpc/diagnosing_workflow_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "rpc/await.h"
#include "rpc/grpc_event_loop.h"
#include "rpc/methods.h"
#include "tests/support/fake_workflow_service.h"

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;
using test::FakeWorkflowService;
using testing::HasSubstr;

constexpr CallOptions kPatient{.timeout = 60s};

class DiagnosingWorkflowServiceTest : public testing::Test {
 protected:
  std::unique_ptr<DiagnosingWorkflowService> service_with(DiagnosingWorkflowService::Diagnose diagnose) {
    auto fake = std::make_unique<FakeWorkflowService>(loop_);
    server_ = fake.get();
    return std::make_unique<DiagnosingWorkflowService>(std::move(fake), loop_, std::move(diagnose));
  }

  GrpcEventLoop loop_{system_clock()};
  FakeWorkflowService* server_ = nullptr;
};

TEST_F(DiagnosingWorkflowServiceTest, AFailedConnectionIsDiagnosedOnceForTheCallsThatFollow) {
  std::atomic<int> diagnoses = 0;
  const auto service = service_with([&diagnoses](const std::stop_token&) {
    ++diagnoses;
    return Error{.code = ErrorCode::kPermissionDenied, .message = "the certificate has expired", .hint = "renew it"};
  });
  server_->always_fail<DescribeNamespace>({.code = StatusCode::kUnavailable, .message = "no"});
  for (int i = 0; i < 3; ++i) {
    const auto reply = await<DescribeNamespace>(*service, loop_, {}, kPatient);
    ASSERT_FALSE(reply.has_value());
    EXPECT_EQ(reply.error().code, StatusCode::kUnavailable) << "what may be tried again stays what it is";
    EXPECT_EQ(reply.error().message, "the certificate has expired (gRPC: no)");
    const Error error = to_error(reply.error(), "connect");
    EXPECT_EQ(error.code, ErrorCode::kPermissionDenied);
    EXPECT_EQ(error.message, "connect: the certificate has expired");
    EXPECT_EQ(error.hint, "renew it");
  }
  EXPECT_EQ(diagnoses, 1);
  // Once the server was there, the next failure is a new one.
  server_->always_answer<DescribeNamespace>();
  EXPECT_TRUE(await<DescribeNamespace>(*service, loop_, {}, kPatient).has_value());
  server_->always_fail<DescribeNamespace>({.code = StatusCode::kUnavailable});
  EXPECT_FALSE(await<DescribeNamespace>(*service, loop_, {}, kPatient).has_value());
  EXPECT_EQ(diagnoses, 2);
}

TEST_F(DiagnosingWorkflowServiceTest, OtherFailuresAreNotLookedInto) {
  const auto service = service_with([](const std::stop_token&) -> std::optional<Error> {
    ADD_FAILURE() << "nothing to diagnose";
    return std::nullopt;
  });
  server_->always_fail<DescribeNamespace>({.code = StatusCode::kPermissionDenied, .message = "no"});
  const auto reply = await<DescribeNamespace>(*service, loop_, {}, kPatient);
  EXPECT_EQ(reply.error().message, "no");
  EXPECT_FALSE(reply.error().diagnosis.has_value());
}

TEST_F(DiagnosingWorkflowServiceTest, NoFindingLeavesTheStatusAsItIs) {
  const auto service = service_with([](const std::stop_token&) { return std::nullopt; });
  server_->always_fail<DescribeNamespace>({.code = StatusCode::kUnavailable, .message = "connection refused"});
  EXPECT_EQ(await<DescribeNamespace>(*service, loop_, {}, kPatient).error().message, "connection refused");
}

TEST_F(DiagnosingWorkflowServiceTest, TheEndOfTheServiceStopsADiagnosisAndEndsTheCall) {
  std::atomic<bool> begun = false;
  auto service = service_with([&](const std::stop_token& stop) -> std::optional<Error> {
    begun = true;
    loop_.post([] {});  // wakes the loop below
    while (!stop.stop_requested()) {
      std::this_thread::yield();
    }
    return Error{.message = "too late"};
  });
  server_->always_fail<DescribeNamespace>({.code = StatusCode::kUnavailable, .message = "gone"});
  std::optional<Status> end;
  const CallHandle call =
      service->call<DescribeNamespace>({}, kPatient, [&end](Reply<DescribeNamespace> reply) { end = std::move(reply).error(); });
  loop_.run_until([&begun] { return begun.load(); });
  EXPECT_FALSE(end.has_value());
  service.reset();
  loop_.run_until([&end] { return end.has_value(); });
  EXPECT_EQ(end->message, "gone");
  EXPECT_FALSE(end->diagnosis.has_value());
}

}  // namespace
}  // namespace lifecycle::rpc
