// Each rule is shown histories that real servers wrote, and finds nothing; then the same ones, corrupted in one way, and finds that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <set>
#include <string>

#include "tests/support/history_corpus.h"
#include "verify/verify.h"

namespace lifecycle::verify {
namespace {

using test::event_of;
using test::put_on_version;
using test::recorded_history;
using testing::Contains;
using testing::HasSubstr;

const RuleReport& rule_of(const Report& report, std::string_view id) {
  const auto found = std::ranges::find(report.rules, id, [](const RuleReport& each) { return each.rule.id; });
  EXPECT_NE(found, report.rules.end()) << id;
  return *found;
}

Report verified(const api::History& history, bool has_journal = false, std::span<const Fault> faults = {}) {
  const HistoryIndex index(history);
  return verify({.history = index, .has_journal = has_journal, .faults = faults}, general_rules());
}

std::string told(const Report& report) {
  std::string text;
  for (const RuleReport& rule : report.rules) {
    for (const Finding& finding : rule.findings) {
      text += std::string(rule.rule.id) + ": " + finding.message + "\n";
    }
  }
  return text;
}

class RecordedHistoryTest : public testing::TestWithParam<std::string> {};

TEST_P(RecordedHistoryTest, NoRuleIsBrokenAndAClosedRunPasses) {
  const Report report = verified(recorded_history(GetParam()));
  EXPECT_EQ(report.verdict(), GetParam().ends_with("_open") ? Verdict::kUnknown : Verdict::kPass) << told(report);
}

INSTANTIATE_TEST_SUITE_P(Files, RecordedHistoryTest, testing::ValuesIn(test::recorded_history_names()),
                         [](const auto& info) { return info.param; });

// One way to corrupt a history, and the rule that must see it.
struct Corruption {
  std::string name;
  std::string history;
  std::function<void(api::History&)> corrupt;
  std::string rule;
  std::int64_t event_id;  // one of those that the finding names; 0: none
  Verdict verdict = Verdict::kBroken;

