#include "cli/progress.h"

#include <gmock/gmock.h>

#include "cli/run_report.h"
#include "tests/cli/history_events.h"

namespace lifecycle::cli {
namespace {

using test::at;
using test::HistoryEvents;
using testing::HasSubstr;

RunChange started(int attempt) {
  return {.kind = ChangeKind::kStepStarted,
          .time = at(1.25),
          .step = 2,
          .attempt = attempt,
          .worker = parse_worker_identity("7@host/v1#ab"),
          .version = "v1"};
}

TEST(ProgressText, names_step_worker_and_version) { EXPECT_EQ(change_text(started(1)), "step 2 started on 7@host (v1)"); }

TEST(ProgressText, names_the_attempt_from_the_second_on) { EXPECT_EQ(change_text(started(2)), "step 2 started on 7@host (v1), attempt 2"); }

TEST(ProgressText, tells_why_an_attempt_failed) {
  RunChange change = started(1);
  change.kind = ChangeKind::kStepRetrying;
  change.message = "heartbeat time-out";
  EXPECT_EQ(change_text(change), "step 2 attempt 1 failed on 7@host (v1), trying again: heartbeat time-out");
}

TEST(ProgressJson, is_one_flat_object_without_what_a_change_does_not_have) {
  EXPECT_EQ(change_json(started(1)).dump(), R"({"event":"step_started","time":"2026-11-25T00:00:01.250Z","step":2,"attempt":1,)"
                                            R"("worker":"7@host/v1#ab","version":"v1"})");
  EXPECT_EQ(change_json({.kind = ChangeKind::kPaused, .time = at(0)}).dump(), R"({"event":"paused","time":"2026-11-25T00:00:00.000Z"})");
}

TEST(ProgressBar, fills_with_the_steps) {
  EXPECT_EQ(progress_bar(0, 4, 8), "[........] 0/4");
  EXPECT_EQ(progress_bar(3, 4, 8), "[######..] 3/4");
  EXPECT_EQ(progress_bar(4, 4, 8), "[########] 4/4");
}

TEST(ProgressBar, is_a_count_when_nobody_knows_the_total) { EXPECT_EQ(progress_bar(3, 0, 8), "3 steps"); }

class RunReportTest : public testing::Test {
 protected:
  RunReportTest() {
    HistoryEvents events;
    events.started(1)
        .scheduled(0, 1)
        .step_started("7@host/v1#ab", 2, 1)
        .step_completed({.step = 0, .worker_version = "v1", .attempt = 2}, 6)
        .completed(6.5);
    for (const api::HistoryEvent& event : events.history().events()) {
      steps_.apply(event);
    }
  }

  static constexpr auto kCompleted = temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_COMPLETED;
  static constexpr auto kFailed = temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_FAILED;
  const RunNames names_{.workflow_id = "w", .run_id = "r", .workflow_type = "T", .name_space = "default", .task_queue = "q"};
  RunSteps steps_;
};

TEST_F(RunReportTest, the_document_has_the_temporal_commands_keys_and_the_steps) {
  const client::WorkflowOutcome outcome{.status = kCompleted, .result = converter::to_payloads(demo::Progress{.steps_total = 1})};
  EXPECT_EQ(outcome_json(names_, outcome, steps_).dump(),
            R"({"workflowId":"w","runId":"r","type":"T","namespace":"default","taskQueue":"q","status":"COMPLETED","durationMillis":6500,)"
            R"("result":{"steps_completed":0,"steps_total":1,"current_step":0},)"
            R"("steps":[{"step":0,"status":"completed","version":"v1","worker":"7@host/v1#ab","attempt":2,"durationMillis":5000}]})");
}

TEST_F(RunReportTest, the_document_of_a_failed_workflow_has_the_chain_of_failures) {
  client::WorkflowOutcome outcome{.status = kFailed, .failure = api::Failure()};
  outcome.failure->mutable_activity_failure_info()->mutable_activity_type()->set_name("ProcessStep");
  outcome.failure->mutable_activity_failure_info()->set_identity("7@host/v1#ab");
  outcome.failure->mutable_cause()->set_message("step 0 fails");
  outcome.failure->mutable_cause()->mutable_application_failure_info()->set_type("SimulatedFailure");
  const nlohmann::ordered_json document = outcome_json(names_, outcome, steps_);
  EXPECT_EQ(document["failure"].dump(), R"json(["activity ProcessStep failed (on 7@host/v1#ab)","SimulatedFailure: step 0 fails"])json");
  EXPECT_FALSE(document.contains("result"));
}

TEST_F(RunReportTest, the_summary_counts_steps_retries_and_versions) {
  EXPECT_EQ(summary_text({.status = kCompleted}, steps_), "completed in 6.5s: 1 step, 1 retry, version v1");
}

TEST(ResultJson, is_null_without_a_payload_and_says_so_when_it_is_no_json) {
  EXPECT_TRUE(result_json(std::nullopt).is_null());
  EXPECT_EQ(result_json(converter::to_payloads(converter::Bytes{"abc"})).dump(), R"({"encoding":"binary/plain","bytes":3})");
}

}  // namespace
}  // namespace lifecycle::cli
