#include "tests/worker/worker_fixture.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using test::WorkerTest;
using test::workflow_task;
using testing::HasSubstr;
using testing::SizeIs;

// What Kubernetes gives a pod by default, too.
constexpr Duration kGracefulByDefault = 30s;

class ShutdownTest : public WorkerTest {
 protected:
  void start_puppet() {
    start();
    give(test::puppet_task());
    puppets_[0].wait_until_performing();
  }
  void begin_shutdown() {
    worker_->begin_shutdown();
    loop_.run_ready();
  }
  [[nodiscard]] std::size_t open_polls() const {
    return open_normal_polls().size() + open_sticky_polls().size() + open_activity_polls().size();
  }
};

TEST_F(ShutdownTest, AnIdleWorkerStopsAsSoonAsTheServerKnows) {
  start();
  EXPECT_FALSE(worker_->stopped());
  begin_shutdown();
  EXPECT_TRUE(worker_->stopped());
  EXPECT_EQ(open_polls(), 0);
}

TEST_F(ShutdownTest, TheServerIsToldWhichStickyQueueIsOver) {
  start();
  const std::string sticky_queue = open_sticky_polls().at(0).request.task_queue().name();
  begin_shutdown();
  const auto request = server_.last_request<rpc::ShutdownWorker>();
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.identity(), "me");
  EXPECT_EQ(request.sticky_task_queue(), sticky_queue);
  EXPECT_EQ(request.reason(), "graceful shutdown");
}

TEST_F(ShutdownTest, PollsStayOpenUntilTheServerKnows) {
  const auto told = hold<rpc::ShutdownWorker>();
  start();
  begin_shutdown();
  ASSERT_THAT(*told, SizeIs(1));
  EXPECT_EQ(open_polls(), 10);
  EXPECT_FALSE(worker_->stopped());
  told->at(0).with({});
  loop_.run_ready();
  EXPECT_EQ(open_polls(), 0);
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, AServerThatDoesNotAnswerIsWaitedForOnlyBriefly) {
  const auto told = hold<rpc::ShutdownWorker>();
  start();
  begin_shutdown();
  loop_.advance(kShutdownWorkerTimeout);
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, AServerThatDoesNotKnowTheCallStopsNobodyFromStopping) {
  server_.always_fail<rpc::ShutdownWorker>({.code = StatusCode::kUnimplemented});
  start();
  begin_shutdown();
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, TheServerIsToldThenPollsEndThenTasksAreFinishedThenActivitiesAreToldToStop) {
  std::vector<std::string> order;
  server_.on<rpc::ShutdownWorker>([&](const auto&, const auto& answer) {
    EXPECT_EQ(open_polls(), 10);
    order.emplace_back("server told");
    answer.with({});
  });
  server_.on<rpc::RespondWorkflowTaskCompleted>([&](const auto&, const auto& answer) {
    EXPECT_EQ(open_polls(), 0);
    order.emplace_back("workflow task completed");
    answer.with({});
  });
  server_.on<rpc::RecordActivityTaskHeartbeat>([&](const auto&, const auto& answer) {
    order.emplace_back("heartbeat");
    answer.with({});
  });
  server_.on<rpc::RespondActivityTaskFailed>([&](const auto& request, const auto& answer) {
    order.emplace_back("activity failed with " + test::text_of(request.last_heartbeat_details()));
    EXPECT_FALSE(worker_->stopped());
    answer.with({});
  });
  const auto pages = hold<rpc::GetWorkflowExecutionHistory>();
  start();
  test::ActivityTask puppet = test::puppet_task();
  puppet.mutable_heartbeat_timeout()->set_seconds(100);  // the second beat waits for longer than the graceful time-out
  give(puppet);
  puppets_[0].wait_until_performing();
  auto task = workflow_task(test::begun("Waiting").build());
  rpc::service::GetWorkflowExecutionHistoryResponse page;
  *page.mutable_history() = task.history();
  task.mutable_history()->clear_events();
  task.set_next_page_token("page 1");
  give(task);
  ASSERT_THAT(*pages, SizeIs(1));
  begin_shutdown();
  EXPECT_EQ(open_polls(), 0);
  pages->at(0).with(page);
  loop_.run_ready();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat("1"); });
  loop_.run_ready();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat("2"); });
  puppets_[0].begins([](ActivityContext& ctx) { ctx.sleep_for(24h); });
  EXPECT_FALSE(worker_->stopped());
  loop_.advance(kGracefulByDefault);
  wait_for<rpc::RespondActivityTaskFailed>();
  EXPECT_THAT(order, testing::ElementsAre("server told", "workflow task completed", "heartbeat", "activity failed with 2"));
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, BeginningTwiceIsBeginningOnce) {
  start();
  worker_->begin_shutdown();
  worker_->begin_shutdown();
  loop_.run_ready();
  EXPECT_EQ(count<rpc::ShutdownWorker>(), 1);
}

