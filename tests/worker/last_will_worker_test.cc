// What a worker remembers of what it executes, at every point of a task's life, and what is told of it after its death.
#include "tests/worker/worker_fixture.h"
#include "worker/last_will.h"
#include "worker/last_will_executor.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using test::WorkerTest;
using test::workflow_task;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class LastWillOfAWorkerTest : public WorkerTest {
 protected:
  LastWillOfAWorkerTest() { options_.last_will = &writer_; }

  [[nodiscard]] LastWill will() const { return memory_.read(); }

  LastWillMemory memory_ = *LastWillMemory::create();
  LastWillWriter writer_{memory_};
};

TEST_F(LastWillOfAWorkerTest, NamesTheWorkerAndItsStickyQueueUntilItHasStopped) {
  start();
  EXPECT_EQ(will().identity, "me");
  EXPECT_EQ(will().sticky_task_queue, open_sticky_polls().at(0).request.task_queue().name());
  EXPECT_THAT(will().tasks, SizeIs(0));
  worker_->begin_shutdown();
  loop_.run_ready();
  ASSERT_TRUE(worker_->stopped());
  worker_.reset();
  EXPECT_TRUE(will().empty());
  start();  // for the fixture, which stops one
}

TEST_F(LastWillOfAWorkerTest, HoldsAWorkflowTaskUntilTheServerHasTakenItsCompletion) {
  const auto completions = hold<rpc::RespondWorkflowTaskCompleted>();
  start();
  auto task = workflow_task(test::begun("Waiting").build());
  task.set_attempt(1);
  give(task);
  ASSERT_THAT(will().tasks, SizeIs(1));
  EXPECT_EQ(will().tasks[0].kind, TaskKind::kWorkflowTask);
  EXPECT_EQ(will().tasks[0].token, task.task_token());
  EXPECT_EQ(will().tasks[0].attempt, 1);
  completions->at(0).with({});
  loop_.run_ready();
  EXPECT_THAT(will().tasks, SizeIs(0));
}

TEST_F(LastWillOfAWorkerTest, HoldsATaskThatCameBackWithACompletion) {
  const auto completions = hold<rpc::RespondWorkflowTaskCompleted>();
  start();
  give(workflow_task(test::begun("Waiting").build()));
  rpc::service::RespondWorkflowTaskCompletedResponse response;
  *response.mutable_workflow_task() = workflow_task(test::begun("Waiting").build());
  response.mutable_workflow_task()->set_task_token("the next one's");
  completions->at(0).with(response);
  loop_.run_ready();
  ASSERT_THAT(will().tasks, SizeIs(1));
  EXPECT_EQ(will().tasks[0].token, "the next one's");
  completions->at(1).with({});
  loop_.run_ready();
  EXPECT_THAT(will().tasks, SizeIs(0));
}

TEST_F(LastWillOfAWorkerTest, HoldsNoQuery) {
  start();
  const auto answers = hold<rpc::RespondQueryTaskCompleted>();
  auto task = workflow_task(test::begun("Waiting").build());
  task.mutable_query()->set_query_type("__stack_trace");
  give(task);
  ASSERT_THAT(*answers, SizeIs(1));
  EXPECT_THAT(will().tasks, SizeIs(0));
  answers->at(0).with({});
  loop_.run_ready();
}

TEST_F(LastWillOfAWorkerTest, HoldsAnActivityUntilTheServerHasTakenItsOutcome) {
  const auto reports = hold<rpc::RespondActivityTaskCompleted>();
  start();
  auto task = test::puppet_task();
  task.set_attempt(2);
  give(task);
  puppets_[0].wait_until_performing();
  ASSERT_THAT(will().tasks, SizeIs(1));
  EXPECT_EQ(will().tasks[0].kind, TaskKind::kActivity);
  EXPECT_EQ(will().tasks[0].token, "token of Puppet");
  EXPECT_EQ(will().tasks[0].attempt, 2);
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_THAT(will().tasks, SizeIs(1)) << "the report may be lost together with the process";
  reports->at(0).with({});
  loop_.run_ready();
  EXPECT_THAT(will().tasks, SizeIs(0));
}

