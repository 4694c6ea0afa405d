#include "worker/last_will_delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "converter/payload.h"
#include "rpc/methods.h"
#include "tests/support/fake_workflow_service.h"
#include "tests/support/manual_event_loop.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using testing::HasSubstr;

TaskWill activity(std::int32_t attempt = 1) { return {.kind = TaskKind::kActivity, .task_token = "activity token", .attempt = attempt}; }
TaskWill workflow_task() { return {.kind = TaskKind::kWorkflowTask, .task_token = "workflow token"}; }

class LastWillDeliveryTest : public testing::Test {
 protected:
  LastWillDeliveryTest() {
    server_.always_answer<rpc::ShutdownWorker>({});
    server_.always_answer<rpc::RespondActivityTaskFailed>({});
    server_.always_answer<rpc::RespondWorkflowTaskFailed>({});
  }

  void deliver(std::vector<TaskWill> tasks, std::string sticky_task_queue = "sticky") {
    deliver_last_will(server_, options_,
                      {.identity = "the dead", .sticky_task_queue = std::move(sticky_task_queue), .tasks = std::move(tasks)},
                      "killed by SIGKILL", [this](LastWillReport report) { report_ = report; });
    loop_.run_ready();
  }
  template <class Rpc>
  std::size_t count() {
    return server_.requests<Rpc>().size();
  }

  test::ManualEventLoop loop_;
  test::FakeWorkflowService server_{loop_};
  WorkerOptions options_{
      .name_space = "ns", .task_queue = "queue-1", .worker_version = "v1", .deployment = WorkerDeployment{.name = "lifecycle"}};
  std::optional<LastWillReport> report_;
};

TEST_F(LastWillDeliveryTest, TheStickyQueueIsGivenUpBeforeAnyTaskIsFailed) {
  std::optional<test::Answer<rpc::ShutdownWorker>> shutdown;
  server_.on<rpc::ShutdownWorker>([&](const auto&, auto answer) { shutdown = answer; });
  deliver({activity(), workflow_task()});
  EXPECT_EQ(server_.last_request<rpc::ShutdownWorker>().sticky_task_queue(), "sticky");
  EXPECT_EQ(server_.last_request<rpc::ShutdownWorker>().identity(), "the dead");
  EXPECT_EQ(count<rpc::RespondActivityTaskFailed>() + count<rpc::RespondWorkflowTaskFailed>(), 0);
  shutdown->with({});
  loop_.run_ready();
  EXPECT_EQ(count<rpc::RespondActivityTaskFailed>(), 1);
  EXPECT_EQ(count<rpc::RespondWorkflowTaskFailed>(), 1);
  EXPECT_EQ(report_->activities, 1);
  EXPECT_EQ(report_->workflow_tasks, 1);
}

TEST_F(LastWillDeliveryTest, AnActivityFailsRetryablyWithWhatKilledItsWorkerAndWhereItWas) {
  TaskWill task = activity();
  task.newest_details = converter::to_payloads(std::string("half-way"));
  deliver({task});
  const auto request = server_.last_request<rpc::RespondActivityTaskFailed>();
  EXPECT_EQ(request.task_token(), "activity token");
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.identity(), "the dead");
  EXPECT_EQ(request.deployment_options().build_id(), "v1");
  EXPECT_THAT(request.failure().message(), HasSubstr("killed by SIGKILL"));
  EXPECT_EQ(request.failure().application_failure_info().type(), "WorkerDied");
  EXPECT_FALSE(request.failure().application_failure_info().non_retryable());
  EXPECT_EQ(api::to_duration(request.failure().application_failure_info().next_retry_delay()), kLastWillRetryDelay);
  EXPECT_EQ(*converter::from_payloads<std::string>(&request.last_heartbeat_details()), "half-way");
}

TEST_F(LastWillDeliveryTest, OnlyTheFirstAttemptIsTriedAgainAtOnce) {
  deliver({activity(2)});
  EXPECT_FALSE(server_.last_request<rpc::RespondActivityTaskFailed>().failure().application_failure_info().has_next_retry_delay());
}

TEST_F(LastWillDeliveryTest, AWorkflowTaskFailsWithTheCauseOfADeadWorker) {
  deliver({workflow_task()});
  const auto request = server_.last_request<rpc::RespondWorkflowTaskFailed>();
  EXPECT_EQ(request.task_token(), "workflow token");
  EXPECT_EQ(request.cause(), api::enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  EXPECT_EQ(request.deployment_options().deployment_name(), "lifecycle");
}

TEST_F(LastWillDeliveryTest, WithoutCachedWorkflowsThereIsNoQueueToGiveUp) {
  deliver({activity()}, "");
  EXPECT_EQ(count<rpc::ShutdownWorker>(), 0);
  EXPECT_EQ(report_->activities, 1);
}

TEST_F(LastWillDeliveryTest, ATaskThatTheServerNoLongerKnowsIsNotMissed) {
  server_.on<rpc::RespondActivityTaskFailed>(
      [](const auto&, auto answer) { answer.fail({.code = rpc::StatusCode::kNotFound, .message = "gone"}); });
  server_.on<rpc::RespondWorkflowTaskFailed>(
      [](const auto&, auto answer) { answer.fail({.code = rpc::StatusCode::kPermissionDenied, .message = "no"}); });
  deliver({activity(), activity(), workflow_task()});
  EXPECT_EQ(report_->superseded, 2);
  EXPECT_EQ(report_->undelivered, 1);
  EXPECT_EQ(report_->activities, 0);
}

TEST_F(LastWillDeliveryTest, AServerThatDoesNotAnswerHoldsUpNobody) {
  std::vector<test::Answer<rpc::ShutdownWorker>> shutdowns;
  std::vector<test::Answer<rpc::RespondActivityTaskFailed>> reports;
  server_.on<rpc::ShutdownWorker>([&](const auto&, auto answer) { shutdowns.push_back(answer); });
  server_.on<rpc::RespondActivityTaskFailed>([&](const auto&, auto answer) { reports.push_back(answer); });
  deliver({activity()});
  loop_.advance(kLastWillTimeout);
  EXPECT_FALSE(report_.has_value());
  loop_.advance(kLastWillTimeout);
  ASSERT_TRUE(report_.has_value());
  EXPECT_EQ(report_->undelivered, 1);
}

TEST_F(LastWillDeliveryTest, WithNothingUnderWayTheQueueAloneIsGivenUp) {
  deliver({});
  EXPECT_EQ(count<rpc::ShutdownWorker>(), 1);
  EXPECT_TRUE(report_.has_value());
}

}  // namespace
}  // namespace lifecycle::worker
