#include "tests/worker/worker_fixture.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using test::WorkerTest;
using test::workflow_task;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class QueryTest : public WorkerTest {
 protected:
  static replay::HistoryBuilder greeting() { return test::begun("Greeting", converter::to_payloads(test::GreetingInput{.name = "ann"})); }
  // A query as a task of its own. It brings no history to a run that the server knows to be cached here.
  static test::WorkflowTask query_task(const std::string& type, const api::Payloads& arguments = {}) {
    test::WorkflowTask task = workflow_task(greeting().build(), "run-1", "Greeting");
    task.clear_history();
    task.set_started_event_id(0);
    task.set_task_token("query");
    task.mutable_query()->set_query_type(type);
    *task.mutable_query()->mutable_query_args() = arguments;
    return task;
  }
  void start_and_cache_the_run() {
    start();
    give(workflow_task(greeting().build(), "run-1", "Greeting"));
    ASSERT_EQ(worker_->stats().cached_workflows, 1);
  }
  // What history says once the first task is completed.
  static std::shared_ptr<const api::History> stored() {
    replay::HistoryBuilder history = greeting();
    history.workflow_task_completed();
    history.activity_task_scheduled("Greet", converter::to_payloads("ann"));
    return history.build();
  }
};

TEST_F(QueryTest, ACachedRunAnswersWithoutItsHistory) {
  start_and_cache_the_run();
  give_to_sticky_queue(query_task("name"));
  const auto answer = server_.last_request<rpc::RespondQueryTaskCompleted>();
  EXPECT_EQ(answer.task_token(), "query");
  EXPECT_EQ(answer.namespace_(), "ns");
  EXPECT_EQ(answer.completed_type(), api::enums::QUERY_RESULT_TYPE_ANSWERED);
  EXPECT_EQ(test::text_of(answer.query_result()), "ann");
  EXPECT_EQ(count<rpc::GetWorkflowExecutionHistory>(), 0);
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 1);
  EXPECT_THAT(open_sticky_polls(), SizeIs(4));
}

TEST_F(QueryTest, ARunThatIsNotCachedIsReadFirst) {
  start();
  rpc::GetWorkflowExecutionHistory::Response response;
  *response.mutable_history() = *stored();
  server_.always_answer<rpc::GetWorkflowExecutionHistory>(response);
  give_to_sticky_queue(query_task("name"));
  EXPECT_EQ(test::text_of(server_.last_request<rpc::RespondQueryTaskCompleted>().query_result()), "ann");
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 0);
}

TEST_F(QueryTest, ARunWhoseHistoryComesAlongIsReplayedForIt) {
  start();
  test::WorkflowTask task = query_task("name");
  *task.mutable_history() = *stored();
  give(task);
  EXPECT_EQ(test::text_of(server_.last_request<rpc::RespondQueryTaskCompleted>().query_result()), "ann");
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 0);
}

TEST_F(QueryTest, AClosedRunAnswersAndLeavesTheCache) {
  start();
  replay::HistoryBuilder history = test::begun("Waiting");
  history.workflow_task_completed();
  history.signaled("nudge");
  history.signaled("finish");
  history.full_workflow_task();
  history.completed(converter::to_payloads(1));
  test::WorkflowTask task = query_task("nudges");
  *task.mutable_history() = *history.build();
  give(task);
  EXPECT_EQ(server_.last_request<rpc::RespondQueryTaskCompleted>().query_result().payloads(0).data(), "1");
  EXPECT_EQ(worker_->stats().cached_workflows, 0);
}

