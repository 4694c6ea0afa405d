// Patches as the code sees them: one answer for all of a run, from wherever it is asked.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "converter/payload.h"
#include "tests/support/patch_workflows.h"
#include "tests/support/run_driver.h"

namespace lifecycle::test {
namespace {

using converter::to_payloads;
using replay::HistoryBuilder;
using Commands = std::vector<std::string>;

constexpr const char* kMarker = R"(RecordMarker(core_patch, patch-data: {"id":"thank-first","deprecated":false} encoding=json/plain))";
constexpr const char* kUpsert =
    R"(UpsertWorkflowSearchAttributes(TemporalChangeVersion: ["thank-first"] encoding=json/plain type=KeywordList))";

Commands answers(PatchStage stage, const HistoryBuilder& history) {
  const Registry registry = registry_of(stage);
  return commands_of(answer_to(registry, history.build()));
}

HistoryBuilder fresh() {
  HistoryBuilder history;
  history.workflow_execution_started(kPatchWorkflow);
  return history;
}

TEST(PatchTest, TheMainCoroutineAndAHandlerGetTheSameAnswer) {
  HistoryBuilder history = fresh();
  history.signaled("ask");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::asked_by_signal, history), (Commands{kMarker, kUpsert, "ScheduleActivityTask(id 8, Thank, [\"x\"])"}));
  history.workflow_task_completed();
  history.patch_recorded(kPatchId);
  history.activity_task_scheduled("Thank", to_payloads("x"));
  history.signaled("proceed");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::asked_by_signal, history), Commands{"CompleteWorkflowExecution([\"new\"])"});
}

// The handler is asked in a task that is no replay, and stays on the side that the replay found.
TEST(PatchTest, AnAnswerOfTheOldSideHoldsForWhatIsAskedLater) {
  HistoryBuilder history = fresh();
  history.full_workflow_task();
  const std::int64_t greet = history.activity_task_scheduled("Greet", to_payloads("x"));
  history.activity_task_started(greet);
  history.activity_task_completed(greet, to_payloads("said"));
  history.signaled("ask");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::patched, history), Commands{});
}

TEST(PatchTest, AQueryMustNotAsk) {
  const Registry registry = registry_of(&PatchWorkflow::patched);
  CachedRun run = fresh_run(registry);
  HistoryBuilder history = fresh();
  history.full_workflow_task();
  history.patch_recorded(kPatchId);
  history.activity_task_scheduled("Thank", to_payloads("x"));
  auto query = std::make_shared<api::WorkflowQuery>();
  query->set_query_type("asks");
  const RunRequest request = run.on_workflow_task({.history = history.build(), .query = query});
  EXPECT_EQ(outcome_of(std::get<core::RespondQuery>(request).answer),
            "failed: a query handler must not ask for a patch: it reads, and nothing it does is recorded");
}

TEST(PatchTest, AnIdThatCannotBeWrittenFailsTheTask) {
  HistoryBuilder history = fresh();
  history.polled_workflow_task();
  for (const PatchStage stage : {&PatchWorkflow::with_empty_id, &PatchWorkflow::with_id_that_is_no_text}) {
    EXPECT_EQ(answers(stage, history),
              Commands{"WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: a patch needs an id, in UTF-8: it is written into the "
                       "history of every run that takes it)"});
  }
}

}  // namespace
}  // namespace lifecycle::test