TEST_F(LastWillOfAWorkerTest, HoldsTheDetailsOfABeatThatWasNotSent) {
  start();
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat("1"); });
  loop_.run_ready();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat("2"); });
  loop_.run_ready();
  EXPECT_EQ(count<rpc::RecordActivityTaskHeartbeat>(), 1) << "the second one is throttled";
  ASSERT_THAT(will().tasks, SizeIs(1));
  ASSERT_TRUE(will().tasks[0].details.has_value());
  EXPECT_EQ(test::text_of(*will().tasks[0].details), "2");
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_THAT(will().tasks, SizeIs(0));
}

TEST_F(LastWillOfAWorkerTest, HoldsNoAttemptAfterWhichThereIsNone) {
  start();
  auto task = test::puppet_task();
  task.set_attempt(3);
  task.mutable_retry_policy()->set_maximum_attempts(3);
  give(task);
  puppets_[0].wait_until_performing();
  EXPECT_THAT(will().tasks, SizeIs(0));
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
}

TEST_F(LastWillOfAWorkerTest, ForgetsAnAttemptThatTheServerHasGivenUp) {
  server_.always_fail<rpc::RecordActivityTaskHeartbeat>({.code = rpc::StatusCode::kNotFound});
  start();
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat("1"); });
  puppets_[0].begins([](ActivityContext& ctx) { ctx.sleep_for(24h); });
  loop_.wait_until([&] { return will().tasks.empty(); });
  EXPECT_EQ(count<rpc::RespondActivityTaskFailed>(), 0);
}

TEST_F(LastWillOfAWorkerTest, HoldsWhatAStoppingWorkerStillExecutes) {
  start();
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  worker_->begin_shutdown();
  loop_.run_ready();
  EXPECT_THAT(will().tasks, SizeIs(1));
  EXPECT_NE(will().sticky_task_queue, "");
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_THAT(will().tasks, SizeIs(0));
}

class ExecutorTest : public testing::Test {
 protected:
  ExecutorTest() {
    note<rpc::ShutdownWorker>();
    note<rpc::RespondActivityTaskFailed>();
    note<rpc::RespondWorkflowTaskFailed>();
  }
  template <class Rpc>
  void note() {
    server_.on<Rpc>([this](const auto&, const auto& answer) {
      calls_.emplace_back(Rpc::kMethod.name);
      answer.with({});
    });
  }
  void execute() {
    execute_last_will(server_, loop_, will_, options_, "killed by SIGKILL (signal 9)", [this](LastWillReport report) {
      EXPECT_FALSE(report_.has_value()) << "told twice";
      report_ = report;
    });
    loop_.run_ready();
  }

  test::ManualEventLoop loop_;
  test::FakeWorkflowService server_{loop_};
  WorkerOptions options_{.name_space = "ns", .task_queue = "queue-1", .worker_version = "v1"};
  LastWill will_{.identity = "7@host",
                 .sticky_task_queue = "sticky",
                 .tasks = {{.kind = TaskKind::kActivity, .token = "a", .attempt = 1, .details = converter::to_payloads("2")},
                           {.kind = TaskKind::kWorkflowTask, .token = "w", .attempt = 1, .details = std::nullopt}}};
  std::vector<std::string> calls_;
  std::optional<LastWillReport> report_;
};

