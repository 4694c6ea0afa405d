#include "tests/worker/worker_fixture.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using test::WorkerTest;
using testing::HasSubstr;
using testing::SizeIs;

class HeartbeatTest : public WorkerTest {
 protected:
  static constexpr Duration kInterval = 4s;  // 0.8 of the time-out below

  static test::ActivityTask task_with_heartbeat_timeout(std::int64_t seconds = 5) {
    test::ActivityTask task = test::puppet_task();
    task.mutable_heartbeat_timeout()->set_seconds(seconds);
    return task;
  }
  void start_puppet(const test::ActivityTask& task = task_with_heartbeat_timeout()) {
    start();
    give(task);
    puppets_[0].wait_until_performing();
  }
  void beat(const std::string& details) {
    puppets_[0].does([&](ActivityContext& ctx) { ctx.heartbeat(details); });
    loop_.run_ready();
  }
  std::size_t beats_sent() { return count<rpc::RecordActivityTaskHeartbeat>(); }
  std::string last_details() { return test::text_of(server_.last_request<rpc::RecordActivityTaskHeartbeat>().details()); }
  // From now on the server answers heartbeats with this.
  void answer_heartbeats(void (rpc::service::RecordActivityTaskHeartbeatResponse::*set)(bool)) {
    rpc::RecordActivityTaskHeartbeat::Response response;
    (response.*set)(true);
    server_.always_answer<rpc::RecordActivityTaskHeartbeat>(response);
  }
};

TEST_F(HeartbeatTest, TheFirstIsSentAtOnce) {
  start_puppet();
  beat("1");
  ASSERT_EQ(beats_sent(), 1);
  const auto request = server_.last_request<rpc::RecordActivityTaskHeartbeat>();
  EXPECT_EQ(request.task_token(), "token of Puppet");
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.identity(), "me");
  EXPECT_EQ(last_details(), "1");
}

TEST_F(HeartbeatTest, LaterOnesAreSentOnceInAnIntervalWithTheNewestDetails) {
  start_puppet();
  beat("1");
  beat("2");
  beat("3");
  loop_.advance(kInterval - 1ms);
  EXPECT_EQ(beats_sent(), 1);
  loop_.advance(1ms);
  EXPECT_EQ(beats_sent(), 2);
  EXPECT_EQ(last_details(), "3");
}

TEST_F(HeartbeatTest, WithoutNewDetailsNothingIsSent) {
  start_puppet();
  beat("1");
  loop_.advance(10 * kInterval);
  EXPECT_EQ(beats_sent(), 1);
  beat("2");
  EXPECT_EQ(beats_sent(), 2);
}

TEST_F(HeartbeatTest, WithoutATimeOutTheIntervalIsHalfAMinute) {
  start_puppet(test::puppet_task());
  beat("1");
  beat("2");
  loop_.advance(kHeartbeatIntervalDefault - 1ms);
  EXPECT_EQ(beats_sent(), 1);
  loop_.advance(1ms);
  EXPECT_EQ(beats_sent(), 2);
}

TEST_F(HeartbeatTest, TheIntervalIsAMinuteAtMost) {
  start_puppet(task_with_heartbeat_timeout(3600));
  beat("1");
  beat("2");
  loop_.advance(kHeartbeatIntervalMax);
  EXPECT_EQ(beats_sent(), 2);
}

TEST_F(HeartbeatTest, DetailsThatWaitGoWithAFailure) {
  start_puppet();
  beat("1");
  beat("2");
  puppets_[0].throws(std::runtime_error("disk full"));
  EXPECT_EQ(test::text_of(wait_for<rpc::RespondActivityTaskFailed>().last_heartbeat_details()), "2");
  EXPECT_EQ(beats_sent(), 1);
}

TEST_F(HeartbeatTest, AFailureWithoutNewDetailsLeavesThoseOfTheServerAlone) {
  start_puppet();
  beat("1");
  puppets_[0].throws(std::runtime_error("disk full"));
  EXPECT_FALSE(wait_for<rpc::RespondActivityTaskFailed>().has_last_heartbeat_details());
}

TEST_F(HeartbeatTest, DetailsThatWaitAreOfNoUseToASuccess) {
  start_puppet();
  beat("1");
  beat("2");
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  loop_.advance(1min);
  EXPECT_EQ(beats_sent(), 1);
}

TEST_F(HeartbeatTest, OneThatFailsIsMadeUpForBeforeTheServerMissesIt) {
  server_.fail_next<rpc::RecordActivityTaskHeartbeat>({.code = StatusCode::kUnavailable});
  start_puppet();
  beat("1");
  EXPECT_EQ(beats_sent(), 1);
  loop_.advance(kFailedHeartbeatRetry);
  EXPECT_EQ(beats_sent(), 2);
  EXPECT_EQ(last_details(), "1");
}

