// When a worker may be called started and ready, and why not.
#include "worker/readiness.h"

#include <gmock/gmock.h>

#include "tests/worker/worker_fixture.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using test::WorkerTest;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr SteadyTime kStart{1h};
const rpc::Status kGone{.code = StatusCode::kUnavailable, .message = "connection refused"};

class ReadinessTest : public testing::Test {
 protected:
  Readiness readiness_;
  QueueReadiness& queue_ = readiness_.add_queue("tasks of q");
};

TEST_F(ReadinessTest, NothingHeardIsNotReady) {
  EXPECT_FALSE(readiness_.startup().serving);
  EXPECT_EQ(readiness_.ready(kStart), (HealthAnswer{.serving = false, .reason = "no poll for tasks of q was accepted yet"}));
}

TEST_F(ReadinessTest, AnAnsweredPollIsProofEnough) {
  queue_.poll_sent(kStart);
  queue_.poll_answered(kStart + 1ms);
  EXPECT_TRUE(readiness_.ready(kStart + 1ms).serving);
}

TEST_F(ReadinessTest, APollThatIsOpenForASecondIsAcceptedOnlyIfTheServerIsKnownToAnswer) {
  queue_.poll_sent(kStart);
  EXPECT_FALSE(readiness_.ready(kStart + 1min).serving);
  readiness_.namespace_described(kStart);
  EXPECT_FALSE(readiness_.ready(kStart + 999ms).serving);
  EXPECT_TRUE(readiness_.ready(kStart + 1s).serving);
}

TEST_F(ReadinessTest, AfterAFailureTheServerMustHaveAnsweredAnew) {
  readiness_.namespace_described(kStart);
  queue_.poll_sent(kStart);
  EXPECT_TRUE(readiness_.ready(kStart + 1s).serving);
  queue_.poll_failed(kGone, kStart + 2s);
  EXPECT_FALSE(readiness_.waits_for_server(kStart + 2s)) << "a poll has to be tried first";
  queue_.poll_sent(kStart + 3s);  // into a connection that is perhaps only being made
  EXPECT_FALSE(readiness_.ready(kStart + 10s).serving);
  EXPECT_TRUE(readiness_.waits_for_server(kStart + 10s));
  readiness_.namespace_described(kStart + 10s);
  EXPECT_TRUE(readiness_.ready(kStart + 10s).serving);
  EXPECT_FALSE(readiness_.waits_for_server(kStart + 10s));
}

TEST_F(ReadinessTest, SaysWhatFailedAndWhatToDo) {
  queue_.poll_failed({.code = StatusCode::kUnauthenticated, .message = "bad token"}, kStart);
  EXPECT_THAT(readiness_.ready(kStart).reason,
              AllOf(HasSubstr("polls for tasks of q fail"), HasSubstr("UNAUTHENTICATED: bad token"), HasSubstr("check the API key")));
}

TEST_F(ReadinessTest, OneQueueThatIsRefusedIsEnoughToBeNotReady) {
  QueueReadiness& other = readiness_.add_queue("tasks of r");
  queue_.poll_answered(kStart);
  other.poll_failed(kGone, kStart);
  EXPECT_THAT(readiness_.ready(kStart).reason, HasSubstr("tasks of r"));
  other.poll_answered(kStart + 1s);
  EXPECT_TRUE(readiness_.ready(kStart + 1s).serving);
}

TEST_F(ReadinessTest, AnAnswerWithoutPermissionProvesTheConnectionButNoStart) {
  queue_.poll_sent(kStart);
  readiness_.namespace_not_described({.code = StatusCode::kPermissionDenied, .message = "no"}, kStart);
  EXPECT_FALSE(readiness_.startup().serving);
  EXPECT_TRUE(readiness_.ready(kStart + 1s).serving);
  EXPECT_TRUE(readiness_.startup().serving) << "who may poll has started";
}

TEST_F(ReadinessTest, NobodyAnsweringProvesNothing) {
  queue_.poll_sent(kStart);
  readiness_.namespace_not_described(kGone, kStart);
  EXPECT_FALSE(readiness_.ready(kStart + 1min).serving);
  EXPECT_THAT(readiness_.startup().reason, HasSubstr("is the server up?"));
}

TEST_F(ReadinessTest, StartedStaysStartedAndAStoppingWorkerIsNotReady) {
  readiness_.namespace_described(kStart);
  queue_.poll_answered(kStart);
  queue_.poll_failed(kGone, kStart + 1s);
  readiness_.stop();
  EXPECT_TRUE(readiness_.startup().serving);
  EXPECT_EQ(readiness_.ready(kStart + 1s).reason, "the worker is stopping");
}

TEST_F(ReadinessTest, TellsOfChangesOnly) {
  int changes = 0;
  readiness_.on_change([&changes] { ++changes; });
  queue_.poll_answered(kStart);
  queue_.poll_answered(kStart);
  EXPECT_EQ(changes, 1);
  queue_.poll_failed(kGone, kStart);
  queue_.poll_failed(kGone, kStart);
  EXPECT_EQ(changes, 2);
  queue_.poll_answered(kStart);
  EXPECT_EQ(changes, 3);
}