TEST_F(ExecutorTest, GivesUpTheStickyQueueBeforeAnythingElse) {
  execute();
  EXPECT_THAT(calls_, ElementsAre("ShutdownWorker", "RespondActivityTaskFailed", "RespondWorkflowTaskFailed"));
  const auto request = server_.last_request<rpc::ShutdownWorker>();
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.identity(), "7@host");
  EXPECT_EQ(request.sticky_task_queue(), "sticky");
  ASSERT_TRUE(report_.has_value());
  EXPECT_TRUE(report_->sticky_queue_released);
  EXPECT_EQ(report_->activities_failed, 1);
  EXPECT_EQ(report_->workflow_tasks_failed, 1);
}

TEST_F(ExecutorTest, AFirstAttemptIsTriedAgainAtOnceFromItsNewestDetails) {
  execute();
  const auto request = server_.last_request<rpc::RespondActivityTaskFailed>();
  EXPECT_EQ(request.task_token(), "a");
  EXPECT_EQ(request.identity(), "7@host");
  EXPECT_EQ(test::text_of(request.last_heartbeat_details()), "2");
  EXPECT_THAT(request.failure().message(), HasSubstr("SIGKILL"));
  const auto& info = request.failure().application_failure_info();
  EXPECT_FALSE(info.non_retryable());
  EXPECT_EQ(info.type(), "WorkerDied");
  EXPECT_EQ(api::to_duration(info.next_retry_delay()), Duration(1ms));
}

TEST_F(ExecutorTest, LaterAttemptsLeaveTheDelayToTheRetryPolicy) {
  will_.tasks[0].attempt = 2;
  execute();
  EXPECT_FALSE(server_.last_request<rpc::RespondActivityTaskFailed>().failure().application_failure_info().has_next_retry_delay());
}

TEST_F(ExecutorTest, LaterAttemptsOfAWorkflowTaskAreLeftToTheirTimeOut) {
  will_.tasks[1].attempt = 2;
  execute();
  EXPECT_THAT(calls_, ElementsAre("ShutdownWorker", "RespondActivityTaskFailed"));
}

TEST_F(ExecutorTest, AVersionedWorkersTasksAreFailedInTheNameOfItsVersion) {
  options_.deployment = WorkerDeployment{.name = "lifecycle"};
  execute();
  EXPECT_EQ(server_.last_request<rpc::RespondActivityTaskFailed>().deployment_options().build_id(), "v1");
  EXPECT_EQ(server_.last_request<rpc::RespondWorkflowTaskFailed>().deployment_options().build_id(), "v1");
}

TEST_F(ExecutorTest, WhatIsOverAlreadyIsNoFault) {
  server_.always_fail<rpc::RespondActivityTaskFailed>({.code = rpc::StatusCode::kNotFound});
  execute();
  ASSERT_TRUE(report_.has_value());
  EXPECT_EQ(report_->already_over, 1);
  EXPECT_EQ(report_->not_told, 0);
}

TEST_F(ExecutorTest, AnEmptyOneIsDoneAtOnce) {
  will_ = {};
  execute();
  EXPECT_TRUE(report_.has_value());
  EXPECT_THAT(calls_, SizeIs(0));
}

TEST_F(ExecutorTest, AServerThatDoesNotAnswerIsWaitedForOnlySoLong) {
  std::vector<test::Answer<rpc::ShutdownWorker>> held;  // never given
  std::vector<test::Answer<rpc::RespondActivityTaskFailed>> held_too;
  server_.on<rpc::ShutdownWorker>([&](const auto&, const auto& answer) { held.push_back(answer); });
  server_.on<rpc::RespondActivityTaskFailed>([&](const auto&, const auto& answer) { held_too.push_back(answer); });
  execute();
  loop_.advance(kLastWillTimeout - 1ms);
  EXPECT_FALSE(report_.has_value());
  loop_.advance(1ms);
  ASSERT_TRUE(report_.has_value());
  EXPECT_FALSE(report_->sticky_queue_released);
  EXPECT_EQ(report_->workflow_tasks_failed, 1);
  EXPECT_EQ(report_->not_told, 1);
  loop_.advance(1min);
}

}  // namespace
}  // namespace lifecycle::worker