TEST_F(HeartbeatTest, OneThatFailsIsMadeUpForWithTheNewestDetails) {
  server_.fail_next<rpc::RecordActivityTaskHeartbeat>({.code = StatusCode::kUnavailable});
  start_puppet();
  beat("1");
  beat("2");
  loop_.advance(kFailedHeartbeatRetry);
  EXPECT_EQ(beats_sent(), 2);
  EXPECT_EQ(last_details(), "2");
}

TEST_F(HeartbeatTest, WhileNoServerAnswersItTriesOnWithoutSpinning) {
  server_.always_fail<rpc::RecordActivityTaskHeartbeat>({.code = StatusCode::kUnavailable});
  start_puppet();
  beat("1");
  loop_.advance(1min);
  EXPECT_GE(beats_sent(), 15);
  EXPECT_LE(beats_sent(), 61);
  puppets_[0].does([](ActivityContext& ctx) { EXPECT_FALSE(ctx.cancelled()); });
}

TEST_F(HeartbeatTest, ATimeOutThatNobodyCanMeetDoesNotMakeItSpin) {
  std::size_t beats = 0;
  server_.on<rpc::RecordActivityTaskHeartbeat>([&](const auto&, auto answer) {
    ASSERT_LT(++beats, 10'000U) << "the worker spins";
    answer.fail({.code = StatusCode::kUnavailable});
  });
  test::ActivityTask task = test::puppet_task();
  task.mutable_heartbeat_timeout()->set_nanos(1);
  start_puppet(task);
  beat("1");
  loop_.advance(1min);
  EXPECT_LE(beats, 601U);
  server_.always_answer<rpc::RecordActivityTaskHeartbeat>();  // it beats on while the worker stops, when the counter is gone
}

TEST_F(HeartbeatTest, DetailsThatTheServerNeverGotGoWithAFailure) {
  server_.always_fail<rpc::RecordActivityTaskHeartbeat>({.code = StatusCode::kUnavailable});
  start_puppet();
  beat("1");
  puppets_[0].throws(std::runtime_error("disk full"));
  EXPECT_EQ(test::text_of(wait_for<rpc::RespondActivityTaskFailed>().last_heartbeat_details()), "1");
}

TEST_F(HeartbeatTest, DetailsThatTimedOutGiveWayToNewerOnes) {
  const auto held = hold<rpc::RecordActivityTaskHeartbeat>();
  start_puppet();
  beat("1");
  beat("2");
  loop_.advance(kInterval);  // the second is sent, and the first one's time is up
  EXPECT_EQ(last_details(), "2");
  server_.always_answer<rpc::RecordActivityTaskHeartbeat>();
  held->back().with({});
  loop_.advance(1min);
  EXPECT_EQ(last_details(), "2");
}

TEST_F(HeartbeatTest, DetailsThatAreTooLargeFailTheActivityThatSendsThem) {
  start_puppet();
  puppets_[0].begins([](ActivityContext& ctx) { ctx.heartbeat(std::string(kRequestBytesMax, 'x')); });
  const auto failure = wait_for<rpc::RespondActivityTaskFailed>().failure();
  EXPECT_THAT(failure.message(), HasSubstr(std::to_string(kRequestBytesMax)));
  EXPECT_TRUE(failure.application_failure_info().non_retryable());
  EXPECT_EQ(beats_sent(), 0);
}

TEST_F(HeartbeatTest, DetailsOfAnEarlierAttemptReachTheNext) {
  test::ActivityTask task = task_with_heartbeat_timeout();
  *task.mutable_heartbeat_details() = converter::to_payloads(7);
  start_puppet(task);
  std::optional<int> last;
  puppets_[0].does([&](ActivityContext& ctx) { last = ctx.last_heartbeat<int>(); });
  EXPECT_EQ(last, 7);
}

TEST_F(HeartbeatTest, AFirstAttemptHasNoEarlierDetails) {
  start_puppet();
  std::optional<int> last = 1;
  puppets_[0].does([&](ActivityContext& ctx) { last = ctx.last_heartbeat<int>(); });
  EXPECT_EQ(last, std::nullopt);
}

TEST_F(HeartbeatTest, EarlierDetailsThatCannotBeReadFailTheAttempt) {
  test::ActivityTask task = task_with_heartbeat_timeout();
  *task.mutable_heartbeat_details() = converter::to_payloads("seven");
  start_puppet(task);
  puppets_[0].begins([](ActivityContext& ctx) { static_cast<void>(ctx.last_heartbeat<int>()); });
  EXPECT_THAT(wait_for<rpc::RespondActivityTaskFailed>().failure().message(), HasSubstr("last heartbeat of an earlier attempt"));
}

TEST_F(HeartbeatTest, ACancellationThatTheServerAsksForReachesTheCodeAndIsReported) {
  answer_heartbeats(&rpc::service::RecordActivityTaskHeartbeatResponse::set_cancel_requested);
  start_puppet();
  puppets_[0].begins([](ActivityContext& ctx) {
    ctx.heartbeat("1");
    ctx.sleep_for(24h);  // until it is cancelled
  });
  const auto canceled = wait_for<rpc::RespondActivityTaskCanceled>();
  EXPECT_EQ(canceled.task_token(), "token of Puppet");
  EXPECT_EQ(canceled.namespace_(), "ns");
  EXPECT_EQ(canceled.identity(), "me");
  EXPECT_EQ(count<rpc::RespondActivityTaskFailed>(), 0);
  EXPECT_THAT(open_activity_polls(), SizeIs(5));
}

TEST_F(HeartbeatTest, ACancellationMayCarryDetails) {
  answer_heartbeats(&rpc::service::RecordActivityTaskHeartbeatResponse::set_cancel_requested);
  start_puppet();
  beat("1");
  puppets_[0].throws(CancelledFailure("stopped", converter::to_payloads("cleaned up")));
  EXPECT_EQ(test::text_of(wait_for<rpc::RespondActivityTaskCanceled>().details()), "cleaned up");
}

TEST_F(HeartbeatTest, AnActivityMayIgnoreItsCancellationAndReturn) {
  answer_heartbeats(&rpc::service::RecordActivityTaskHeartbeatResponse::set_cancel_requested);
  start_puppet();
  beat("1");
  puppets_[0].returns("done all the same");
  EXPECT_EQ(test::text_of(wait_for<rpc::RespondActivityTaskCompleted>().result()), "done all the same");
}

TEST_F(HeartbeatTest, APausedAttemptStopsAndIsToBeTriedAgain) {
  answer_heartbeats(&rpc::service::RecordActivityTaskHeartbeatResponse::set_activity_paused);
  start_puppet();
  beat("1");
  puppets_[0].begins([](ActivityContext& ctx) { ctx.throw_if_cancelled(); });
  const auto failure = wait_for<rpc::RespondActivityTaskFailed>().failure();
  EXPECT_EQ(failure.message(), "the activity was paused");
  EXPECT_FALSE(failure.application_failure_info().non_retryable());
}

TEST_F(HeartbeatTest, AResetAttemptStopsAndIsToBeTriedAgain) {
  answer_heartbeats(&rpc::service::RecordActivityTaskHeartbeatResponse::set_activity_reset);
  start_puppet();
  beat("1");
  puppets_[0].begins([](ActivityContext& ctx) { ctx.throw_if_cancelled(); });
  EXPECT_EQ(wait_for<rpc::RespondActivityTaskFailed>().failure().message(), "the activity was reset");
}

TEST_F(HeartbeatTest, AnAttemptThatTheServerHasGivenUpStopsAndIsNotReported) {
  server_.always_fail<rpc::RecordActivityTaskHeartbeat>({.code = StatusCode::kNotFound, .message = "activity task not found"});
  start_puppet();
  puppets_[0].begins([](ActivityContext& ctx) {
    ctx.heartbeat("1");
    ctx.sleep_for(24h);
  });
  loop_.wait_until([this] { return beats_sent() == 1 && open_activity_polls().size() == 5; });
  loop_.advance(1min);
  EXPECT_EQ(beats_sent(), 1);
  EXPECT_EQ(count<rpc::RespondActivityTaskCompleted>(), 0);
  EXPECT_EQ(count<rpc::RespondActivityTaskFailed>(), 0);
  EXPECT_EQ(count<rpc::RespondActivityTaskCanceled>(), 0);
}

TEST_F(HeartbeatTest, AnAttemptThatTheServerHasGivenUpBeatsInVainAndUnheard) {
  server_.always_fail<rpc::RecordActivityTaskHeartbeat>({.code = StatusCode::kNotFound, .message = "activity task not found"});
  start_puppet();
  beat("1");
  beat("2");
  loop_.advance(1min);
  EXPECT_EQ(beats_sent(), 1);
}

TEST_F(HeartbeatTest, AnAnswerThatComesAfterTheEndChangesNothing) {
  const auto held = hold<rpc::RecordActivityTaskHeartbeat>();
  start_puppet();
  beat("1");
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  rpc::RecordActivityTaskHeartbeat::Response response;
  response.set_cancel_requested(true);
  held->at(0).with(response);
  loop_.advance(1min);
  EXPECT_EQ(count<rpc::RespondActivityTaskCanceled>(), 0);
  EXPECT_EQ(beats_sent(), 1);
}

}  // namespace
}  // namespace lifecycle::worker
