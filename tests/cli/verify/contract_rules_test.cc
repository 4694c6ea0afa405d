// The contract's rules: none is broken by a history that a real server wrote, and each sees what it is there for.
#include "cli/verify/contract_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <set>
#include <string>

#include "converter/payload.h"
#include "tests/support/history_corpus.h"
#include "worker/contract.h"

namespace lifecycle::cli {
namespace {

using lifecycle::test::event_of;
using lifecycle::test::put_on_version;
using lifecycle::test::recorded_history;
using testing::Contains;
using verify::Finding;
using verify::RuleReport;
using verify::Verdict;

verify::Report verified(const api::History& history) {
  const verify::HistoryIndex index(history);
  return verify::verify({.history = index}, contract_rules());
}

std::string told(const verify::Report& report) {
  std::string text;
  for (const RuleReport& rule : report.rules) {
    for (const Finding& finding : rule.findings) {
      text += std::string(rule.rule.id) + ": " + finding.message + "\n";
    }
  }
  return text;
}

const RuleReport& rule_of(const verify::Report& report, std::string_view id) {
  return *std::ranges::find(report.rules, id, [](const RuleReport& each) { return each.rule.id; });
}

// Reads a payload, lets it be changed, and writes it back.
template <class T>
void change(api::Payloads& payloads, const std::function<void(T&)>& change) {
  T value = converter::from_payloads<T>(&payloads).value();
  change(value);
  converter::set_payload(*payloads.mutable_payloads(0), value);
}

void change_input(api::History& history, const std::function<void(demo::LifecycleInput&)>& what) {
  change<demo::LifecycleInput>(*event_of(history, 1).mutable_workflow_execution_started_event_attributes()->mutable_input(), what);
}

void change_step(api::History& history, int event_id, const std::function<void(demo::StepInput&)>& what) {
  change<demo::StepInput>(*event_of(history, event_id).mutable_activity_task_scheduled_event_attributes()->mutable_input(), what);
}

void change_output(api::History& history, int event_id, const std::function<void(demo::StepOutput&)>& what) {
  change<demo::StepOutput>(*event_of(history, event_id).mutable_activity_task_completed_event_attributes()->mutable_result(), what);
}

void change_result(api::History& history, const std::function<void(demo::LifecycleResult&)>& what) {
  change<demo::LifecycleResult>(*event_of(history, 31).mutable_workflow_execution_completed_event_attributes()->mutable_result(), what);
}

class RecordedHistoryTest : public testing::TestWithParam<std::string> {};

TEST_P(RecordedHistoryTest, NoRuleIsBrokenAndAClosedRunPasses) {
  const verify::Report report = verified(recorded_history(GetParam()));
  EXPECT_EQ(report.verdict(), GetParam().ends_with("_open") ? Verdict::kUnknown : Verdict::kPass) << told(report);
}

INSTANTIATE_TEST_SUITE_P(Files, RecordedHistoryTest, testing::ValuesIn(lifecycle::test::recorded_history_names()),
                         [](const auto& info) { return info.param; });

// Of python_killed_worker: 4 steps, scheduled by events 5, 11, 17 and 25; step 2 at its second attempt; the end is event 31.
struct Corruption {
  std::string name;
  std::string rule;
  std::int64_t event_id;
  std::function<void(api::History&)> corrupt;
  std::string history = "python_killed_worker";

