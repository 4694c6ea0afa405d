#include "rpc/retrying_workflow_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "rpc/methods.h"
#include "tests/support/fake_workflow_service.h"
#include "tests/support/manual_event_loop.h"

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;
using test::Answer;

constexpr std::uint64_t kSeed = 7;

class RetryingWorkflowServiceTest : public testing::Test {
 protected:
  RetryingWorkflowServiceTest() : service_(server_, loop_, RandomStream(kSeed)) {}

  // Makes every try fail with `status`, and notes when each came and how long it was given.
  void fail_each_try_with(const Status& status) {
    server_->on<StartWorkflowExecution>([this, status](const auto&, const Answer<StartWorkflowExecution>& answer) {
      tries_at_.push_back(loop_.clock().steady_now());
      timeouts_.push_back(answer.options().timeout);
      answer.fail(status);
    });
  }

  template <class Rpc = StartWorkflowExecution>
  CallHandle begin(Duration timeout) {
    return service_.call<Rpc>({}, {.timeout = timeout}, [this](Reply<Rpc> reply) {
      EXPECT_FALSE(answer_.has_value()) << "a call is answered once";
      answer_ = reply ? Status{} : reply.error();
    });
  }

  template <class Rpc = StartWorkflowExecution>
  Status run(Duration timeout) {
    CallHandle call = begin<Rpc>(timeout);
    loop_.run_until([this] { return answer_.has_value(); });
    return *answer_;
  }

  Duration wait_before_try(std::size_t number) const { return tries_at_.at(number - 1) - tries_at_.at(number - 2); }

  test::ManualEventLoop loop_;
  std::shared_ptr<test::FakeWorkflowService> server_ = std::make_shared<test::FakeWorkflowService>(loop_);
  RetryingWorkflowService service_;
  std::optional<Status> answer_;
  std::vector<SteadyTime> tries_at_;
  std::vector<Duration> timeouts_;
};

TEST_F(RetryingWorkflowServiceTest, ATransientFailureIsTriedAgainWithTheSameRequest) {
  server_->fail_next<StartWorkflowExecution>({.code = StatusCode::kUnavailable});
  service::StartWorkflowExecutionResponse response;
  response.set_run_id("run");
  server_->answer_next<StartWorkflowExecution>(response);
  service::StartWorkflowExecutionRequest request;
  request.set_request_id("same");
  std::string run_id;
  CallHandle call =
      service_.call<StartWorkflowExecution>(request, {}, [&](Reply<StartWorkflowExecution> reply) { run_id = (*reply)->run_id(); });
  loop_.run_until([&] { return !run_id.empty(); });
  EXPECT_EQ(run_id, "run");
  ASSERT_EQ(server_->requests<StartWorkflowExecution>().size(), 2U);
  EXPECT_EQ(server_->last_request<StartWorkflowExecution>().request_id(), "same");
}

TEST_F(RetryingWorkflowServiceTest, TransientCodesAreTriedTenTimesAndOthersOnce) {
  const std::vector<std::pair<StatusCode, std::size_t>> tries_of{
      {StatusCode::kUnavailable, 10},       {StatusCode::kUnknown, 10},           {StatusCode::kAborted, 10},
      {StatusCode::kDataLoss, 10},          {StatusCode::kInternal, 10},          {StatusCode::kOutOfRange, 10},
      {StatusCode::kResourceExhausted, 10}, {StatusCode::kCancelled, 1},          {StatusCode::kInvalidArgument, 1},
      {StatusCode::kDeadlineExceeded, 1},   {StatusCode::kNotFound, 1},           {StatusCode::kAlreadyExists, 1},
      {StatusCode::kPermissionDenied, 1},   {StatusCode::kFailedPrecondition, 1}, {StatusCode::kUnimplemented, 1},
      {StatusCode::kUnauthenticated, 1}};
  for (const auto& [code, tries] : tries_of) {
    tries_at_.clear();
    answer_.reset();
    fail_each_try_with({.code = code});
    EXPECT_EQ(run(1h).code, code);
    EXPECT_EQ(tries_at_.size(), tries) << name_of(code);
  }
}

TEST_F(RetryingWorkflowServiceTest, WaitsGrowBy17UpToFiveSecondsWithinAFifth) {
  fail_each_try_with({.code = StatusCode::kUnavailable});
  run(1h);
  ASSERT_EQ(tries_at_.size(), 10U);
  double wanted_ms = 100;
  for (std::size_t number = 2; number <= 10; ++number, wanted_ms = std::min(wanted_ms * 1.7, 5000.0)) {
    const double waited_ms = std::chrono::duration<double, std::milli>(wait_before_try(number)).count();
    EXPECT_GE(waited_ms, wanted_ms * 0.8 - 0.001) << number;
    EXPECT_LE(waited_ms, wanted_ms * 1.2 + 0.001) << number;
    EXPECT_NE(waited_ms, wanted_ms) << "waits are spread";
  }
}