TEST_F(ShutdownTest, NoPollIsOpenedAnyMore) {
  const auto told = hold<rpc::ShutdownWorker>();
  start();
  begin_shutdown();
  give(test::WorkflowTask());
  give(test::ActivityTask());
  fail_open_polls({.code = StatusCode::kUnavailable});
  loop_.advance(1min);
  EXPECT_EQ(workflow_polls_sent(), 5);
  EXPECT_EQ(activity_polls_sent(), 5);
}

TEST_F(ShutdownTest, TasksThatArriveMeanwhileAreStillRun) {
  const auto told = hold<rpc::ShutdownWorker>();
  start();
  begin_shutdown();
  give(workflow_task(test::begun("Waiting").build()));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 1);
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  EXPECT_FALSE(completed.has_sticky_attributes());
  EXPECT_FALSE(completed.return_new_workflow_task());
  give(test::activity_task("Greet", converter::to_payloads("ann")));
  wait_for<rpc::RespondActivityTaskCompleted>();
}

TEST_F(ShutdownTest, AWorkflowTaskUnderWayIsFinishedFirst) {
  const auto completions = hold<rpc::RespondWorkflowTaskCompleted>();
  start();
  give(workflow_task(test::begun("Waiting").build()));
  begin_shutdown();
  EXPECT_FALSE(worker_->stopped());
  completions->at(0).with({});
  loop_.run_ready();
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, AnActivityMayEndWithinTheGracefulTimeOut) {
  start_puppet();
  begin_shutdown();
  loop_.advance(options_.graceful_shutdown_timeout - 1ms);
  EXPECT_FALSE(worker_->stopped());
  puppets_[0].does([](ActivityContext& ctx) { EXPECT_FALSE(ctx.cancelled()); });
  puppets_[0].returns("just in time");
  EXPECT_EQ(test::text_of(wait_for<rpc::RespondActivityTaskCompleted>().result()), "just in time");
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, ItsHeartbeatsGoOnUntilThen) {
  start_puppet();
  begin_shutdown();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat("1"); });
  loop_.run_ready();
  EXPECT_EQ(count<rpc::RecordActivityTaskHeartbeat>(), 1);
}

TEST_F(ShutdownTest, AnOutcomeThatIsOnItsWayIsWaitedFor) {
  const auto reports = hold<rpc::RespondActivityTaskCompleted>();
  start_puppet();
  begin_shutdown();
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_FALSE(worker_->stopped());
  reports->at(0).with({});
  loop_.run_ready();
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, AfterTheGracefulTimeOutActivitiesAreToldToStopAndMayBeTriedAgainElsewhere) {
  start_puppet();
  begin_shutdown();
  puppets_[0].begins([](ActivityContext& ctx) { ctx.sleep_for(24h); });
  loop_.advance(options_.graceful_shutdown_timeout);
  const auto failed = wait_for<rpc::RespondActivityTaskFailed>();
  EXPECT_EQ(failed.task_token(), "token of Puppet");
  EXPECT_THAT(failed.failure().message(), HasSubstr("shutting down"));
  EXPECT_FALSE(failed.failure().application_failure_info().non_retryable());
  EXPECT_EQ(count<rpc::RespondActivityTaskCanceled>(), 0);
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, TheNextAttemptGoesOnFromTheLastDetails) {
  start_puppet();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat("1"); });
  loop_.run_ready();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat("2"); });
  puppets_[0].begins([](ActivityContext& ctx) { ctx.sleep_for(24h); });
  begin_shutdown();
  worker_->force_shutdown();
  EXPECT_EQ(test::text_of(wait_for<rpc::RespondActivityTaskFailed>().last_heartbeat_details()), "2");
}

