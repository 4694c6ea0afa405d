#include "worker/poll_backoff.h"

#include <algorithm>

#include "tests/worker/worker_fixture.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using test::WorkerTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr SteadyTime kStart{1h};
// What jitter may make of a delay.
constexpr Duration longest(Duration delay) { return delay * 12 / 10; }
constexpr Duration shortest(Duration delay) { return delay * 8 / 10; }
const rpc::Status kUnavailableStatus{.code = StatusCode::kUnavailable, .message = "connection refused"};
const rpc::Status kRefusedStatus{.code = StatusCode::kPermissionDenied, .message = "not you"};

// Equal but for the jitter.
MATCHER_P(About, expected, "") { return arg >= shortest(expected) && arg <= longest(expected); }

// Failures of polls that die at once.
std::vector<Duration> delays(PollBackoff& backoff, const rpc::Status& status, int how_many) {
  std::vector<Duration> all;
  for (int i = 0; i < how_many; ++i) {
    all.push_back(backoff.failed(status, kStart, kStart));
  }
  return all;
}

TEST(PollBackoffTest, WhileNoServerAnswersDelaysGrowToTwoSeconds) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_THAT(delays(backoff, kUnavailableStatus, 6),
              ElementsAre(About(200ms), About(400ms), About(800ms), About(1600ms), About(2s), About(2s)));
}

TEST(PollBackoffTest, WhileTheServerRefusesDelaysGrowToTenSeconds) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_THAT(delays(backoff, kRefusedStatus, 8),
              ElementsAre(About(200ms), About(400ms), About(800ms), About(1600ms), About(3200ms), About(6400ms), About(10s), About(10s)));
}

TEST(PollBackoffTest, AServerThatGoesAwayAfterRefusingIsLookedForAtTheFasterPace) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_THAT(delays(backoff, kRefusedStatus, 7), SizeIs(7));
  EXPECT_THAT(backoff.failed(kUnavailableStatus, kStart, kStart), About(kUnreachableBackoffMax));
}

TEST(PollBackoffTest, AnAnswerBeginsAnew) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_THAT(delays(backoff, kRefusedStatus, 7), SizeIs(7));
  EXPECT_EQ(backoff.answered_empty(kStart, kStart + 60s), Duration::zero());
  EXPECT_THAT(delays(backoff, kRefusedStatus, 2), ElementsAre(About(200ms), About(400ms)));
}

TEST(PollBackoffTest, APollThatLivedForAWhileHadBeenAcceptedAndItsFailureBeginsAnew) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_THAT(delays(backoff, kRefusedStatus, 7), SizeIs(7));
  EXPECT_THAT(backoff.failed(kUnavailableStatus, kStart, kStart + kAcceptedPollAge), About(kPollBackoffFirst));
}

TEST(PollBackoffTest, AnOldPollWhoseTimeIsUpIsNoFailure) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_EQ(backoff.failed({.code = StatusCode::kDeadlineExceeded}, kStart, kStart + kPollTimeout), Duration::zero());
}

TEST(PollBackoffTest, AYoungPollWhoseTimeIsSaidToBeUpIs) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_THAT(delays(backoff, {.code = StatusCode::kDeadlineExceeded, .message = "gateway"}, 2), ElementsAre(About(200ms), About(400ms)));
}

TEST(PollBackoffTest, DelaysAreSpreadOverTheWholeOfTheJitterAndNotBeyond) {
  std::vector<Duration> all;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    PollBackoff backoff{RandomStream(seed)};
    all.push_back(backoff.failed(kRefusedStatus, kStart, kStart));
  }
  const auto [least, most] = std::ranges::minmax(all);
  EXPECT_GE(least, 160ms);
  EXPECT_LT(least, 165ms);
  EXPECT_LE(most, 240ms);
  EXPECT_GT(most, 235ms);
}

TEST(PollBackoffTest, AFailureIsToldOnceHoweverLongItLasts) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_FALSE(backoff.is_failing());
  EXPECT_FALSE(backoff.should_tell_recovery());
  EXPECT_TRUE(backoff.should_tell_failure(StatusCode::kUnavailable, kStart));
  EXPECT_TRUE(backoff.is_failing());
  EXPECT_FALSE(backoff.should_tell_failure(StatusCode::kUnavailable, kStart + 10h));
}

TEST(PollBackoffTest, AnotherReasonIsToldAtMostOnceAMinute) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_TRUE(backoff.should_tell_failure(StatusCode::kUnavailable, kStart));
  EXPECT_FALSE(backoff.should_tell_failure(StatusCode::kPermissionDenied, kStart + 59s));
  EXPECT_TRUE(backoff.should_tell_failure(StatusCode::kPermissionDenied, kStart + 60s));
  EXPECT_FALSE(backoff.should_tell_failure(StatusCode::kUnavailable, kStart + 61s));
}