TEST_F(QueryTest, AHandlerThatThrowsFailsTheQueryAlone) {
  start_and_cache_the_run();
  give_to_sticky_queue(query_task("broken"));
  const auto answer = server_.last_request<rpc::RespondQueryTaskCompleted>();
  EXPECT_EQ(answer.completed_type(), api::enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_EQ(answer.error_message(), "nobody can answer this");
  EXPECT_EQ(answer.failure().message(), "nobody can answer this");
  EXPECT_EQ(worker_->stats().cached_workflows, 1);
}

TEST_F(QueryTest, AnUnknownQueryIsToldWhatIsKnown) {
  start_and_cache_the_run();
  give_to_sticky_queue(query_task("unheard"));
  EXPECT_THAT(server_.last_request<rpc::RespondQueryTaskCompleted>().error_message(), AllOf(HasSubstr("'unheard'"), HasSubstr("name")));
}

TEST_F(QueryTest, ArgumentsThatCannotBeReadFailTheQueryAlone) {
  start_and_cache_the_run();
  give_to_sticky_queue(query_task("large", converter::to_payloads("many")));
  EXPECT_EQ(server_.last_request<rpc::RespondQueryTaskCompleted>().completed_type(), api::enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_EQ(worker_->stats().cached_workflows, 1);
}

TEST_F(QueryTest, AnAnswerThatIsTooLargeFailsTheQuery) {
  start_and_cache_the_run();
  give_to_sticky_queue(query_task("large", converter::to_payloads(std::int64_t{kRequestBytesMax})));
  const auto answer = server_.last_request<rpc::RespondQueryTaskCompleted>();
  EXPECT_EQ(answer.completed_type(), api::enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_THAT(answer.error_message(), HasSubstr("too large"));
  EXPECT_FALSE(answer.has_query_result());
}

TEST_F(QueryTest, AnAnswerThatTheServerDoesNotTakeCostsNothing) {
  server_.always_fail<rpc::RespondQueryTaskCompleted>({.code = rpc::StatusCode::kNotFound});
  start_and_cache_the_run();
  give_to_sticky_queue(query_task("name"));
  EXPECT_EQ(worker_->stats().cached_workflows, 1);
  EXPECT_THAT(open_sticky_polls(), SizeIs(4));
}

TEST_F(QueryTest, AQueryOfAnUnregisteredTypeIsAnsweredWithTheReason) {
  start();
  test::WorkflowTask task = query_task("name");
  *task.mutable_history() = *test::begun("Unheard").build();
  give(task);
  EXPECT_THAT(server_.last_request<rpc::RespondQueryTaskCompleted>().error_message(), HasSubstr("'Unheard'"));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskFailed>(), 0);
  EXPECT_EQ(worker_->stats().cached_workflows, 0);
}

TEST_F(QueryTest, QueriesThatComeAlongAreAnsweredWithTheTask) {
  start();
  test::WorkflowTask task = workflow_task(greeting().build(), "run-1", "Greeting");
  (*task.mutable_queries())["a"].set_query_type("name");
  (*task.mutable_queries())["b"].set_query_type("broken");
  give(task);
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  EXPECT_THAT(completed.commands(), SizeIs(1));
  ASSERT_THAT(completed.query_results(), SizeIs(2));
  EXPECT_EQ(completed.query_results().at("a").result_type(), api::enums::QUERY_RESULT_TYPE_ANSWERED);
  EXPECT_EQ(test::text_of(completed.query_results().at("a").answer()), "ann");
  EXPECT_EQ(completed.query_results().at("b").result_type(), api::enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_EQ(completed.query_results().at("b").error_message(), "nobody can answer this");
  EXPECT_EQ(count<rpc::RespondQueryTaskCompleted>(), 0);
}

TEST_F(QueryTest, AnAnswerThatIsTooLargeDoesNotHoldUpTheTaskItCameAlongWith) {
  start();
  test::WorkflowTask task = workflow_task(greeting().build(), "run-1", "Greeting");
  (*task.mutable_queries())["a"].set_query_type("large");
  *(*task.mutable_queries())["a"].mutable_query_args() = converter::to_payloads(std::int64_t{kRequestBytesMax});
  (*task.mutable_queries())["b"].set_query_type("name");
  give(task);
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  EXPECT_THAT(completed.commands(), SizeIs(1));
  EXPECT_EQ(completed.query_results().at("a").result_type(), api::enums::QUERY_RESULT_TYPE_FAILED);
  EXPECT_EQ(test::text_of(completed.query_results().at("b").answer()), "ann");
}

}  // namespace
}  // namespace lifecycle::worker