  friend void PrintTo(const Corruption& corruption, std::ostream* out) { *out << corruption.name; }
};

std::vector<Corruption> step_corruptions() {
  return {
      {"AStepTwice", "step-order", 11,
       [](api::History& history) { change_step(history, 11, [](demo::StepInput& step) { step.step = 0; }); }},
      {"AStepLeftOut", "step-order", 11,
       [](api::History& history) { change_step(history, 11, [](demo::StepInput& step) { step.step = 2; }); }},
      {"AStepMissingAtTheEnd", "step-order", 31,
       [](api::History& history) { change_input(history, [](demo::LifecycleInput& input) { input.steps = 5; }); }},
      {"AStepBeforeTheEndOfTheOneBefore", "step-order", 11,
       [](api::History& history) {
         event_of(history, 7).set_event_type(api::enums::EVENT_TYPE_ACTIVITY_TASK_FAILED);
         auto& failed = *event_of(history, 7).mutable_activity_task_failed_event_attributes();
         failed.set_scheduled_event_id(5);
         failed.set_started_event_id(6);
       }},
      {"AnotherStepsOutput", "step-output", 13,
       [](api::History& history) { change_output(history, 13, [](demo::StepOutput& output) { output.step = 0; }); }},
      {"AnotherAttempt", "step-output", 19,
       [](api::History& history) { change_output(history, 19, [](demo::StepOutput& output) { output.attempt = 1; }); }},
      {"AnotherWorker", "step-output", 19,
       [](api::History& history) { change_output(history, 19, [](demo::StepOutput& output) { output.worker = "victim"; }); }},
      {"AnotherVersion", "step-output", 19,
       [](api::History& history) { change_output(history, 19, [](demo::StepOutput& output) { output.worker_version = "v9"; }); }},
      {"CompletedByAnother", "step-output", 19,
       [](api::History& history) { event_of(history, 19).mutable_activity_task_completed_event_attributes()->set_identity("victim"); }},
      {"AFailureThatDidNotHappen", "step-failures", 13,
       [](api::History& history) { change_input(history, [](demo::LifecycleInput& input) { input.fail_attempts = 3; }); },
       "go_retried_step"},
      {"APinnedStepElsewhere", "step-version", 19,
       [](api::History& history) { put_on_version(history, "v1.0.0", api::enums::VERSIONING_BEHAVIOR_PINNED); }},
  };
}

std::vector<Corruption> result_corruptions() {
  const auto result = [](const std::string& name, std::function<void(demo::LifecycleResult&)> what) {
    return Corruption{name, "result", 31, [what = std::move(what)](api::History& history) { change_result(history, what); }};
  };
  return {
      result("AnotherVersionInTheResult", [](demo::LifecycleResult& value) { value.worker_versions_used[0] = "v9"; }),
      result("ChangesOfVersionNotTold", [](demo::LifecycleResult& value) { value.version_changes_detected = false; }),
      result("ARolloutNotTold", [](demo::LifecycleResult& value) { value.rollout_detected = false; }),
      result("AnotherNumberOfSteps", [](demo::LifecycleResult& value) { value.steps_completed = 3; }),
      result("AWorkerNotTold", [](demo::LifecycleResult& value) { value.workers_used.pop_back(); }),
      result("ARetryNotTold", [](demo::LifecycleResult& value) { value.retries = 0; }),
  };
}

std::vector<Corruption> all_corruptions() {
  std::vector<Corruption> all = step_corruptions();
  for (Corruption& more : result_corruptions()) {
    all.push_back(std::move(more));
  }
  return all;
}

class CorruptionTest : public testing::TestWithParam<Corruption> {};

TEST_P(CorruptionTest, IsSeenByItsRuleWithTheEvent) {
  const Corruption& corruption = GetParam();
  api::History history = recorded_history(corruption.history);
  corruption.corrupt(history);
  const verify::Report report = verified(history);
  const RuleReport& rule = rule_of(report, corruption.rule);
  ASSERT_EQ(rule.verdict, Verdict::kBroken) << told(report);
  std::set<std::int64_t> event_ids;
  for (const Finding& finding : rule.findings) {
    event_ids.insert(finding.event_ids.begin(), finding.event_ids.end());
  }
  EXPECT_THAT(event_ids, Contains(corruption.event_id)) << told(report);
}

INSTANTIATE_TEST_SUITE_P(All, CorruptionTest, testing::ValuesIn(all_corruptions()), [](const auto& info) { return info.param.name; });

TEST(ContractRules, EveryRuleHasACorruptionThatItSees) {
  std::set<std::string, std::less<>> seen;
  for (const Corruption& corruption : all_corruptions()) {
    seen.insert(corruption.rule);
  }
  for (const verify::Rule& rule : contract_rules()) {
    EXPECT_TRUE(seen.contains(rule.id)) << rule.id;
  }
}

TEST(ContractRules, APinnedRunWhoseStepsRanThereHoldsItsVersion) {
  api::History history = recorded_history("go_complete_10_steps");
  const auto output = converter::from_payloads<demo::StepOutput>(&event_of(history, 7).activity_task_completed_event_attributes().result());
  put_on_version(history, output->worker_version, api::enums::VERSIONING_BEHAVIOR_PINNED);
  EXPECT_EQ(rule_of(verified(history), "step-version").verdict, Verdict::kPass);
}

TEST(ContractRules, PayloadsThatCannotBeReadLeaveItUnknown) {
  api::History history = recorded_history("python_killed_worker");
  auto& payload = *event_of(history, 13).mutable_activity_task_completed_event_attributes()->mutable_result()->mutable_payloads(0);
  (*payload.mutable_metadata())["encoding"] = "binary/encrypted";
  EXPECT_EQ(verified(history).verdict(), Verdict::kUnknown);
}

TEST(ContractRules, OtherWorkflowsAreNotAsked) {
  EXPECT_EQ(verified(recorded_history("go_complete_10_steps")).count(Verdict::kNotApplicable), 2U) << "step-failures and step-version";
  const verify::Report other = verified(recorded_history("ours_patch_original"));
  EXPECT_EQ(other.count(Verdict::kNotApplicable), contract_rules().size());
}

}  // namespace
}  // namespace lifecycle::cli
