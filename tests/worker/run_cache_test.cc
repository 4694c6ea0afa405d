#include "tests/worker/worker_fixture.h"

namespace lifecycle::worker {
namespace {

using rpc::StatusCode;
using test::WorkerTest;
using test::workflow_task;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RunCacheTest : public WorkerTest {
 protected:
  // A run of Waiting that was nudged after its first task: events 1 to 3, then 4 to 7.
  static replay::HistoryBuilder nudged() {
    replay::HistoryBuilder history = test::begun("Waiting");
    history.workflow_task_completed();
    history.signaled("nudge");
    history.polled_workflow_task();
    return history;
  }
  static test::WorkflowTask first_task(const std::string& run_id) { return workflow_task(nudged().slice(1, 3), run_id); }
  static test::WorkflowTask second_task(const std::string& run_id) { return workflow_task(nudged().slice(4, 7), run_id); }
  static rpc::GetWorkflowExecutionHistory::Response page(const std::shared_ptr<const api::History>& events,
                                                         const std::string& next_page_token = {}) {
    rpc::GetWorkflowExecutionHistory::Response response;
    *response.mutable_history() = *events;
    response.set_next_page_token(next_page_token);
    return response;
  }
  [[nodiscard]] std::size_t cached() const { return worker_->stats().cached_workflows; }
};

TEST_F(RunCacheTest, ARunStaysForItsNextTask) {
  start();
  give(first_task("run-1"));
  EXPECT_EQ(cached(), 1);
  give_to_sticky_queue(second_task("run-1"));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 2);
  EXPECT_EQ(count<rpc::GetWorkflowExecutionHistory>(), 0);
  EXPECT_EQ(worker_->stats().sticky_cache_hits, 1);
  EXPECT_EQ(worker_->stats().sticky_cache_misses, 0);
}

TEST_F(RunCacheTest, BeyondItsMaximumTheRunThatWasUsedLeastRecentlyGoes) {
  options_.max_cached_workflows = 2;
  start();
  give(first_task("run-1"));
  give(first_task("run-2"));
  give_to_sticky_queue(second_task("run-1"));
  give(first_task("run-3"));
  EXPECT_EQ(cached(), 2);
  give_to_sticky_queue(second_task("run-3"));
  EXPECT_EQ(worker_->stats().sticky_cache_misses, 0);
  give_to_sticky_queue(second_task("run-2"));
  EXPECT_EQ(worker_->stats().sticky_cache_misses, 1);
  EXPECT_EQ(server_.last_request<rpc::GetWorkflowExecutionHistory>().execution().run_id(), "run-2");
}

TEST_F(RunCacheTest, RunsThatAreBusyStayAndTheCacheIsBackAtItsMaximumAfterwards) {
  options_.max_cached_workflows = 2;
  const auto completions = hold<rpc::RespondWorkflowTaskCompleted>();
  start();
  for (const char* run_id : {"run-1", "run-2", "run-3", "run-4"}) {
    give(first_task(run_id));
  }
  EXPECT_EQ(cached(), 4);
  for (const auto& answer : *completions) {
    answer.with({});
  }
  loop_.run_ready();
  EXPECT_EQ(cached(), 2);
}

TEST_F(RunCacheTest, ARunThatIsNotHereIsFetchedPageByPage) {
  start();
  const replay::HistoryBuilder history = nudged();
  server_.answer_next<rpc::GetWorkflowExecutionHistory>(page(history.slice(1, 2), "page 2"));
  server_.answer_next<rpc::GetWorkflowExecutionHistory>(page(history.slice(3, 4), "page 3"));
  server_.answer_next<rpc::GetWorkflowExecutionHistory>(page(history.slice(5, 7)));
  give_to_sticky_queue(second_task("run-1"));
  const auto requests = server_.requests<rpc::GetWorkflowExecutionHistory>();
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_EQ(requests[0].namespace_(), "ns");
  EXPECT_EQ(requests[0].execution().workflow_id(), "workflow of run-1");
  EXPECT_EQ(requests[0].execution().run_id(), "run-1");
  EXPECT_EQ(requests[0].next_page_token(), "");
  EXPECT_EQ(requests[1].next_page_token(), "page 2");
  EXPECT_EQ(requests[2].next_page_token(), "page 3");
  EXPECT_EQ(server_.last_request<rpc::RespondWorkflowTaskCompleted>().task_token(), "run-1 at 7");
  EXPECT_EQ(cached(), 1);
  EXPECT_EQ(worker_->stats().sticky_cache_misses, 1);
}

TEST_F(RunCacheTest, EventsThatOnlyTheTaskHasComeAfterTheFetchedOnes) {
  start();
  const replay::HistoryBuilder history = nudged();
  server_.answer_next<rpc::GetWorkflowExecutionHistory>(page(history.slice(1, 5)));  // the task's own two events are not stored yet
  give_to_sticky_queue(second_task("run-1"));
  EXPECT_EQ(server_.last_request<rpc::RespondWorkflowTaskCompleted>().task_token(), "run-1 at 7");
}

TEST_F(RunCacheTest, ALongHistoryOfATaskIsFetchedToItsEnd) {
  start();
  const replay::HistoryBuilder history = nudged();
  test::WorkflowTask task = workflow_task(history.slice(1, 4));
  task.set_started_event_id(7);
  task.set_next_page_token("page 2");
  server_.answer_next<rpc::GetWorkflowExecutionHistory>(page(history.slice(5, 7)));
  give(task);
  EXPECT_EQ(server_.last_request<rpc::GetWorkflowExecutionHistory>().next_page_token(), "page 2");
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 1);
}