  friend void PrintTo(const Corruption& corruption, std::ostream* out) { *out << corruption.name; }
};

void set_deployment(api::History& history, int event_id, const std::string& build_id) {
  event_of(history, event_id).mutable_workflow_task_completed_event_attributes()->mutable_deployment_version()->set_build_id(build_id);
}

void pin(api::History& history) { put_on_version(history, "v1", api::enums::VERSIONING_BEHAVIOR_PINNED); }

std::vector<Corruption> event_corruptions() {
  return {
      {"ALostEvent", "python_killed_worker", [](api::History& history) { history.mutable_events()->DeleteSubrange(12, 1); }, "event-ids",
       14},
      {"ARepeatedId", "python_killed_worker", [](api::History& history) { event_of(history, 13).set_event_id(12); }, "event-ids", 12},
      {"AnEventAfterTheEnd", "python_killed_worker",
       [](api::History& history) {
         api::HistoryEvent& event = *history.add_events();
         event.set_event_id(32);
         event.set_event_type(api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
       },
       "one-ending", 32},
      {"ASecondEnd", "python_killed_worker",
       [](api::History& history) {
         *history.add_events() = event_of(history, 31);
         event_of(history, 32).set_event_id(32);
       },
       "one-ending", 32},
      {"ASecondBeginning", "python_killed_worker",
       [](api::History& history) {
         const api::HistoryEvent first = event_of(history, 1);
         event_of(history, 8) = first;
         event_of(history, 8).set_event_id(8);
       },
       "one-ending", 8},
      {"AnEndOfNothing", "python_killed_worker",
       [](api::History& history) { event_of(history, 13).mutable_activity_task_completed_event_attributes()->set_scheduled_event_id(12); },
       "links", 13},
      {"AnEndOfAStartThatIsNotThere", "python_killed_worker",
       [](api::History& history) { event_of(history, 13).mutable_activity_task_completed_event_attributes()->set_started_event_id(6); },
       "links", 13},
      {"AnEndBeforeItsStart", "python_killed_worker",
       [](api::History& history) {
         event_of(history, 13).mutable_event_time()->set_seconds(event_of(history, 12).event_time().seconds() - 3600);
       },
       "cause-first", 13},
      {"ALostBeginning", "python_killed_worker", [](api::History& history) { history.mutable_events()->DeleteSubrange(0, 4); }, "event-ids",
       0, Verdict::kUnknown},
      {"AnOpenRun", "python_killed_worker", [](api::History& history) { history.mutable_events()->DeleteSubrange(30, 1); }, "ended", 0,
       Verdict::kUnknown},
  };
}

std::vector<Corruption> operation_corruptions() {
  return {
      {"ASecondStart", "python_killed_worker",
       [](api::History& history) { event_of(history, 26).mutable_activity_task_started_event_attributes()->set_scheduled_event_id(17); },
       "starts-once", 26},
      {"ASecondCompletion", "python_killed_worker",
       [](api::History& history) {
         auto& completed = *event_of(history, 27).mutable_activity_task_completed_event_attributes();
         completed.set_scheduled_event_id(17);
         completed.set_started_event_id(18);
       },
       "ends-once", 27},
      {"AWorkflowTaskThatEndsTwice", "python_killed_worker",
       [](api::History& history) {
         auto& completed = *event_of(history, 30).mutable_workflow_task_completed_event_attributes();
         completed.set_scheduled_event_id(22);
         completed.set_started_event_id(23);
       },
       "ends-once", 30},
      {"ARetryWithoutAFailure", "python_killed_worker",
       [](api::History& history) { event_of(history, 18).mutable_activity_task_started_event_attributes()->clear_last_failure(); },
       "retries", 18},
      {"ARetryAfterAFinalFailure", "python_killed_worker",
       [](api::History& history) {
         auto& failure = *event_of(history, 18).mutable_activity_task_started_event_attributes()->mutable_last_failure();
         failure.mutable_application_failure_info()->set_non_retryable(true);
       },
       "retries", 18},
      {"ARetryAfterAFailureThatThePolicyExcludes", "go_retried_step",
       [](api::History& history) {
         event_of(history, 11)
             .mutable_activity_task_scheduled_event_attributes()
             ->mutable_retry_policy()
             ->add_non_retryable_error_types("SimulatedFailure");
       },
       "retries", 12},
      {"MoreAttemptsThanAllowed", "python_killed_worker",
       [](api::History& history) {
         event_of(history, 17).mutable_activity_task_scheduled_event_attributes()->mutable_retry_policy()->set_maximum_attempts(1);
       },
       "retries", 18},
      {"FewerAttemptsThanAllowed", "go_failed",
       [](api::History& history) {
         event_of(history, 11).mutable_activity_task_scheduled_event_attributes()->mutable_retry_policy()->set_maximum_attempts(3);
       },
       "retries", 13},
      {"AWorkflowTaskRetriedAfterASuccess", "python_killed_worker",
       [](api::History& history) { event_of(history, 28).mutable_workflow_task_scheduled_event_attributes()->set_attempt(2); },
       "workflow-task-retries", 28},
      {"TwoWorkflowTasksAtOnce", "python_killed_worker",
       [](api::History& history) {
         event_of(history, 24).set_event_type(api::enums::EVENT_TYPE_MARKER_RECORDED);
         event_of(history, 24).mutable_marker_recorded_event_attributes()->set_marker_name("m");
       },
       "workflow-task-retries", 28},
      {"CodeThatDidNotFit", "go_failed_task",
       [](api::History& history) {
         event_of(history, 18)
             .mutable_workflow_task_failed_event_attributes()
             ->set_cause(api::enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
       },
       "determinism", 18},
  };
}

std::vector<Corruption> version_corruptions() {
  return {
      {"APinnedRunOnAnotherVersion", "python_killed_worker",
       [](api::History& history) {
         pin(history);
         set_deployment(history, 24, "v2");
       },
       "pinned-version", 24},
      {"APinnedRunOnAnUnversionedWorker", "python_killed_worker",
       [](api::History& history) {
         pin(history);
         event_of(history, 24).mutable_workflow_task_completed_event_attributes()->clear_deployment_version();
       },
       "pinned-version", 24},
      {"ARunPinnedAtItsStartOnAnotherVersion", "python_killed_worker",
       [](api::History& history) {
         put_on_version(history, "v2", api::enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
         auto& started = *event_of(history, 1).mutable_workflow_execution_started_event_attributes();
         auto& version = *started.mutable_versioning_override()->mutable_pinned()->mutable_version();
         version.set_deployment_name("lifecycle");
         version.set_build_id("v1");
       },
       "pinned-version", 4},
      {"ARunThatInheritsAPinOnAnotherVersion", "python_killed_worker",
       [](api::History& history) {
         put_on_version(history, "v2", api::enums::VERSIONING_BEHAVIOR_PINNED);
         auto& version = *event_of(history, 1).mutable_workflow_execution_started_event_attributes()->mutable_inherited_pinned_version();
         version.set_deployment_name("lifecycle");
         version.set_build_id("v1");
       },
       "pinned-version", 4},
      {"AReturnToAVersion", "python_killed_worker",
       [](api::History& history) {
         put_on_version(history, "v1", api::enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
         set_deployment(history, 16, "v2");
       },
       "version-return", 24, Verdict::kUnknown},
  };
}

std::vector<Corruption> all_corruptions() {
  std::vector<Corruption> all = event_corruptions();
  for (const auto& more : {operation_corruptions(), version_corruptions()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

class CorruptionTest : public testing::TestWithParam<Corruption> {};

TEST_P(CorruptionTest, IsSeenByItsRuleWithTheEvent) {
  const Corruption& corruption = GetParam();
  api::History history = recorded_history(corruption.history);
  corruption.corrupt(history);
  const Report report = verified(history);
  const RuleReport& rule = rule_of(report, corruption.rule);
  EXPECT_EQ(rule.verdict, corruption.verdict) << told(report);
  ASSERT_FALSE(rule.findings.empty());
  if (corruption.event_id != 0) {
    EXPECT_THAT(rule.findings.front().event_ids, Contains(corruption.event_id));
  }
}

INSTANTIATE_TEST_SUITE_P(All, CorruptionTest, testing::ValuesIn(all_corruptions()), [](const auto& info) { return info.param.name; });

TEST(GeneralRules, EveryRuleHasACorruptionThatItSees) {
  std::set<std::string, std::less<>> seen{"killed-worker"};  // its evidence is the journal's, below
  for (const Corruption& corruption : all_corruptions()) {
    seen.insert(corruption.rule);
  }
  for (const Rule& rule : general_rules()) {
    EXPECT_TRUE(seen.contains(rule.id)) << rule.id;
  }
}

TEST(GeneralRules, ARunThatKeepsToItsPinPasses) {
  api::History history = recorded_history("python_killed_worker");
  pin(history);
  const Report report = verified(history);
  EXPECT_EQ(rule_of(report, "pinned-version").verdict, Verdict::kPass) << told(report);
  EXPECT_EQ(rule_of(report, "version-return").verdict, Verdict::kNotApplicable);
}

TEST(GeneralRules, ARunThatWasMovedToAnotherPinMayRunThere) {
  api::History history = recorded_history("python_killed_worker");
  pin(history);
  for (const int id : {16, 24, 30}) {
    set_deployment(history, id, "v2");
  }
  api::HistoryEvent& updated = event_of(history, 14);  // in the place of a workflow task's scheduling
  updated.set_event_type(api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED);
  auto& pinned = *updated.mutable_workflow_execution_options_updated_event_attributes()->mutable_versioning_override()->mutable_pinned();
  pinned.mutable_version()->set_deployment_name("lifecycle");
  pinned.mutable_version()->set_build_id("v2");
  EXPECT_EQ(rule_of(verified(history), "pinned-version").verdict, Verdict::kPass);
}

TEST(GeneralRules, AnAutoUpgradingRunMayMoveOn) {
  api::History history = recorded_history("python_killed_worker");
  put_on_version(history, "v1", api::enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE);
  for (const int id : {24, 30}) {
    set_deployment(history, id, "v2");
  }
  const Report report = verified(history);
  EXPECT_EQ(rule_of(report, "version-return").verdict, Verdict::kPass);
  EXPECT_EQ(rule_of(report, "pinned-version").verdict, Verdict::kNotApplicable);
}

// In python_killed_worker the first worker completes nothing after event 16.
class KilledWorkerTest : public testing::Test {
 protected:
  RuleReport judged(const Fault& fault) { return rule_of(verified(history_, true, {&fault, 1}), "killed-worker"); }
  Fault kill_at(int event_id) {
    return {.id = "chaos-1/1",
            .time = api::to_wall_time(event_of(history_, event_id).event_time()),
            .worker_identity = event_of(history_, 16).workflow_task_completed_event_attributes().identity(),
            .is_kill = true,
            .proven = true};
  }

  api::History history_ = recorded_history("python_killed_worker");
};

TEST_F(KilledWorkerTest, WhatADeadWorkerDoesNotDoIsRight) { EXPECT_EQ(judged(kill_at(17)).verdict, Verdict::kPass); }

TEST_F(KilledWorkerTest, ACompletionByADeadWorkerIsBroken) {
  auto& completed = *event_of(history_, 27).mutable_activity_task_completed_event_attributes();
  completed.set_identity(event_of(history_, 16).workflow_task_completed_event_attributes().identity());
  const RuleReport report = judged(kill_at(17));
  EXPECT_EQ(report.verdict, Verdict::kBroken);
  EXPECT_THAT(report.findings.front().event_ids, Contains(27));
  EXPECT_THAT(report.findings.front().message, HasSubstr("chaos-1/1"));
}

// Its last allowed attempt was lost: the report can arrive seconds after the death.
TEST_F(KilledWorkerTest, WhatItsSupervisorReportsInItsNameIsRight) {
  api::HistoryEvent& ended = event_of(history_, 27);
  auto& failed = *ended.mutable_activity_task_failed_event_attributes();
  failed.set_identity(event_of(history_, 16).workflow_task_completed_event_attributes().identity());
  failed.mutable_failure()->mutable_application_failure_info()->set_type("WorkerDied");
  EXPECT_EQ(judged(kill_at(17)).verdict, Verdict::kPass);
  failed.mutable_failure()->mutable_application_failure_info()->set_type("Another");
  EXPECT_EQ(judged(kill_at(17)).verdict, Verdict::kBroken);
}

TEST_F(KilledWorkerTest, AWorkerThatMayEndItsTasksIsNotDeadYet) {
  auto& completed = *event_of(history_, 27).mutable_activity_task_completed_event_attributes();
  completed.set_identity(event_of(history_, 16).workflow_task_completed_event_attributes().identity());
  Fault fault = kill_at(17);
  fault.is_kill = false;
  EXPECT_EQ(judged(fault).verdict, Verdict::kPass);
}

TEST_F(KilledWorkerTest, AFaultThatWasNotProvenLeavesItUnknown) {
  Fault fault = kill_at(17);
  fault.proven = false;
  EXPECT_EQ(judged(fault).verdict, Verdict::kUnknown);
}

TEST_F(KilledWorkerTest, WithoutAJournalItIsNotAsked) {
  EXPECT_EQ(rule_of(verified(history_), "killed-worker").verdict, Verdict::kNotApplicable);
}

TEST(Report, BrokenOutweighsUnknownOutweighsPass) {
  api::History history = recorded_history("go_open");
  EXPECT_EQ(verified(history).verdict(), Verdict::kUnknown);
  event_of(history, 13).mutable_activity_task_completed_event_attributes()->set_scheduled_event_id(12);
  EXPECT_EQ(verified(history).verdict(), Verdict::kBroken);
}

TEST(Report, AnEmptyHistoryIsUnknown) { EXPECT_EQ(verified(api::History()).verdict(), Verdict::kUnknown); }

}  // namespace
}  // namespace lifecycle::verify
