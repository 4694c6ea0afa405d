#include "cli/versioned_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "cli/table.h"
#include "cli/time_text.h"

namespace lifecycle::cli {
namespace {

using nlohmann::ordered_json;

bool completed(const PinnedRunResult& run) { return run.outcome.status == temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_COMPLETED; }

// Tells what went wrong on standard error, after the answer.
ExitCode report_faults(Output& output, const PinnedRunResult& run) {
  if (!completed(run)) {
    report_failure(output, run.names, run.outcome);
  }
  switch (run.proof.verdict()) {
    case Verdict::kProven:
      break;
    case Verdict::kBroken:
      output.report("guarantee_broken", ExitCode::kGuaranteeBroken,
                    fmt::format("workflow '{}' did not keep to version '{}'", run.names.workflow_id, run.proof.version.build_id),
                    verdict_text(run.proof));
      break;
    case Verdict::kNotProven:
      output.report(
          "not_proven", ExitCode::kOperationFailed,
          fmt::format("workflow '{}' cannot be proven to have kept to version '{}'", run.names.workflow_id, run.proof.version.build_id),
          verdict_text(run.proof));
      break;
  }
  return exit_code_of(run);
}

std::string step_cell(const RunSteps& steps, std::size_t index) {
  if (index >= steps.all().size()) {
    return "-";
  }
  const StepRecord& step = steps.all()[index];
  const std::string what = step.status == StepStatus::kCompleted ? short_duration(step.duration()) : std::string(name_of(step.status));
  return step.attempt > 1 ? fmt::format("{} (attempt {})", what, step.attempt) : what;
}

std::string total_cell(const RunSteps& steps) {
  return steps.began() && steps.ended() ? short_duration(*steps.ended() - *steps.began()) : "-";
}

std::size_t worker_count(const VersionProof& proof) {
  std::set<std::string> workers;
  for (const TaskEvidence& task : proof.tasks) {
    workers.insert(task.worker.text);
  }
  return workers.size();
}

}  // namespace

ExitCode exit_code_of(const PinnedRunResult& run) {
  if (run.proof.verdict() == Verdict::kBroken) {
    return ExitCode::kGuaranteeBroken;
  }
  return completed(run) && run.proof.verdict() == Verdict::kProven ? ExitCode::kDone : ExitCode::kOperationFailed;
}

ExitCode report_pinned_run(Output& output, const PinnedRunResult& run, WallTime now) {
  if (output.is_json()) {
    ordered_json document = ending_json(output.format(), run.names, run.outcome, run.steps, now);
    document["proof"] = proof_json(run.proof);
    output.document(document);
  } else {
    output.note("");
    output.note(painted(fmt::format("{} {}", run.names.workflow_id, summary_text(run.outcome, run.steps)),
                        completed(run) ? Color::kGreen : Color::kRed, output.error_colored()));
    for (const std::string& line : proof_table(run.proof)) {
      output.answer(line);
    }
    output.answer(verdict_text(run.proof));
  }
  return report_faults(output, run);
}

std::vector<std::string> comparison_table(std::span<const PinnedRunResult> runs) {
  std::vector<Row> rows;
  const auto add_row = [&](std::string heading, const std::function<std::string(const PinnedRunResult&)>& cell) {
    Row& row = rows.emplace_back(Row{std::move(heading)});
    std::ranges::transform(runs, std::back_inserter(row), cell);
  };
  add_row("", [](const PinnedRunResult& run) { return run.proof.version.build_id; });
  std::size_t steps = 0;
  for (const PinnedRunResult& run : runs) {
    steps = std::max(steps, run.steps.all().size());
  }
  for (std::size_t index = 0; index < steps; ++index) {
    add_row(fmt::format("step {}", index), [index](const PinnedRunResult& run) { return step_cell(run.steps, index); });
  }
  add_row("total", [](const PinnedRunResult& run) { return total_cell(run.steps); });
  add_row("retries", [](const PinnedRunResult& run) { return std::to_string(retries_of(run.steps)); });
  add_row("workers", [](const PinnedRunResult& run) { return std::to_string(worker_count(run.proof)); });
  add_row("status", [](const PinnedRunResult& run) { return std::string(status_name(run.outcome.status)); });
  add_row("proof", [](const PinnedRunResult& run) { return std::string(name_of(run.proof.verdict())); });
  return aligned(rows);
}

ExitCode report_comparison(Output& output, std::span<const PinnedRunResult> runs, WallTime now) {
  if (output.is_json()) {
    ordered_json documents = ordered_json::array();
    for (const PinnedRunResult& run : runs) {
      ordered_json document = outcome_json(run.names, run.outcome, run.steps);
      document["proof"] = proof_json(run.proof);
      documents.push_back(std::move(document));
    }
    ordered_json document;
    if (output.format() == OutputFormat::kJsonl) {
      document = {{"event", "compared"}, {"time", iso_time(now)}};
    }
    document["runs"] = std::move(documents);
    output.document(document);
  } else {
    output.note("");
    for (const std::string& line : comparison_table(runs)) {
      output.answer(line);
    }
    for (const PinnedRunResult& run : runs) {
      output.answer(verdict_text(run.proof));
    }
  }
  // The gravest last: a broken guarantee weighs more than a run that failed.
  ExitCode gravest = ExitCode::kDone;
  for (const PinnedRunResult& run : runs) {
    gravest = std::max(gravest, report_faults(output, run));
  }
  return gravest;
}

}  // namespace lifecycle::cli