TEST_F(RunCacheTest, AFullHistoryForACachedRunReplacesIt) {
  start();
  give(first_task("run-1"));
  give(workflow_task(nudged().build(), "run-1"));  // the sticky queue was too slow
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 2);
  EXPECT_EQ(cached(), 1);
  EXPECT_EQ(count<rpc::GetWorkflowExecutionHistory>(), 0);
}

TEST_F(RunCacheTest, ATaskThatMissedSomeEventsIsFetchedAnew) {
  start();
  give(first_task("run-1"));
  replay::HistoryBuilder history = nudged();
  history.workflow_task_completed();
  history.signaled("finish");
  history.polled_workflow_task();
  server_.answer_next<rpc::GetWorkflowExecutionHistory>(page(history.build()));
  give_to_sticky_queue(workflow_task(history.slice(8, 11)));  // the one in between was run by another worker
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  ASSERT_THAT(completed.commands(), SizeIs(1));
  EXPECT_EQ(completed.commands(0).complete_workflow_execution_command_attributes().result().payloads(0).data(), "1");
}

TEST_F(RunCacheTest, ARunThatHasEndedLeaves) {
  start();
  replay::HistoryBuilder history = test::begun("Waiting");
  give(workflow_task(history.build()));
  EXPECT_EQ(cached(), 1);
  history.workflow_task_completed();
  history.signaled("finish");
  history.polled_workflow_task();
  give_to_sticky_queue(workflow_task(history.slice(4, 7)));
  ASSERT_THAT(server_.last_request<rpc::RespondWorkflowTaskCompleted>().commands(), SizeIs(1));
  EXPECT_EQ(cached(), 0);
}

// What the server may say to a completion; the run is then ahead of its history and must be read anew.
class RefusedCompletionTest : public RunCacheTest, public testing::WithParamInterface<rpc::Status> {
 protected:
  // Refuses the completion of run-1's first task and returns what the worker says about it.
  std::string refuse_completion() {
    log_level_ = LogLevel::kWarn;
    testing::internal::CaptureStderr();
    server_.fail_next<rpc::RespondWorkflowTaskCompleted>(GetParam());
    start();
    give(first_task("run-1"));
    return testing::internal::GetCapturedStderr();
  }
};
class EverydayRefusalTest : public RefusedCompletionTest {};
class UnexpectedRefusalTest : public RefusedCompletionTest {};

TEST_P(EverydayRefusalTest, DropsTheRunWithoutAWord) {
  EXPECT_EQ(refuse_completion(), "");
  EXPECT_EQ(cached(), 0);
  EXPECT_EQ(count<rpc::RespondWorkflowTaskFailed>(), 0);
}

TEST_P(UnexpectedRefusalTest, DropsTheRunAndSaysSo) {
  const std::string log = refuse_completion();
  EXPECT_THAT(log, HasSubstr("WARN"));
  EXPECT_THAT(log, HasSubstr("workflow of run-1"));
  EXPECT_THAT(log, HasSubstr(GetParam().message));
  EXPECT_EQ(cached(), 0);
  EXPECT_EQ(count<rpc::RespondWorkflowTaskFailed>(), 0);
}

