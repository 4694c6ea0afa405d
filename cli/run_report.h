// What is said about a run once it has ended.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/run_steps.h"
#include "client/outcome_watch.h"

namespace lifecycle::cli {

struct RunNames {
  std::string workflow_id;
  std::string run_id;
  std::string workflow_type;
  std::string name_space;
  std::string task_queue;
};

// "RUNNING", "PAUSED", "COMPLETED", "FAILED", "CANCELED", "TERMINATED", "TIMEOUT", "CONTINUED_AS_NEW", as the temporal CLI spells them.
[[nodiscard]] std::string_view status_name(temporal::api::enums::v1::WorkflowExecutionStatus status);

// {"workflowId", "runId", "type", "namespace", "taskQueue"}: the keys of `temporal workflow start`.
[[nodiscard]] nlohmann::ordered_json names_json(const RunNames& names);

// names_json() and {"status", "durationMillis", "result" or "failure", "steps"}: a superset of `temporal workflow execute`.
[[nodiscard]] nlohmann::ordered_json outcome_json(const RunNames& names, const client::WorkflowOutcome& outcome, const RunSteps& steps);

// The first payload as JSON: itself where it is JSON, null where there is none, else {"encoding": ..., "bytes": <count>}.
[[nodiscard]] nlohmann::ordered_json result_json(const std::optional<api::Payloads>& result);

// Attempts beyond each step's first.
[[nodiscard]] int retries_of(const RunSteps& steps);

// "completed in 32.1s: 6 steps, 1 retry, versions v1.0.0, v2.0.0".
[[nodiscard]] std::string summary_text(const client::WorkflowOutcome& outcome, const RunSteps& steps);

// The document that ends the output: outcome_json() and, with -o jsonl, "event" and "time" before it.
[[nodiscard]] nlohmann::ordered_json ending_json(OutputFormat format, const RunNames& names, const client::WorkflowOutcome& outcome,
                                                 const RunSteps& steps, WallTime now);

// Tells on standard error that and why the workflow did not complete. Returns kOperationFailed.
ExitCode report_failure(Output& output, const RunNames& names, const client::WorkflowOutcome& outcome);

// Prints the table, the summary and the result in the output's format, and returns kDone or kOperationFailed.
[[nodiscard]] ExitCode report_outcome(Output& output, const RunNames& names, const client::WorkflowOutcome& outcome, const RunSteps& steps,
                                      WallTime now);

}  // namespace lifecycle::cli
