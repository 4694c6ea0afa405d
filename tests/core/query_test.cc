// Queries: as tasks of their own and along with tasks, on cached runs and on histories, and never with a trace.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "converter/payload.h"
#include "tests/support/run_driver.h"
#include "tests/support/sample_workflows.h"

namespace lifecycle::test {
namespace {

using converter::to_payloads;
using replay::HistoryBuilder;
using std::chrono::seconds;
using Commands = std::vector<std::string>;

constexpr std::int64_t kFirstStarted = 3;

// Waits for a confirmation, with a timer at event 5.
HistoryBuilder waiting() {
  HistoryBuilder history;
  history.workflow_execution_started("ConfirmWorkflow");
  history.full_workflow_task();
  history.timer_started(seconds(30));
  return history;
}

std::shared_ptr<const api::WorkflowQuery> query(std::string type, api::Payloads arguments = {}) {
  auto out = std::make_shared<api::WorkflowQuery>();
  out->set_query_type(std::move(type));
  if (arguments.payloads_size() > 0) {
    *out->mutable_query_args() = std::move(arguments);
  }
  return out;
}

class QueryTest : public ::testing::Test {
 protected:
  QueryTest() { register_samples(registry_); }

  // A run whose first task has been answered.
  CachedRun cached_run() {
    CachedRun run = fresh_run(registry_);
    const RunRequest answer = run.on_workflow_task({.history = waiting().slice(1, kFirstStarted), .started_event_id = kFirstStarted});
    EXPECT_EQ(commands_of(answer), Commands{"StartTimer(id 5, 30s)"});
    return run;
  }

  static core::RespondQuery respond(const RunRequest& request) {
    const auto* answer = std::get_if<core::RespondQuery>(&request);
    EXPECT_NE(answer, nullptr);
    return answer == nullptr ? core::RespondQuery{} : *answer;
  }

  // A query as a task of its own, to a worker that has the run.
  static std::string ask(CachedRun& run, std::shared_ptr<const api::WorkflowQuery> asked) {
    const core::RespondQuery answer =
        respond(run.on_workflow_task({.history = std::make_shared<api::History>(), .query = std::move(asked)}));
    EXPECT_FALSE(answer.run_is_broken);
    return outcome_of(answer.answer);
  }

  // Likewise with a history, to a worker that knows nothing of the run.
  core::RespondQuery ask_of(const HistoryPtr& history, std::shared_ptr<const api::WorkflowQuery> asked) {
    CachedRun run = fresh_run(registry_);
    return respond(run.on_workflow_task({.history = history, .query = std::move(asked)}));
  }

  Registry registry_;
};

TEST_F(QueryTest, ACachedRunAnswersWithoutHistory) {
  CachedRun run = cached_run();
  EXPECT_EQ(ask(run, query("state")), "answered: [\"nobody unconfirmed waiting\"]");
  EXPECT_EQ(ask(run, query("state_with", to_payloads("state: "))), "answered: [\"state: nobody unconfirmed waiting\"]");
}

TEST_F(QueryTest, AClosedHistoryAnswersWithItsLastState) {
  HistoryBuilder history = waiting();
  history.signaled("rename", to_payloads("ann"));
  history.signaled("confirm");
  history.full_workflow_task();
  history.timer_canceled(5);
  history.completed(to_payloads(true));
  const core::RespondQuery answer = ask_of(history.build(), query("state"));
  EXPECT_EQ(outcome_of(answer.answer), "answered: [\"ann confirmed done\"]");
  EXPECT_FALSE(answer.run_is_broken);
}

TEST_F(QueryTest, NewsThatNoWorkflowTaskHasBroughtToTheCodeIsNotSeen) {
  HistoryBuilder history = waiting();
  history.signaled("rename", to_payloads("ann"));
  history.workflow_task_scheduled();
  EXPECT_EQ(outcome_of(ask_of(history.build(), query("state")).answer), "answered: [\"nobody unconfirmed waiting\"]");
}

TEST_F(QueryTest, ARunThatIsNotCachedIsReadFromItsFirstEventInPages) {
  HistoryBuilder history = waiting();
  history.signaled("rename", to_payloads("ann"));
  history.full_workflow_task();
  for (std::int64_t events_per_page = 1; events_per_page <= history.last_event_id(); ++events_per_page) {
    CachedRun run = fresh_run(registry_);
    const RunRequest begun = run.on_workflow_task({.history = std::make_shared<api::History>(), .query = query("state")});
    ASSERT_TRUE(std::holds_alternative<core::FetchHistoryPage>(begun));
    const RunRequest answer = serve(run, begun, StoredHistory(history.build(), events_per_page));
    ASSERT_EQ(outcome_of(respond(answer).answer), "answered: [\"ann unconfirmed waiting\"]") << events_per_page;
  }
}

TEST_F(QueryTest, BeforeTheFirstWorkflowTaskThereIsNoStateToAskFor) {
  HistoryBuilder history;
  history.workflow_execution_started("ConfirmWorkflow");
  history.workflow_task_scheduled();
  const core::RespondQuery answer = ask_of(history.build(), query("state"));
  EXPECT_EQ(outcome_of(answer.answer), "failed: the workflow's code has not run yet: no workflow task has reached it");
  EXPECT_TRUE(answer.run_is_broken);
  history.workflow_task_started();
  history.terminated("by hand");
  EXPECT_EQ(outcome_of(ask_of(history.build(), query("state")).answer),
            "failed: the workflow's code has not run yet: no workflow task has reached it");
}

TEST_F(QueryTest, SeveralAlongWithATaskAreAnsweredAfterItsCommands) {
  CachedRun run = cached_run();
  HistoryBuilder history = waiting();
  history.signaled("rename", to_payloads("ann"));
  history.signaled("confirm_later");
  const std::int64_t started = history.polled_workflow_task();
  const RunRequest request =
      run.on_workflow_task({.history = history.slice(kFirstStarted + 1, started),
                            .started_event_id = started,
                            .queries = {{.id = "q1", .type = "state"}, {.id = "q2", .type = "throws"}, {.id = "q3", .type = "nonsense"}}});
  EXPECT_EQ(commands_of(request), Commands{"ScheduleActivityTask(id 11, Greet, [\"confirmer\"])"});
  const auto& answers = std::get<core::RespondWorkflowTaskCompleted>(request).queries;
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].id, "q1");
  EXPECT_EQ(outcome_of(answers[0]), "answered: [\"ann unconfirmed waiting\"]");
  EXPECT_EQ(answers[1].id, "q2");
  EXPECT_EQ(outcome_of(answers[1]), "failed: this query always fails");
  EXPECT_EQ(answers[2].id, "q3");
  EXPECT_EQ(outcome_of(answers[2]),
            "failed: unknown query type 'nonsense'; ConfirmWorkflow knows: cancels, commands, draws, state, state_with, throws");
}

