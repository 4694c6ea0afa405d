#include "cli/version_proof.h"

#include <gmock/gmock.h>

#include "tests/cli/history_events.h"

namespace lifecycle::cli {
namespace {

using test::HistoryEvents;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const client::DeploymentVersion kV1{.deployment_name = "lifecycle", .build_id = "v1"};
const std::string kWorker = "7@host/v1#aa";
const std::string kOther = "8@host/v2#bb";

demo::StepOutput output_of(int step, const std::string& version, const std::string& worker) {
  return {.step = step, .worker_version = version, .worker = worker};
}

// A run of one step: events 1 start, 3 first workflow task, 6 the step, 9 the last workflow task.
HistoryEvents run_of_one_step() {
  HistoryEvents events;
  events.started(1)
      .workflow_task_scheduled(0)
      .workflow_task_started(kWorker, 0)
      .workflow_task_completed(kV1, 0)
      .scheduled(0, 0)
      .step_started(kWorker, 1, 0)
      .step_completed(output_of(0, "v1", kWorker), 1)
      .workflow_task_scheduled(1)
      .workflow_task_started(kWorker, 1)
      .workflow_task_completed(kV1, 1)
      .completed(1);
  return events;
}

std::vector<std::int64_t> events_that_ran(const VersionProof& proof, RanOn ran_on) {
  std::vector<std::int64_t> ids;
  for (const TaskEvidence& task : proof.tasks) {
    if (task.ran_on == ran_on) {
      ids.push_back(task.event_id);
    }
  }
  return ids;
}

TEST(VersionProof, is_proven_when_every_workflow_task_and_activity_ran_on_the_version) {
  const VersionProof proof = prove_version(run_of_one_step().history(), kV1);
  EXPECT_EQ(proof.verdict(), Verdict::kProven);
  EXPECT_EQ(proof.count(TaskKind::kWorkflowTask), 2U);
  EXPECT_EQ(proof.count(TaskKind::kActivity), 1U);
  EXPECT_THAT(events_that_ran(proof, RanOn::kVersion), ElementsAre(3, 6, 9));
  EXPECT_EQ(verdict_text(proof), "PROVEN: 2 workflow tasks and 1 activity ran on v1 of deployment lifecycle, and nothing ran elsewhere");
}

TEST(VersionProof, is_broken_by_one_activity_that_ran_elsewhere) {
  HistoryEvents events = run_of_one_step();
  events.mutable_event(6).mutable_activity_task_started_event_attributes()->set_identity(kOther);
  *events.mutable_event(7).mutable_activity_task_completed_event_attributes()->mutable_result() =
      converter::to_payloads(output_of(0, "v2", kOther));
  const VersionProof proof = prove_version(events.history(), kV1);
  EXPECT_EQ(proof.verdict(), Verdict::kBroken);
  EXPECT_THAT(events_that_ran(proof, RanOn::kElsewhere), ElementsAre(6));
  EXPECT_EQ(verdict_text(proof), "BROKEN: 1 of 3 tasks did not run on v1 of deployment lifecycle: step 0 on v2 (event 6, 8@host)");
}

TEST(VersionProof, is_broken_by_one_workflow_task_that_ran_elsewhere) {
  HistoryEvents events = run_of_one_step();
  auto& completed = *events.mutable_event(10).mutable_workflow_task_completed_event_attributes();
  completed.mutable_deployment_version()->set_build_id("v2");
  const VersionProof proof = prove_version(events.history(), kV1);
  EXPECT_EQ(proof.verdict(), Verdict::kBroken);
  EXPECT_THAT(events_that_ran(proof, RanOn::kElsewhere), ElementsAre(9)) << "the identity alone does not make it the version's";
  EXPECT_THAT(verdict_text(proof), HasSubstr("workflow task on v1 and v2 (event 9, 7@host)"));
}

TEST(VersionProof, is_broken_by_a_workflow_task_that_another_version_took_and_did_not_complete) {
  HistoryEvents events;
  events.started(1).workflow_task_scheduled(0).workflow_task_started(kOther, 0);
  const VersionProof proof = prove_version(events.history(), kV1);
  EXPECT_THAT(events_that_ran(proof, RanOn::kElsewhere), ElementsAre(3));
}

TEST(VersionProof, is_broken_by_an_unversioned_worker_of_the_same_name) {
  HistoryEvents events = run_of_one_step();
  events.mutable_event(4).mutable_workflow_task_completed_event_attributes()->clear_deployment_version();
  const VersionProof proof = prove_version(events.history(), kV1);
  EXPECT_EQ(proof.verdict(), Verdict::kBroken);
  EXPECT_THAT(verdict_text(proof), HasSubstr("unversioned (event 3"));
}

TEST(VersionProof, is_broken_by_the_same_version_of_another_deployment) {
  HistoryEvents events = run_of_one_step();
  auto& completed = *events.mutable_event(4).mutable_workflow_task_completed_event_attributes();
  completed.mutable_deployment_version()->set_deployment_name("other");
  EXPECT_THAT(verdict_text(prove_version(events.history(), kV1)), HasSubstr("other:v1"));
}

TEST(VersionProof, is_broken_when_a_worker_says_another_version_of_itself_than_its_identity) {
  HistoryEvents events = run_of_one_step();
  *events.mutable_event(7).mutable_activity_task_completed_event_attributes()->mutable_result() =
      converter::to_payloads(output_of(0, "v2", kWorker));
  EXPECT_THAT(events_that_ran(prove_version(events.history(), kV1), RanOn::kElsewhere), ElementsAre(6));
}

TEST(VersionProof, is_broken_by_an_earlier_attempt_that_only_was_seen_while_it_ran) {
  const std::vector<AttemptSeen> seen{{.step = 0, .attempt = 1, .worker = parse_worker_identity(kWorker)},
                                      {.step = 0, .attempt = 2, .worker = parse_worker_identity(kOther)}};
  const VersionProof proof = prove_version(run_of_one_step().history(), kV1, seen);
  EXPECT_EQ(proof.verdict(), Verdict::kBroken);
  EXPECT_EQ(proof.count(TaskKind::kActivity), 2U) << "attempt 1 is told by history already";
  EXPECT_THAT(verdict_text(proof), HasSubstr("step 0, attempt 2 on v2 (seen while it ran, 8@host)"));
}

TEST(VersionProof, is_not_given_when_nothing_tells_a_version) {
  HistoryEvents events = run_of_one_step();
  events.mutable_event(6).mutable_activity_task_started_event_attributes()->set_identity("7@host@queue");
  events.mutable_event(7).mutable_activity_task_completed_event_attributes()->clear_result();
  const VersionProof proof = prove_version(events.history(), kV1);
  EXPECT_EQ(proof.verdict(), Verdict::kNotProven);
  EXPECT_THAT(events_that_ran(proof, RanOn::kUnknown), ElementsAre(6));
}

TEST(VersionProof, of_the_workflow_tasks_of_another_sdk_is_the_servers_word_alone) {
  HistoryEvents events;
  events.started(1).workflow_task_scheduled(0).workflow_task_started("7@host@queue", 0).workflow_task_completed(kV1, 0);
  EXPECT_EQ(prove_version(events.history(), kV1).verdict(), Verdict::kProven);
}

TEST(VersionProof, is_not_given_when_no_worker_took_a_task) {
  HistoryEvents events;
  events.started(1).workflow_task_scheduled(0);
  const VersionProof proof = prove_version(events.history(), kV1);
  EXPECT_EQ(proof.verdict(), Verdict::kNotProven);
  EXPECT_THAT(proof.tasks, IsEmpty());
  EXPECT_THAT(verdict_text(proof), HasSubstr("no worker took a task"));
}

TEST(VersionProof, names_a_few_of_many_that_ran_elsewhere) {
  HistoryEvents events;
  events.started(7);
  for (int step = 0; step < 7; ++step) {
    events.scheduled(step, step).step_started(kOther, 1, step);
  }
  EXPECT_THAT(verdict_text(prove_version(events.history(), kV1)), HasSubstr("; and 2 more"));
}

TEST(VersionProof, is_a_table_with_one_line_for_each_task) {
  HistoryEvents events = run_of_one_step();
  events.mutable_event(6).mutable_activity_task_started_event_attributes()->set_identity(kOther);
  EXPECT_THAT(proof_table(prove_version(events.history(), kV1)),
              ElementsAre("EVENT  TASK           VERSION    WORKER", "3      workflow task  v1         7@host",
                          "6      step 0         v2 and v1  8@host  <- elsewhere", "9      workflow task  v1         7@host"));
}

TEST(VersionProof, is_json_with_the_event_ids) {
  const nlohmann::ordered_json json = proof_json(prove_version(run_of_one_step().history(), kV1));
  EXPECT_EQ(json["verdict"], "proven");
  EXPECT_EQ(json["workflowTasks"], 2);
  EXPECT_EQ(json["tasks"][1]["eventId"], 6);
  EXPECT_EQ(json["tasks"][1]["task"], "activity");
  EXPECT_EQ(json["tasks"][1]["step"], 0);
  EXPECT_EQ(json["tasks"][1]["onVersion"], true);
}

}  // namespace
}  // namespace lifecycle::cli
