#include "cli/versioned_report.h"

#include <gmock/gmock.h>

#include "tests/cli/history_events.h"

namespace lifecycle::cli {
namespace {

using test::HistoryEvents;
using testing::ElementsAre;

// A run of two steps of a second each; the second one at attempt `attempt` of the worker `second_worker`.
PinnedRunResult run_on(const std::string& version, const std::string& second_worker, int attempt,
                       api::enums::WorkflowExecutionStatus status) {
  HistoryEvents events;
  const std::string worker = "7@host/" + version + "#aa";
  events.started(2)
      .scheduled(0, 0)
      .step_started(worker, 1, 0)
      .step_completed({.step = 0, .worker_version = version, .worker = worker}, 1)
      .scheduled(1, 1)
      .step_started(second_worker, attempt, 1)
      .step_completed({.step = 1}, 2)
      .completed(2);
  PinnedRunResult run;
  run.outcome.status = status;
  for (const api::HistoryEvent& event : events.history().events()) {
    run.steps.apply(event);
  }
  run.proof = prove_version(events.history(), {.deployment_name = "lifecycle", .build_id = version});
  return run;
}

constexpr auto kCompleted = api::enums::WORKFLOW_EXECUTION_STATUS_COMPLETED;
constexpr auto kFailed = api::enums::WORKFLOW_EXECUTION_STATUS_FAILED;

TEST(PinnedRun, is_done_when_it_completed_and_its_version_is_proven) {
  EXPECT_EQ(exit_code_of(run_on("v1", "7@host/v1#aa", 1, kCompleted)), ExitCode::kDone);
}

TEST(PinnedRun, that_failed_is_a_failed_operation) {
  EXPECT_EQ(exit_code_of(run_on("v1", "7@host/v1#aa", 1, kFailed)), ExitCode::kOperationFailed);
}

TEST(PinnedRun, of_which_nothing_tells_where_a_step_ran_is_a_failed_operation) {
  EXPECT_EQ(exit_code_of(run_on("v1", "7@host@queue", 1, kCompleted)), ExitCode::kOperationFailed);
}

TEST(PinnedRun, that_mixed_versions_is_a_broken_guarantee_even_when_it_failed) {
  EXPECT_EQ(exit_code_of(run_on("v1", "8@host/v2#bb", 1, kFailed)), ExitCode::kGuaranteeBroken);
}

TEST(Comparison, puts_the_runs_side_by_side) {
  const std::vector<PinnedRunResult> runs{run_on("v1.0.0", "7@host/v1.0.0#aa", 1, kCompleted),
                                          run_on("v2.0.0", "8@host/v2.0.0#bb", 2, kFailed)};
  EXPECT_THAT(comparison_table(runs),
              ElementsAre("         v1.0.0     v2.0.0", "step 0   1.0s       1.0s", "step 1   1.0s       1.0s (attempt 2)",
                          "total    2.0s       2.0s", "retries  0          1", "workers  1          2", "status   COMPLETED  FAILED",
                          "proof    proven     proven"));
}

}  // namespace
}  // namespace lifecycle::cli
