#include "tests/worker/worker_fixture.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using test::WorkerTest;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class ActivityTest : public WorkerTest {
 protected:
  // Starts the worker and an activity that does what puppets_[0] is told.
  void start_puppet(test::ActivityTask task = test::puppet_task()) {
    start();
    give(task);
    puppets_[0].wait_until_performing();
  }
  // Every slot is free again and polled for.
  void expect_all_polls_open() { EXPECT_THAT(open_activity_polls(), SizeIs(5)); }
};

TEST_F(ActivityTest, ItsCodeLearnsWhatTheTaskSays) {
  test::ActivityTask task = test::puppet_task();
  task.set_attempt(3);
  task.mutable_scheduled_time()->set_seconds(1000);
  task.mutable_heartbeat_timeout()->set_seconds(5);
  start_puppet(task);
  ActivityInfo info;
  puppets_[0].does([&](ActivityContext& ctx) { info = ctx.info(); });
  EXPECT_EQ(info.name_space, "ns");
  EXPECT_EQ(info.workflow_id, "workflow-1");
  EXPECT_EQ(info.run_id, "run-1");
  EXPECT_EQ(info.workflow_type, "Greeting");
  EXPECT_EQ(info.activity_id, "5");
  EXPECT_EQ(info.activity_type, "Puppet");
  EXPECT_EQ(info.task_queue, "queue-1");
  EXPECT_EQ(info.identity, "me");
  EXPECT_EQ(info.worker_version, "v1");
  EXPECT_EQ(info.attempt, 3);
  EXPECT_EQ(info.scheduled_time, WallTime(1000s));
  EXPECT_EQ(info.heartbeat_timeout, 5s);
}

TEST_F(ActivityTest, ItsResultIsReported) {
  start_puppet();
  puppets_[0].returns("done");
  const auto completed = wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_EQ(completed.task_token(), "token of Puppet");
  EXPECT_EQ(completed.namespace_(), "ns");
  EXPECT_EQ(completed.identity(), "me");
  EXPECT_EQ(test::text_of(completed.result()), "done");
  EXPECT_EQ(worker_->stats().activities_completed, 1);
  expect_all_polls_open();
}

TEST_F(ActivityTest, AnUnknownTypeFailsTheAttemptSoThatAnotherWorkerMayTakeIt) {
  start();
  give(test::activity_task("Unheard"));
  const auto failed = server_.last_request<rpc::RespondActivityTaskFailed>();
  EXPECT_EQ(failed.task_token(), "token of Unheard");
  EXPECT_THAT(failed.failure().message(), AllOf(HasSubstr("'Unheard'"), HasSubstr("Greet"), HasSubstr("Puppet")));
  EXPECT_EQ(failed.failure().application_failure_info().type(), "NotRegistered");
  EXPECT_FALSE(failed.failure().application_failure_info().non_retryable());
  expect_all_polls_open();
}

TEST_F(ActivityTest, InputThatCannotBeReadFailsTheAttempt) {
  start();
  give(test::activity_task("Greet", converter::to_payloads(5)));
  EXPECT_THAT(wait_for<rpc::RespondActivityTaskFailed>().failure().message(), HasSubstr("Greet"));
  expect_all_polls_open();
}

TEST_F(ActivityTest, AnExceptionIsARetryableFailure) {
  start_puppet();
  puppets_[0].throws(std::runtime_error("disk full"));
  const auto failed = wait_for<rpc::RespondActivityTaskFailed>();
  EXPECT_EQ(failed.task_token(), "token of Puppet");
  EXPECT_EQ(failed.namespace_(), "ns");
  EXPECT_EQ(failed.identity(), "me");
  EXPECT_EQ(failed.failure().message(), "disk full");
  EXPECT_EQ(failed.failure().application_failure_info().type(), "std::runtime_error");
  EXPECT_FALSE(failed.failure().application_failure_info().non_retryable());
  EXPECT_EQ(worker_->stats().activities_failed, 1);
  expect_all_polls_open();
}

TEST_F(ActivityTest, SomethingThatIsNoExceptionIsAFailureToo) {
  start_puppet();
  puppets_[0].throws(5);
  EXPECT_TRUE(wait_for<rpc::RespondActivityTaskFailed>().failure().has_application_failure_info());
}

TEST_F(ActivityTest, AnApplicationFailureKeepsItsTypeDetailsAndFinality) {
  start_puppet();
  puppets_[0].throws(
      ApplicationFailure("card declined", {.type = "Declined", .non_retryable = true, .details = converter::to_payloads("limit")}));
  const auto failure = wait_for<rpc::RespondActivityTaskFailed>().failure();
  EXPECT_EQ(failure.message(), "card declined");
  EXPECT_EQ(failure.application_failure_info().type(), "Declined");
  EXPECT_TRUE(failure.application_failure_info().non_retryable());
  EXPECT_EQ(test::text_of(failure.application_failure_info().details()), "limit");
}