TEST_P(UnexpectedRefusalTest, LeavesTheWorkerReadyForTheNextTask) {
  static_cast<void>(refuse_completion());
  give(workflow_task(nudged().build(), "run-1"));
  EXPECT_EQ(server_.last_request<rpc::RespondWorkflowTaskCompleted>().task_token(), "run-1 at 7");
  EXPECT_EQ(cached(), 1);
}

INSTANTIATE_TEST_SUITE_P(Statuses, EverydayRefusalTest,
                         testing::Values(rpc::Status{.code = StatusCode::kNotFound, .message = "Workflow task not found."},
                                         rpc::Status{.code = StatusCode::kInvalidArgument, .message = "UnhandledCommand"}),
                         [](const auto& info) { return std::string(rpc::name_of(info.param.code)); });
INSTANTIATE_TEST_SUITE_P(Statuses, UnexpectedRefusalTest,
                         testing::Values(rpc::Status{.code = StatusCode::kUnavailable, .message = "connection refused"},
                                         rpc::Status{.code = StatusCode::kPermissionDenied, .message = "not you"},
                                         rpc::Status{.code = StatusCode::kUnimplemented, .message = "cannot decode"},
                                         rpc::Status{.code = StatusCode::kResourceExhausted, .message = "rate limit exceeded"},
                                         rpc::Status{.code = StatusCode::kInternal, .message = "502"}),
                         [](const auto& info) { return std::string(rpc::name_of(info.param.code)); });

// A second task of a run whose first one is not answered yet.
class BusyRunTest : public RunCacheTest {
 protected:
  void SetUp() override {
    completions_ = hold<rpc::RespondWorkflowTaskCompleted>();
    start();
    give(first_task("run-1"));
  }
  std::shared_ptr<std::vector<test::Answer<rpc::RespondWorkflowTaskCompleted>>> completions_;
};

TEST_F(BusyRunTest, ItsNextTaskWaitsForTheAnswerToTheFirst) {
  give_to_sticky_queue(second_task("run-1"));
  EXPECT_THAT(*completions_, SizeIs(1));
  completions_->at(0).with({});
  loop_.run_ready();
  ASSERT_THAT(*completions_, SizeIs(2));
  EXPECT_EQ(server_.last_request<rpc::RespondWorkflowTaskCompleted>().task_token(), "run-1 at 7");
  EXPECT_EQ(worker_->stats().sticky_cache_hits, 1);
}

TEST_F(BusyRunTest, ATaskThatWaitsIsSupersededByALaterOne) {
  replay::HistoryBuilder later = nudged();
  later.workflow_task_timed_out();
  later.polled_workflow_task();
  give_to_sticky_queue(second_task("run-1"));
  give(workflow_task(later.build(), "run-1"));
  completions_->at(0).fail({.code = StatusCode::kNotFound});
  loop_.run_ready();
  ASSERT_THAT(*completions_, SizeIs(2));
  EXPECT_EQ(server_.last_request<rpc::RespondWorkflowTaskCompleted>().task_token(), "run-1 at 10");
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
  EXPECT_THAT(open_sticky_polls(), SizeIs(4));
}

TEST_F(BusyRunTest, OtherRunsGoOn) {
  give(first_task("run-2"));
  EXPECT_THAT(*completions_, SizeIs(2));
}

TEST_F(BusyRunTest, QueriesWaitBesideTheTask) {
  test::WorkflowTask query = workflow_task(nudged().slice(1, 3), "run-1");
  query.clear_history();
  query.set_started_event_id(0);
  query.mutable_query()->set_query_type("nudges");
  give_to_sticky_queue(query);
  give_to_sticky_queue(second_task("run-1"));
  give_to_sticky_queue(query);
  EXPECT_EQ(count<rpc::RespondQueryTaskCompleted>(), 0);
  completions_->at(0).with({});
  loop_.run_ready();
  EXPECT_EQ(count<rpc::RespondQueryTaskCompleted>(), 1);
  ASSERT_THAT(*completions_, SizeIs(2));
  completions_->at(1).with({});
  loop_.run_ready();
  const auto answers = server_.requests<rpc::RespondQueryTaskCompleted>();
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_EQ(answers[0].query_result().payloads(0).data(), "0");
  EXPECT_EQ(answers[1].query_result().payloads(0).data(), "1");
}

}  // namespace
}  // namespace lifecycle::worker