TEST_F(RetryingWorkflowServiceTest, ResourceExhaustedWaitsAtLeastASecondDoublingUpToTen) {
  fail_each_try_with({.code = StatusCode::kResourceExhausted});
  run(1h);
  ASSERT_EQ(tries_at_.size(), 10U);
  double wanted_s = 1;
  for (std::size_t number = 2; number <= 10; ++number, wanted_s = std::min(wanted_s * 2, 10.0)) {
    const double waited_s = std::chrono::duration<double>(wait_before_try(number)).count();
    EXPECT_GE(waited_s, wanted_s * 0.8 - 1e-6) << number;
    EXPECT_LE(waited_s, wanted_s * 1.2 + 1e-6) << number;
  }
}

TEST_F(RetryingWorkflowServiceTest, AMessageThatIsTooLargeIsNotSentAgain) {
  for (const char* message : {"grpc: received message larger than max (5 vs. 4)", "Received message larger than max (5 vs. 4)",
                              "Sent message larger than max (5 vs. 4)"}) {
    tries_at_.clear();
    answer_.reset();
    fail_each_try_with({.code = StatusCode::kResourceExhausted, .message = message});
    EXPECT_EQ(run(1h).message, message);
    EXPECT_EQ(tries_at_.size(), 1U) << message;
  }
}

TEST_F(RetryingWorkflowServiceTest, EachTryGetsTheTimeThatIsLeftAndTheLastStatusIsTheAnswer) {
  fail_each_try_with({.code = StatusCode::kUnavailable, .message = "away"});
  const SteadyTime began = loop_.clock().steady_now();
  EXPECT_EQ(run(1s).message, "away");
  EXPECT_LE(loop_.clock().steady_now() - began, 1s);
  EXPECT_GT(tries_at_.size(), 2U);
  EXPECT_LT(tries_at_.size(), 10U);
  for (std::size_t i = 0; i < tries_at_.size(); ++i) {
    EXPECT_EQ(timeouts_[i], 1s - (tries_at_[i] - began));
  }
}

TEST_F(RetryingWorkflowServiceTest, PollsAndSingleTriesPassThrough) {
  server_->always_fail<PollWorkflowTaskQueue>({.code = StatusCode::kUnavailable});
  server_->always_fail<ShutdownWorker>({.code = StatusCode::kUnavailable});
  EXPECT_EQ(run<PollWorkflowTaskQueue>(70s).code, StatusCode::kUnavailable);
  answer_.reset();
  EXPECT_EQ(run<ShutdownWorker>(70s).code, StatusCode::kUnavailable);
  EXPECT_EQ(server_->requests<PollWorkflowTaskQueue>().size(), 1U);
  EXPECT_EQ(server_->requests<ShutdownWorker>().size(), 1U);
}

TEST_F(RetryingWorkflowServiceTest, CancelEndsATryUnderWay) {
  const CallHandle call = begin(10s);
  loop_.run_ready();
  EXPECT_FALSE(answer_.has_value());
  call->cancel();
  EXPECT_FALSE(answer_.has_value()) << "the answer comes in a task of its own";
  loop_.run_ready();
  EXPECT_EQ(answer_->code, StatusCode::kCancelled);
}

TEST_F(RetryingWorkflowServiceTest, CancelEndsAWaitBetweenTwoTries) {
  fail_each_try_with({.code = StatusCode::kUnavailable});
  const CallHandle call = begin(10s);
  loop_.run_ready();
  ASSERT_EQ(tries_at_.size(), 1U);
  call->cancel();
  call->cancel();
  loop_.run_ready();
  EXPECT_EQ(answer_->code, StatusCode::kCancelled);
  loop_.advance(1h);
  EXPECT_EQ(tries_at_.size(), 1U);
}

TEST_F(RetryingWorkflowServiceTest, CancelWinsOverAFailureThatIsOnItsWay) {
  fail_each_try_with({.code = StatusCode::kUnavailable});
  const CallHandle call = begin(10s);
  call->cancel();  // the try has failed, and its caller does not know yet
  loop_.advance(1h);
  EXPECT_TRUE(answer_.has_value());
  EXPECT_EQ(tries_at_.size(), 1U);
}

TEST_F(RetryingWorkflowServiceTest, CancelAfterTheAnswerDoesNothing) {
  server_->always_answer<StartWorkflowExecution>();
  const CallHandle call = begin(10s);
  loop_.run_ready();
  ASSERT_TRUE(answer_.has_value());
  call->cancel();
  loop_.run_ready();
  EXPECT_TRUE(answer_->ok());
}

TEST_F(RetryingWorkflowServiceTest, ACallOutlivesTheService) {
  auto service = std::make_unique<RetryingWorkflowService>(server_, loop_, RandomStream(kSeed));
  server_->fail_next<StartWorkflowExecution>({.code = StatusCode::kUnavailable});
  server_->answer_next<StartWorkflowExecution>({});
  bool answered = false;
  CallHandle call = service->call<StartWorkflowExecution>({}, {}, [&](auto reply) { answered = reply.has_value(); });
  service.reset();
  loop_.advance(1s);
  EXPECT_TRUE(answered);
}

}  // namespace
}  // namespace lifecycle::rpc
