// What is said about runs that were pinned to a version, once they have ended.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/run_report.h"
#include "cli/version_proof.h"

namespace lifecycle::cli {

struct PinnedRunResult {
  RunNames names;
  client::WorkflowOutcome outcome;
  RunSteps steps;
  VersionProof proof;
};

// kGuaranteeBroken when a task ran elsewhere, else kOperationFailed when the workflow did not complete or the proof is not complete.
[[nodiscard]] ExitCode exit_code_of(const PinnedRunResult& run);

// The proof and its verdict; the run's document with "proof" in JSON.
[[nodiscard]] ExitCode report_pinned_run(Output& output, const PinnedRunResult& run, WallTime now);

// Lines of a table with one column for each run: its steps, total duration, retries, workers, status and verdict.
[[nodiscard]] std::vector<std::string> comparison_table(std::span<const PinnedRunResult> runs);

// The table and each verdict; in JSON {"runs": [...]}. Returns the gravest exit code of all runs.
[[nodiscard]] ExitCode report_comparison(Output& output, std::span<const PinnedRunResult> runs, WallTime now);

}  // namespace lifecycle::cli