// The same in a worker.
class PublishedHealthTest : public WorkerTest {
 protected:
  [[nodiscard]] HealthAnswer health(HealthService service) { return worker_->health().get(service); }
  [[nodiscard]] bool is(HealthService service) { return health(service).serving; }
  void answer_description() {
    server_.always_answer<rpc::GetSystemInfo>();
    server_.always_answer<rpc::DescribeNamespace>();
  }
};

TEST_F(PublishedHealthTest, TheFirstPollsWaitForNoQuestion) {
  const auto questions = hold<rpc::DescribeNamespace>();
  start();
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
  EXPECT_THAT(open_activity_polls(), SizeIs(5));
  EXPECT_THAT(*questions, SizeIs(1));
  EXPECT_EQ(server_.last_request<rpc::DescribeNamespace>().namespace_(), "ns");
  EXPECT_FALSE(is(HealthService::kStartup));
  EXPECT_FALSE(is(HealthService::kReady));
  EXPECT_TRUE(is(HealthService::kLive));
}

TEST_F(PublishedHealthTest, ReadyASecondAfterThePollsAndThenAsksNothingMore) {
  answer_description();
  start();
  EXPECT_TRUE(is(HealthService::kStartup));
  EXPECT_FALSE(is(HealthService::kReady));
  loop_.advance(kAcceptedPollAgeMin);
  EXPECT_TRUE(is(HealthService::kReady));
  loop_.advance(1h);
  EXPECT_TRUE(is(HealthService::kReady));
  EXPECT_EQ(count<rpc::DescribeNamespace>(), 1);
}

TEST_F(PublishedHealthTest, AnOutageTakesReadyAwayAndItsEndBringsItBack) {
  answer_description();
  start();
  loop_.advance(1min);
  server_.always_fail<rpc::PollWorkflowTaskQueue>(kGone);
  server_.always_fail<rpc::PollActivityTaskQueue>(kGone);
  server_.always_fail<rpc::DescribeNamespace>(kGone);
  fail_open_polls(kGone);
  EXPECT_THAT(health(HealthService::kReady).reason, HasSubstr("connection refused"));
  EXPECT_TRUE(is(HealthService::kStartup));
  EXPECT_TRUE(is(HealthService::kLive));
  loop_.advance(10min);
  EXPECT_FALSE(is(HealthService::kReady));
  hold_polls();
  answer_description();
  loop_.advance(kUnreachableBackoffMax + kAcceptedPollAgeMin + kReadinessReviewInterval);
  EXPECT_TRUE(is(HealthService::kReady));
}

TEST_F(PublishedHealthTest, WhileNothingAnswersOpenPollsDoNotMakeReady) {
  server_.always_fail<rpc::DescribeNamespace>(kGone);
  start();
  loop_.advance(30s);
  EXPECT_FALSE(is(HealthService::kReady));
  // Neither spinning nor giving up: at most every half second, at least every two.
  EXPECT_LE(count<rpc::DescribeNamespace>(), 61);
  EXPECT_GE(count<rpc::DescribeNamespace>(), 12);
}

TEST_F(PublishedHealthTest, AMissingNamespaceIsAClearErrorOnceAMinuteAndIsWaitedFor) {
  log_level_ = LogLevel::kError;
  testing::internal::CaptureStderr();
  const rpc::Status missing{.code = StatusCode::kNotFound, .message = "Namespace ns is not found."};
  server_.always_fail<rpc::DescribeNamespace>(missing);
  server_.always_fail<rpc::PollWorkflowTaskQueue>(missing);
  server_.always_fail<rpc::PollActivityTaskQueue>(missing);
  start();
  loop_.advance(30s);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_THAT(log, AllOf(HasSubstr("the namespace does not exist on this server"), HasSubstr("namespace=ns"), HasSubstr("spelled right")));
  EXPECT_FALSE(is(HealthService::kStartup));
  hold_polls();
  answer_description();
  loop_.advance(kRefusedBackoffMax + kAcceptedPollAgeMin + kReadinessReviewInterval);
  EXPECT_TRUE(is(HealthService::kStartup));
  EXPECT_TRUE(is(HealthService::kReady));
}

TEST_F(PublishedHealthTest, SomethingThatAnswersEverythingWithNothingIsNotReady) {
  answer_description();
  server_.always_answer<rpc::PollWorkflowTaskQueue>();
  server_.always_answer<rpc::PollActivityTaskQueue>();
  start();
  loop_.advance(10s);
  EXPECT_THAT(health(HealthService::kReady).reason, HasSubstr("is that a Temporal server?"));
}

TEST_F(PublishedHealthTest, AWorkerWhoseSlotsAreAllTakenStaysReady) {
  answer_description();
  options_.max_concurrent_activities = 1;
  start();
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  loop_.advance(10min);
  EXPECT_THAT(open_activity_polls(), IsEmpty());
  EXPECT_TRUE(is(HealthService::kReady));
}

TEST_F(PublishedHealthTest, AStoppingWorkerIsNotReadyAndLeavesNoTimerBehind) {
  const auto questions = hold<rpc::DescribeNamespace>();
  start();
  worker_->begin_shutdown();
  EXPECT_EQ(health(HealthService::kReady).reason, "the worker is stopping");
  loop_.run_ready();
  EXPECT_TRUE(worker_->stopped());
  worker_.reset();
  questions->at(0).with({});  // an answer that comes when nobody is there any more
  loop_.run_ready();
}

}  // namespace
}  // namespace lifecycle::worker