TEST(PollBackoffTest, ARecoveryIsToldOnceAndTheNextFailureAgain) {
  PollBackoff backoff{RandomStream(1)};
  EXPECT_TRUE(backoff.should_tell_failure(StatusCode::kUnavailable, kStart));
  EXPECT_TRUE(backoff.should_tell_recovery());
  EXPECT_FALSE(backoff.should_tell_recovery());
  EXPECT_TRUE(backoff.should_tell_failure(StatusCode::kUnavailable, kStart + 60s));
}

TEST(PollBackoffTest, AServerThatNowAcceptsAndNowRefusesIsToldOfOnceAMinute) {
  PollBackoff backoff{RandomStream(1)};
  int told = 0;
  int told_recovery = 0;
  for (int second = 0; second < 300; ++second) {
    told += backoff.should_tell_failure(StatusCode::kResourceExhausted, kStart + std::chrono::seconds(second)) ? 1 : 0;
    told_recovery += backoff.should_tell_recovery() ? 1 : 0;
  }
  EXPECT_EQ(told, 5);
  EXPECT_EQ(told_recovery, 5);
}

// What a server, a proxy or a network may answer to a poll. None of it may end polling.
class OutageTest : public WorkerTest, public testing::WithParamInterface<rpc::Status> {
 protected:
  // From now on every poll is refused.
  void break_server() {
    server_.always_fail<rpc::PollWorkflowTaskQueue>(GetParam());
    server_.always_fail<rpc::PollActivityTaskQueue>(GetParam());
    fail_open_polls(GetParam());
  }
  [[nodiscard]] std::size_t polls_sent() { return count<rpc::PollWorkflowTaskQueue>() + count<rpc::PollActivityTaskQueue>(); }
};

TEST_P(OutageTest, NeverSpinsAndNeverStopsTrying) {
  start();
  loop_.advance(30s);
  break_server();
  loop_.advance(1min);
  for (int minute = 0; minute < 10; ++minute) {
    const std::size_t before = polls_sent();
    loop_.advance(1min);
    // Ten polls, each at most every 1.6 s, and at least every 12 s.
    EXPECT_LE(polls_sent() - before, 10U * 38 + 10);
    EXPECT_GE(polls_sent() - before, 10U * 4);
  }
}

TEST_P(OutageTest, AllPollsAreBackSoonAfterTheServerIs) {
  start();
  loop_.advance(30s);
  break_server();
  loop_.advance(10min);
  EXPECT_THAT(open_normal_polls(), IsEmpty());
  hold_polls();
  loop_.advance(longest(GetParam().code == StatusCode::kUnavailable ? kUnreachableBackoffMax : kRefusedBackoffMax));
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
  EXPECT_THAT(open_sticky_polls(), SizeIs(4));
  EXPECT_THAT(open_activity_polls(), SizeIs(5));
}

TEST_P(OutageTest, AServerThatIsNotThereAtTheStartIsWaitedFor) {
  server_.always_fail<rpc::PollWorkflowTaskQueue>(GetParam());
  server_.always_fail<rpc::PollActivityTaskQueue>(GetParam());
  start();
  loop_.advance(5min);
  hold_polls();
  loop_.advance(longest(kRefusedBackoffMax));
  give(test::workflow_task(test::begun("Waiting").build()));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 1);
}

TEST_P(OutageTest, EachQueueTellsThatPollingFailsAndThatItWorksAgainOnceEach) {
  log_level_ = LogLevel::kInfo;
  server_.always_fail<rpc::PollWorkflowTaskQueue>(GetParam());
  server_.always_fail<rpc::PollActivityTaskQueue>(GetParam());
  testing::internal::CaptureStderr();
  start();
  loop_.advance(30min);
  const std::string outage = testing::internal::GetCapturedStderr();
  EXPECT_THAT(outage, HasSubstr(std::string(rpc::name_of(GetParam().code))));
  EXPECT_THAT(outage, HasSubstr(GetParam().message));
  EXPECT_THAT(outage, HasSubstr("workflow tasks of queue-1"));
  EXPECT_THAT(outage, HasSubstr("workflow tasks of this process"));
  EXPECT_THAT(outage, HasSubstr("activity tasks of queue-1"));
  EXPECT_THAT(outage, HasSubstr("WARN  polling fails"));
  EXPECT_EQ(std::ranges::count(outage, '\n'), 3);

  testing::internal::CaptureStderr();
  hold_polls();
  loop_.advance(longest(kRefusedBackoffMax) + kPollWorksAge);
  const std::string recovery = testing::internal::GetCapturedStderr();
  EXPECT_THAT(recovery, HasSubstr("INFO  polling works again queue=\"workflow tasks of queue-1\""));
  EXPECT_THAT(recovery, HasSubstr("INFO  polling works again queue=\"workflow tasks of this process\""));
  EXPECT_THAT(recovery, HasSubstr("INFO  polling works again queue=\"activity tasks of queue-1\""));
  EXPECT_EQ(std::ranges::count(recovery, '\n'), 3);

  testing::internal::CaptureStderr();
  loop_.advance(30s);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), IsEmpty());
}

