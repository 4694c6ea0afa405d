#include "tests/worker/worker_fixture.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using test::WorkerTest;
using test::workflow_task;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class FailingWorkflowTaskTest : public WorkerTest {
 protected:
  void give_first_task(const std::string& workflow_type, const api::Payloads& input = {}) {
    give(workflow_task(test::begun(workflow_type, input).build(), "run-1", workflow_type));
  }
  // Fails the test unless exactly one failure was reported.
  rpc::RespondWorkflowTaskFailed::Request only_failure() {
    const auto failures = server_.requests<rpc::RespondWorkflowTaskFailed>();
    EXPECT_THAT(failures, SizeIs(1));
    return failures.empty() ? rpc::RespondWorkflowTaskFailed::Request() : failures.front();
  }
  // The worker serves somebody else's workflow after what happened.
  void expect_others_go_on() {
    give(workflow_task(test::begun("Waiting").build(), "run-of-others"));
    EXPECT_EQ(server_.last_request<rpc::RespondWorkflowTaskCompleted>().task_token(), "run-of-others at 3");
    EXPECT_THAT(open_normal_polls(), SizeIs(1));
    EXPECT_THAT(open_sticky_polls(), SizeIs(4));
  }
};

TEST_F(FailingWorkflowTaskTest, AnUnregisteredTypeIsNamedTogetherWithTheRegisteredOnes) {
  start();
  give_first_task("Unheard");
  const auto failed = only_failure();
  EXPECT_EQ(failed.task_token(), "run-1 at 3");
  EXPECT_EQ(failed.identity(), "me");
  EXPECT_EQ(failed.namespace_(), "ns");
  EXPECT_EQ(failed.cause(), api::enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  EXPECT_THAT(failed.failure().message(), AllOf(HasSubstr("'Unheard'"), HasSubstr("Greeting"), HasSubstr("Waiting")));
  EXPECT_EQ(worker_->stats().cached_workflows, 0);
  EXPECT_EQ(worker_->stats().workflow_tasks_failed, 1);
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, AWorkflowThatThrowsSomethingUnforeseenFailsItsTaskNotItself) {
  start();
  give_first_task("Throwing");
  const auto failed = only_failure();
  EXPECT_EQ(failed.failure().message(), "the workflow has a bug");
  EXPECT_EQ(failed.failure().application_failure_info().type(), "std::runtime_error");
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, AWorkflowThatCannotBeConstructedFailsItsTask) {
  start();
  give_first_task("Unbuildable");
  EXPECT_THAT(only_failure().failure().message(), HasSubstr("the constructor has a bug"));
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, InputOfAnotherShapeIsNamed) {
  start();
  give_first_task("Greeting", converter::to_payloads("just a text"));
  EXPECT_THAT(only_failure().failure().message(), AllOf(HasSubstr("Greeting"), HasSubstr("object")));
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, InputOfAnotherEncodingIsNamed) {
  start();
  api::Payloads input;
  (*input.add_payloads()->mutable_metadata())["encoding"] = "binary/encrypted";
  give_first_task("Greeting", input);
  EXPECT_THAT(only_failure().failure().message(), AllOf(HasSubstr("Greeting"), HasSubstr("binary/encrypted")));
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, InputThatIsNoJsonIsNamed) {
  start();
  api::Payloads input = converter::to_payloads(1);
  input.mutable_payloads(0)->set_data("\xff{");
  give_first_task("Greeting", input);
  EXPECT_THAT(only_failure().failure().message(), HasSubstr("Greeting"));
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, ALaterAttemptThatFailsIsLeftToTheServersTimeOut) {
  start();
  test::WorkflowTask task = workflow_task(test::begun("Throwing").build(), "run-1", "Throwing");
  task.set_attempt(2);
  give(task);
  EXPECT_EQ(count<rpc::RespondWorkflowTaskFailed>(), 0);
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 0);
  EXPECT_EQ(worker_->stats().cached_workflows, 0);
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, AFailureThatCannotBeReportedFreesTheRun) {
  server_.always_fail<rpc::RespondWorkflowTaskFailed>({.code = StatusCode::kUnavailable});
  start();
  give_first_task("Throwing");
  EXPECT_EQ(worker_->stats().cached_workflows, 0);
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, HistoryThatDoesNotFitTheCodeIsNondeterminism) {
  start();
  replay::HistoryBuilder history = test::begun("Greeting", converter::to_payloads(test::GreetingInput{.name = "ann"}));
  history.workflow_task_completed();
  history.timer_started(1min);  // the code schedules an activity there
  history.signaled("nudge");
  history.polled_workflow_task();
  give(workflow_task(history.build(), "run-1", "Greeting"));
  EXPECT_EQ(only_failure().cause(), api::enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, AGappedHistoryIsFetchedAgainAndFailsTheTaskWhenThatIsNoBetter) {
  start();
  replay::HistoryBuilder builder = test::begun("Waiting");
  api::History gapped = *builder.build();
  gapped.mutable_events()->DeleteSubrange(1, 1);
  rpc::GetWorkflowExecutionHistory::Response response;
  *response.mutable_history() = gapped;
  server_.always_answer<rpc::GetWorkflowExecutionHistory>(response);
  give(workflow_task(std::make_shared<api::History>(gapped)));
  EXPECT_EQ(count<rpc::GetWorkflowExecutionHistory>(), 1);
  EXPECT_THAT(only_failure().failure().message(), HasSubstr("history lacks event 2"));
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, AHistoryThatEndsTooEarlyFailsTheTask) {
  start();
  test::WorkflowTask task = workflow_task(test::begun("Waiting").slice(1, 2));
  task.set_started_event_id(3);
  rpc::GetWorkflowExecutionHistory::Response response;
  *response.mutable_history() = *test::begun("Waiting").slice(1, 2);
  server_.always_answer<rpc::GetWorkflowExecutionHistory>(response);
  give(task);
  EXPECT_THAT(only_failure().failure().message(), HasSubstr("history ends at event 2"));
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, AnEmptyHistoryFailsTheTask) {
  start();
  test::WorkflowTask task = workflow_task(test::begun("Waiting").build());
  task.clear_history();
  server_.always_answer<rpc::GetWorkflowExecutionHistory>();
  give(task);
  static_cast<void>(only_failure());
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, PagesWithoutEventsAreNotFetchedForEver) {
  start();
  test::WorkflowTask task = workflow_task(test::begun("Waiting").build());
  task.clear_history();
  rpc::GetWorkflowExecutionHistory::Response response;
  response.set_next_page_token("again");
  std::size_t pages = 0;
  server_.on<rpc::GetWorkflowExecutionHistory>([&](const auto&, auto answer) {
    ASSERT_LT(++pages, 1000U) << "the worker goes round in circles";
    answer.with(response);
  });
  give(task);
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, HistoryThatCannotBeFetchedDropsTheTaskAndSaysSo) {
  log_level_ = LogLevel::kWarn;
  start();
  server_.always_fail<rpc::GetWorkflowExecutionHistory>({.code = StatusCode::kUnavailable, .message = "connection refused"});
  testing::internal::CaptureStderr();
  test::WorkflowTask task = workflow_task(test::begun("Waiting").slice(2, 3));
  give_to_sticky_queue(task);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), AllOf(HasSubstr("workflow of run-1"), HasSubstr("connection refused")));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskFailed>(), 0);
  EXPECT_EQ(worker_->stats().cached_workflows, 0);
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, ATaskWithNothingInItIsDropped) {
  server_.always_fail<rpc::GetWorkflowExecutionHistory>({.code = StatusCode::kInvalidArgument});
  start();
  test::WorkflowTask task;
  task.set_task_token("and nothing else");
  give(task);
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, ACompletionThatIsTooLargeIsNotSentAndFailsItsTaskOnce) {
  start();
  give_first_task("Large", converter::to_payloads(std::int64_t{kRequestBytesMax}));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 0);
  const auto failed = only_failure();
  EXPECT_EQ(failed.cause(), api::enums::WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE);
  EXPECT_THAT(failed.failure().message(), HasSubstr(std::to_string(kRequestBytesMax)));
  expect_others_go_on();
}

TEST_F(FailingWorkflowTaskTest, ACompletionThatTheServerCallsTooLargeFailsItsTaskOnce) {
  server_.fail_next<rpc::RespondWorkflowTaskCompleted>(
      {.code = StatusCode::kResourceExhausted, .message = "grpc: received message larger than max (5000000 vs. 4194304)"});
  start();
  give_first_task("Large", converter::to_payloads(std::int64_t{1000}));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 1);
  const auto failed = only_failure();
  EXPECT_EQ(failed.cause(), api::enums::WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE);
  EXPECT_THAT(failed.failure().message(), HasSubstr("5000000"));
  expect_others_go_on();
}

}  // namespace
}  // namespace lifecycle::worker
