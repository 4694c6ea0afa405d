#include "cli/verify/contract_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "cli/worker_identity.h"
#include "converter/payload.h"
#include "worker/contract.h"

namespace lifecycle::cli {
namespace {

using verify::Evidence;
using verify::Findings;
using verify::HistoryIndex;
using verify::Operation;
using verify::OperationKind;
using verify::Rule;

// One step as history has it.
struct Step {
  const Operation* activity;
  demo::StepInput input;
  std::optional<demo::StepOutput> output;  // of a step that is completed

  [[nodiscard]] std::int64_t scheduled_id() const { return activity->begun->event_id(); }
  [[nodiscard]] std::int64_t ended_id() const { return activity->ended.front()->event_id(); }
};

struct Run {
  demo::LifecycleInput input;
  std::vector<Step> steps;  // in the order in which they were scheduled
};

// Errors: kInvalidArgument for a payload that is not the contract's, an encrypted one for example.
Result<Run> read_run(const HistoryIndex& history) {
  Result<demo::LifecycleInput> input = converter::from_payloads<demo::LifecycleInput>(&history.started()->input());
  if (!input) {
    return std::unexpected(std::move(input).error());
  }
  Run run{.input = *std::move(input), .steps = {}};
  for (const Operation* activity : history.all_of(OperationKind::kActivity)) {
    const auto& scheduled = activity->begun->activity_task_scheduled_event_attributes();
    if (scheduled.activity_type().name() != demo::kActivityType) {
      continue;
    }
    Result<demo::StepInput> step = converter::from_payloads<demo::StepInput>(&scheduled.input());
    if (!step) {
      return std::unexpected(std::move(step).error());
    }
    run.steps.push_back({.activity = activity, .input = *std::move(step), .output = std::nullopt});
    if (activity->completed()) {
      const auto& completed = activity->ended.front()->activity_task_completed_event_attributes();
      Result<demo::StepOutput> output = converter::from_payloads<demo::StepOutput>(&completed.result());
      if (!output) {
        return std::unexpected(std::move(output).error());
      }
      run.steps.back().output = *std::move(output);
    }
  }
  return run;
}

// The run, or nothing once the findings say why not.
std::optional<Run> run_of(const Evidence& evidence, Findings& findings) {
  if (evidence.history.workflow_type() != demo::kWorkflowType) {
    findings.not_applicable();
    return std::nullopt;
  }
  Result<Run> run = read_run(evidence.history);
  if (!run) {
    findings.unknown("a payload is not the contract's: " + run.error().message);
    return std::nullopt;
  }
  return *std::move(run);
}

bool is_completed(const HistoryIndex& history) {
  return history.final_event() != nullptr && history.final_event()->has_workflow_execution_completed_event_attributes();
}

void check_step_order(const Evidence& evidence, Findings& findings) {
  const std::optional<Run> run = run_of(evidence, findings);
  if (!run) {
    return;
  }
  const Step* before = nullptr;
  int expected = 0;
  for (const Step& step : run->steps) {
    if (step.input.step != expected) {
      findings.broken({step.scheduled_id()}, fmt::format("step {} was scheduled where step {} belongs", step.input.step, expected));
    }
    if (before != nullptr && (!before->activity->completed() || before->ended_id() > step.scheduled_id())) {
      findings.broken({before->scheduled_id(), step.scheduled_id()},
                      fmt::format("step {} was scheduled although step {} was not completed", step.input.step, before->input.step));
    }
    expected = step.input.step + 1;
    before = &step;
  }
  if (!is_completed(evidence.history)) {
    return;
  }
  const std::int64_t end = evidence.history.final_event()->event_id();
  if (std::cmp_not_equal(run->steps.size(), run->input.steps)) {
    findings.broken({end}, fmt::format("the run completed with {} of {} steps", run->steps.size(), run->input.steps));
  }
  if (before != nullptr && !before->activity->completed()) {
    findings.broken({before->scheduled_id(), end}, fmt::format("the run completed although step {} was not completed", before->input.step));
  }
}

void check_step_output(const Evidence& evidence, Findings& findings) {
  const std::optional<Run> run = run_of(evidence, findings);
  if (!run) {
    return;
  }
  for (const Step& step : run->steps) {
    if (!step.output || step.activity->started.empty()) {
      continue;
    }
    const demo::StepOutput& output = *step.output;
    const auto& started = step.activity->started.back()->activity_task_started_event_attributes();
    const auto differs = [&](std::string_view what, const auto& said, const auto& recorded) {
      findings.broken({step.activity->started.back()->event_id(), step.ended_id()},
                      fmt::format("step {}: its output says {} {}, history says {}", step.input.step, what, said, recorded));
    };
    if (output.step != step.input.step) {
      differs("step", output.step, step.input.step);
    }
    if (output.attempt != started.attempt()) {
      differs("attempt", output.attempt, started.attempt());
    }
    if (output.worker != started.identity()) {
      differs("worker", output.worker, started.identity());
    }
    const std::string& completed_by = step.activity->ended.front()->activity_task_completed_event_attributes().identity();
    if (completed_by != started.identity()) {
      findings.broken({step.ended_id()},
                      fmt::format("step {} was started by {} and completed by {}", step.input.step, started.identity(), completed_by));
    }
    const std::string version = parse_worker_identity(started.identity()).version;
    if (!version.empty() && version != output.worker_version) {
      differs("version", output.worker_version, version);
    }
  }
}

// A step that is to fail on purpose must have done so.
void check_step_failures(const Evidence& evidence, Findings& findings) {
  const std::optional<Run> run = run_of(evidence, findings);
  if (!run) {
    return;
  }
  if (!run->input.fail_step) {
    findings.not_applicable();
    return;
  }
  for (const Step& step : run->steps) {
    if (step.output && step.input.step == *run->input.fail_step && step.output->attempt <= run->input.fail_attempts) {
      findings.broken({step.ended_id()}, fmt::format("step {} is to fail {} times, and was completed by attempt {}", step.input.step,
                                                     run->input.fail_attempts, step.output->attempt));
    }
  }
}

// The result that the steps' outputs add up to.
demo::LifecycleResult result_of(const Run& run) {
  demo::LifecycleResult result;
  for (const Step& step : run.steps) {
    if (!step.output) {
      continue;
    }
    std::vector<std::string>& versions = result.worker_versions_used;
    result.version_changes_detected =
        result.version_changes_detected || (!versions.empty() && versions.back() != step.output->worker_version);
    versions.push_back(step.output->worker_version);
    if (std::ranges::find(result.workers_used, step.output->worker) == result.workers_used.end()) {
      result.workers_used.push_back(step.output->worker);
    }
    result.retries += step.output->attempt - 1;
    ++result.steps_completed;
  }
  result.rollout_detected = std::set(result.worker_versions_used.begin(), result.worker_versions_used.end()).size() > 1;
  return result;
}

void check_result(const Evidence& evidence, Findings& findings) {
  const std::optional<Run> run = run_of(evidence, findings);
  if (!run) {
    return;
  }
  const api::HistoryEvent* end = evidence.history.final_event();
  if (end == nullptr) {
    findings.unknown("the run is still open, and has no result");
    return;
  }
  if (!is_completed(evidence.history)) {
    findings.not_applicable();
    return;
  }
  const auto said = converter::from_payloads<demo::LifecycleResult>(&end->workflow_execution_completed_event_attributes().result());
  if (!said) {
    findings.unknown("the result is not the contract's: " + said.error().message, {end->event_id()});
    return;
  }
  const demo::LifecycleResult is = result_of(*run);
  const auto compare = [&](std::string_view field, const auto& one, const auto& other) {
    if (one != other) {
      findings.broken({end->event_id()}, fmt::format("the result's {} is not what the steps add up to", field));
    }
  };
  compare("worker_versions_used", said->worker_versions_used, is.worker_versions_used);
  compare("version_changes_detected", said->version_changes_detected, is.version_changes_detected);
  compare("rollout_detected", said->rollout_detected, is.rollout_detected);
  compare("steps_completed", said->steps_completed, is.steps_completed);
  compare("workers_used", said->workers_used, is.workers_used);
  compare("retries", said->retries, is.retries);
}

// In a run whose workflow tasks were all pinned to one version, the steps ran there, too: history's activity events tell no version.
void check_step_version(const Evidence& evidence, Findings& findings) {
  const std::optional<Run> run = run_of(evidence, findings);
  if (!run) {
    return;
  }
  std::set<std::string> build_ids;
  bool pinned = evidence.history.started()->versioning_override().has_pinned();
  for (const api::HistoryEvent& event : evidence.history.history().events()) {
    if (event.has_workflow_task_completed_event_attributes()) {
      const auto& completed = event.workflow_task_completed_event_attributes();
      pinned = pinned || completed.versioning_behavior() == api::enums::VERSIONING_BEHAVIOR_PINNED;
      build_ids.insert(completed.deployment_version().build_id());
    }
  }
  if (!pinned || build_ids.size() != 1) {
    findings.not_applicable();
    return;
  }
  for (const Step& step : run->steps) {
    if (step.output && step.output->worker_version != *build_ids.begin()) {
      findings.broken({step.ended_id()}, fmt::format("step {} ran on {}, and the run is pinned to {}", step.input.step,
                                                     step.output->worker_version, *build_ids.begin()));
    }
  }
}

}  // namespace

std::span<const Rule> contract_rules() {
  static constexpr std::array kRules{
      Rule{.id = "step-order",
           .title = "the steps run once each, in order, one after the other, and all of them",
           .source = "history and contract",
           .check = check_step_order},
      Rule{.id = "step-output",
           .title = "each step's output says the worker, version and attempt that history says",
           .source = "history and contract",
           .check = check_step_output},
      Rule{.id = "step-failures",
           .title = "a step that is to fail on purpose did so",
           .source = "history and contract",
           .check = check_step_failures},
      Rule{.id = "step-version",
           .title = "the steps of a pinned run ran on its version",
           .source = "history and contract",
           .check = check_step_version},
      Rule{.id = "result",
           .title = "the result is what the steps' outputs add up to",
           .source = "history and contract",
           .check = check_result},
  };
  return kRules;
}

}  // namespace lifecycle::cli