TEST_F(ShutdownTest, AnActivityThatDoesNotStopIsReportedAndLeftBehind) {
  start_puppet();
  begin_shutdown();
  loop_.advance(options_.graceful_shutdown_timeout + kCancelledActivityGrace - 1ms);
  EXPECT_FALSE(worker_->stopped());
  loop_.advance(1ms);
  const auto failed = server_.last_request<rpc::RespondActivityTaskFailed>();
  EXPECT_THAT(failed.failure().message(), HasSubstr("shutting down"));
  EXPECT_FALSE(failed.failure().application_failure_info().non_retryable());
  EXPECT_TRUE(worker_->stopped());
}

// Whatever such an activity does later must find nobody there, not what used to be there.
TEST(ShutdownWithoutFixtureTest, AnActivityThatOutlivesItsWorkerAndItsLoopIsHarmless) {
  test::Puppet puppet;
  Registry registry;
  registry.activity(test::kPuppet, [&](ActivityContext& ctx, int) { return puppet.perform(ctx); });
  {
    test::ManualEventLoop loop;
    test::FakeWorkflowService server(loop);
    Worker worker(server, loop, registry, Logger::silent(), {.name_space = "ns", .task_queue = "queue-1", .identity = "me"});
    worker.start();
    server.answer_next<rpc::PollActivityTaskQueue>(test::puppet_task());
    loop.run_ready();
    puppet.wait_until_performing();
    worker.begin_shutdown();
    loop.advance(10min);
    ASSERT_TRUE(worker.stopped());
    EXPECT_EQ(server.requests<rpc::RespondActivityTaskFailed>().size(), 1);
  }
  puppet.does([](ActivityContext& ctx) {
    EXPECT_TRUE(ctx.cancelled());
    ctx.heartbeat("anybody?");
  });
  puppet.release();
}

TEST_F(ShutdownTest, WhatTheServerHasGivenUpIsNotReportedEvenThen) {
  server_.always_fail<rpc::RecordActivityTaskHeartbeat>({.code = StatusCode::kNotFound});
  start_puppet();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat("1"); });
  loop_.run_ready();
  begin_shutdown();
  loop_.advance(options_.graceful_shutdown_timeout + kCancelledActivityGrace);
  EXPECT_TRUE(worker_->stopped());
  EXPECT_EQ(count<rpc::RespondActivityTaskFailed>(), 0);
}

TEST_F(ShutdownTest, ForcingItTellsActivitiesToStopAtOnce) {
  start_puppet();
  puppets_[0].begins([](ActivityContext& ctx) { ctx.sleep_for(24h); });
  begin_shutdown();
  EXPECT_EQ(count<rpc::RespondActivityTaskFailed>(), 0);
  worker_->force_shutdown();
  wait_for<rpc::RespondActivityTaskFailed>();
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, ForcingItLeavesBehindWhatDoesNotStopAfterTheGrace) {
  start_puppet();
  begin_shutdown();
  worker_->force_shutdown();
  worker_->force_shutdown();
  loop_.advance(kCancelledActivityGrace);
  EXPECT_EQ(count<rpc::RespondActivityTaskFailed>(), 1);
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, AWorkerThatPolledInVainForAWhileStopsToo) {
  server_.always_fail<rpc::PollWorkflowTaskQueue>({.code = StatusCode::kUnavailable});
  server_.always_fail<rpc::PollActivityTaskQueue>({.code = StatusCode::kUnavailable});
  start();
  loop_.advance(1min);
  begin_shutdown();
  EXPECT_TRUE(worker_->stopped());
}

TEST_F(ShutdownTest, WithoutACacheThereIsNoStickyQueueToGiveUp) {
  options_.max_cached_workflows = 0;
  start();
  begin_shutdown();
  EXPECT_EQ(server_.last_request<rpc::ShutdownWorker>().sticky_task_queue(), "");
  EXPECT_TRUE(worker_->stopped());
}

}  // namespace
}  // namespace lifecycle::worker