TEST_F(QueryTest, AnUnknownTypeIsAnsweredWithTheKnownOnes) {
  CachedRun run = cached_run();
  EXPECT_EQ(ask(run, query("nonsense")),
            "failed: unknown query type 'nonsense'; ConfirmWorkflow knows: cancels, commands, draws, state, state_with, throws");
}

TEST_F(QueryTest, AHandlerThatThrowsFailsTheQueryAndNothingElse) {
  CachedRun run = cached_run();
  EXPECT_EQ(ask(run, query("throws")), "failed: this query always fails");
  EXPECT_TRUE(run.has_state());
  EXPECT_EQ(ask(run, query("state")), "answered: [\"nobody unconfirmed waiting\"]");
}

TEST_F(QueryTest, AnArgumentThatCannotBeReadFailsTheQueryWithItsPlace) {
  CachedRun run = cached_run();
  EXPECT_TRUE(ask(run, query("state_with", to_payloads(7))).starts_with("failed: input of state_with: "));
  EXPECT_EQ(ask(run, query("state_with")), "failed: input of state_with: argument 1 is missing (std::string)");
}

TEST_F(QueryTest, AHandlerMayNotChangeAnything) {
  CachedRun run = cached_run();
  EXPECT_EQ(ask(run, query("draws")), "failed: a query handler must not draw a random number: it reads, and nothing it does is recorded");
  EXPECT_EQ(ask(run, query("commands")),
            "failed: a query handler must not schedule an activity: it reads, and nothing it does is recorded");
  EXPECT_EQ(ask(run, query("cancels")), "failed: a query handler must not cancel anything: it reads, and nothing it does is recorded");
  HistoryBuilder history = waiting();
  history.signaled("confirm");
  const std::int64_t started = history.polled_workflow_task();
  const RunRequest request = run.on_workflow_task({.history = history.slice(kFirstStarted + 1, started), .started_event_id = started});
  EXPECT_EQ(commands_of(request), (Commands{"CancelTimer(id 5)", "CompleteWorkflowExecution([true])"}));
}

TEST_F(QueryTest, AQueryOnAHistoryThatTheCodeDoesNotFitFailsWithTheReason) {
  HistoryBuilder history;
  history.workflow_execution_started("ConfirmWorkflow");
  history.full_workflow_task();
  history.activity_task_scheduled("Greet", to_payloads("x"));
  history.full_workflow_task();
  const core::RespondQuery answer = ask_of(history.build(), query("state"));
  EXPECT_TRUE(answer.run_is_broken);
  EXPECT_TRUE(outcome_of(answer.answer).starts_with("failed: [TMPRL1100] nondeterminism at event 5: ")) << outcome_of(answer.answer);
}

TEST_F(QueryTest, QueriesAlongWithATaskThatFailsAreNotAnswered) {
  HistoryBuilder history;
  history.workflow_execution_started("ConfirmWorkflow");
  history.full_workflow_task();
  history.activity_task_scheduled("Greet", to_payloads("x"));
  const std::int64_t started = history.polled_workflow_task();
  CachedRun run = fresh_run(registry_);
  const RunRequest request =
      run.on_workflow_task({.history = history.build(), .started_event_id = started, .queries = {{.id = "q1", .type = "state"}}});
  EXPECT_TRUE(std::holds_alternative<core::RespondWorkflowTaskFailed>(request));
}

TEST_F(QueryTest, AQueryBetweenTwoTasksChangesNeitherOfThem) {
  CachedRun run = cached_run();
  HistoryBuilder history = waiting();
  history.signaled("rename", to_payloads("ann"));
  history.workflow_task_scheduled();
  // A worker may be asked with everything that there is, although it has the run.
  const core::RespondQuery answer = respond(run.on_workflow_task({.history = history.build(), .query = query("state")}));
  EXPECT_EQ(outcome_of(answer.answer), "answered: [\"nobody unconfirmed waiting\"]");
  const std::int64_t started = history.workflow_task_started();
  const RunRequest request = run.on_workflow_task(
      {.history = history.slice(kFirstStarted + 1, started), .started_event_id = started, .queries = {{.id = "q1", .type = "state"}}});
  EXPECT_EQ(commands_of(request), Commands{});
  EXPECT_EQ(outcome_of(std::get<core::RespondWorkflowTaskCompleted>(request).queries.at(0)), "answered: [\"ann unconfirmed waiting\"]");
}

}  // namespace
}  // namespace lifecycle::test