TEST_P(OutageTest, AWorkerWithoutServerStillStops) {
  server_.always_fail<rpc::PollWorkflowTaskQueue>(GetParam());
  server_.always_fail<rpc::PollActivityTaskQueue>(GetParam());
  server_.always_fail<rpc::ShutdownWorker>(GetParam());
  start();
  loop_.advance(1min);
  worker_->begin_shutdown();
  loop_.run_ready();
  EXPECT_TRUE(worker_->stopped());
  const std::size_t before = polls_sent();
  loop_.advance(5min);
  EXPECT_EQ(polls_sent(), before);
}

INSTANTIATE_TEST_SUITE_P(Statuses, OutageTest,
                         testing::Values(rpc::Status{.code = StatusCode::kUnavailable, .message = "connection refused"},
                                         rpc::Status{.code = StatusCode::kPermissionDenied, .message = "certificate is of no use"},
                                         rpc::Status{.code = StatusCode::kUnauthenticated, .message = "no API key"},
                                         rpc::Status{.code = StatusCode::kNotFound, .message = "Namespace ns is not found."},
                                         rpc::Status{.code = StatusCode::kUnimplemented, .message = "unknown service"},
                                         rpc::Status{.code = StatusCode::kInternal, .message = "Received http2 header with status: 502"},
                                         rpc::Status{.code = StatusCode::kUnknown, .message = "Stream removed"},
                                         rpc::Status{.code = StatusCode::kResourceExhausted, .message = "namespace rate limit exceeded"},
                                         rpc::Status{.code = StatusCode::kInvalidArgument, .message = "what is that"},
                                         rpc::Status{.code = StatusCode::kCancelled, .message = "by the peer"},
                                         rpc::Status{.code = StatusCode::kDeadlineExceeded, .message = "gateway timed out"}),
                         [](const testing::TestParamInfo<rpc::Status>& info) { return std::string(rpc::name_of(info.param.code)); });

class RecoveryTest : public WorkerTest {};

TEST_F(RecoveryTest, PollsThatFailTogetherComeBackTogether) {
  start();
  loop_.advance(30s);
  fail_open_polls(kUnavailableStatus);
  EXPECT_THAT(open_activity_polls(), IsEmpty());
  loop_.advance(shortest(kPollBackoffFirst) - 1ms);
  EXPECT_THAT(open_activity_polls(), IsEmpty());
  loop_.advance(longest(kPollBackoffFirst));
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
  EXPECT_THAT(open_sticky_polls(), SizeIs(4));
  EXPECT_THAT(open_activity_polls(), SizeIs(5));
}

TEST_F(RecoveryTest, ATaskTellsAtOnceThatPollingWorksAgain) {
  log_level_ = LogLevel::kInfo;
  start();
  testing::internal::CaptureStderr();
  fail_open_polls(kUnavailableStatus);
  loop_.advance(longest(kPollBackoffFirst));
  give(test::workflow_task(test::begun("Waiting").build()));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("polling works again queue=\"workflow tasks of queue-1\""));
}

TEST_F(RecoveryTest, APollThatOnlyWaitsForAConnectionIsNoRecovery) {
  log_level_ = LogLevel::kInfo;
  start();
  testing::internal::CaptureStderr();
  for (int attempt = 0; attempt < 5; ++attempt) {
    fail_open_polls(kUnavailableStatus);
    loop_.advance(longest(kUnreachableBackoffMax));
    loop_.advance(kPollWorksAge - longest(kUnreachableBackoffMax) - 1ms);  // as long as gRPC tries to connect, and no longer
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::Not(HasSubstr("polling works again")));
}

TEST_F(RecoveryTest, OneRefusedPollLeavesTheOthersOpen) {
  start();
  open_activity_polls().at(2).answer.fail(kRefusedStatus);
  loop_.run_ready();
  EXPECT_THAT(open_activity_polls(), SizeIs(4));
  loop_.advance(longest(kPollBackoffFirst));
  EXPECT_THAT(open_activity_polls(), SizeIs(5));
}

TEST_F(RecoveryTest, WhileOneQueueIsRefusedTheOthersAreServed) {
  server_.always_fail<rpc::PollActivityTaskQueue>(kRefusedStatus);
  start();
  loop_.advance(30s);
  give(test::workflow_task(test::begun("Waiting").build()));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 1);
}

TEST_F(RecoveryTest, ATaskThatComesWhileAPollWaitsToBeSentAgainDoesNotSendItEarlier) {
  options_.max_concurrent_activity_task_polls = 2;
  start();
  open_activity_polls().at(0).answer.fail(kRefusedStatus);
  loop_.run_ready();
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  EXPECT_EQ(activity_polls_sent(), 2);
  loop_.advance(longest(kPollBackoffFirst));
  EXPECT_THAT(open_activity_polls(), SizeIs(2));
}

}  // namespace
}  // namespace lifecycle::worker