// The server refuses a cancellation that it did not ask for.
TEST_F(ActivityTest, ACancellationThatNobodyAskedForIsARetryableFailure) {
  start_puppet();
  puppets_[0].throws(CancelledFailure("I would rather not"));
  const auto failure = wait_for<rpc::RespondActivityTaskFailed>().failure();
  EXPECT_EQ(failure.message(), "I would rather not");
  EXPECT_FALSE(failure.application_failure_info().non_retryable());
  EXPECT_EQ(count<rpc::RespondActivityTaskCanceled>(), 0);
}

TEST_F(ActivityTest, AResultThatIsTooLargeFailsTheActivityForGood) {
  start_puppet();
  puppets_[0].returns(std::string(kRequestBytesMax, 'x'));
  const auto failure = wait_for<rpc::RespondActivityTaskFailed>().failure();
  EXPECT_THAT(failure.message(), HasSubstr(std::to_string(kRequestBytesMax)));
  EXPECT_EQ(failure.application_failure_info().type(), "ResultTooLarge");
  EXPECT_TRUE(failure.application_failure_info().non_retryable());
  EXPECT_EQ(count<rpc::RespondActivityTaskCompleted>(), 0);
  EXPECT_EQ(worker_->stats().activities_completed, 0);
}

TEST_F(ActivityTest, AFailureThatIsTooLargeIsReportedWithoutItsDetails) {
  start_puppet();
  const std::string large(kRequestBytesMax, 'x');
  puppets_[0].throws(ApplicationFailure("no room", {.type = "Full", .non_retryable = true, .details = converter::to_payloads(large)}));
  const auto failed = wait_for<rpc::RespondActivityTaskFailed>();
  EXPECT_LE(failed.ByteSizeLong(), kRequestBytesMax);
  EXPECT_THAT(failed.failure().message(), AllOf(HasSubstr("no room"), HasSubstr("too large")));
  EXPECT_EQ(failed.failure().application_failure_info().type(), "Full");
  EXPECT_TRUE(failed.failure().application_failure_info().non_retryable());
}

TEST_F(ActivityTest, AReportThatCannotBeDeliveredIsLoggedAndTheSlotIsFree) {
  log_level_ = LogLevel::kWarn;
  server_.always_fail<rpc::RespondActivityTaskCompleted>({.code = StatusCode::kUnavailable, .message = "connection refused"});
  start_puppet();
  testing::internal::CaptureStderr();
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), AllOf(HasSubstr("workflow-1"), HasSubstr("Puppet"), HasSubstr("connection refused")));
  expect_all_polls_open();
}

TEST_F(ActivityTest, AReportOfAnAttemptThatTimedOutMeanwhileIsNoNews) {
  log_level_ = LogLevel::kWarn;
  server_.always_fail<rpc::RespondActivityTaskCompleted>({.code = StatusCode::kNotFound, .message = "activity task not found"});
  start_puppet();
  testing::internal::CaptureStderr();
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  expect_all_polls_open();
}

TEST_F(ActivityTest, AnAttemptThatOutlivesItsTimeOutIsToldToStopAndNotReported) {
  test::ActivityTask task = test::puppet_task();
  task.mutable_start_to_close_timeout()->set_seconds(10);
  start_puppet(task);
  loop_.advance(10s + kLocalTimeoutBuffer - 1ms);
  puppets_[0].does([](ActivityContext& ctx) { EXPECT_FALSE(ctx.cancelled()); });
  loop_.advance(1ms);
  puppets_[0].begins([](ActivityContext& ctx) { ctx.throw_if_cancelled(); });
  loop_.wait_until([this] { return open_activity_polls().size() == 5; });
  EXPECT_EQ(count<rpc::RespondActivityTaskFailed>(), 0);
  EXPECT_EQ(count<rpc::RespondActivityTaskCanceled>(), 0);
}

TEST_F(ActivityTest, ManyRunAtOnce) {
  start();
  for (int which = 0; which < 4; ++which) {
    give(test::puppet_task(which));
  }
  for (test::Puppet& puppet : puppets_) {
    puppet.wait_until_performing();
  }
  for (test::Puppet& puppet : puppets_) {
    puppet.returns("done");
  }
  wait_for<rpc::RespondActivityTaskCompleted>(4);
  expect_all_polls_open();
}

}  // namespace
}  // namespace lifecycle::worker
