#include "cli/run_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "cli/failure_text.h"
#include "cli/step_table.h"
#include "cli/time_text.h"
#include "converter/payload.h"

namespace lifecycle::cli {
namespace {

using Status = temporal::api::enums::v1::WorkflowExecutionStatus;
using nlohmann::ordered_json;

// As part of a sentence.
std::string_view status_word(Status status) {
  switch (status) {
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_COMPLETED:
      return "completed";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_FAILED:
      return "failed";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_CANCELED:
      return "was cancelled";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_TERMINATED:
      return "was terminated";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
      return "timed out";
    default:
      return "ended";
  }
}

Duration duration_of(const RunSteps& steps) { return steps.began() && steps.ended() ? *steps.ended() - *steps.began() : Duration::zero(); }

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return lower;
}

std::string counted(int count, std::string_view one, std::string_view several) {
  return fmt::format("{} {}", count, count == 1 ? one : several);
}

// Each once, in the order of first use.
std::vector<std::string> versions_of(const RunSteps& steps) {
  std::vector<std::string> versions;
  for (const StepRecord& step : steps.all()) {
    if (step.status == StepStatus::kCompleted && std::ranges::find(versions, version_text(step)) == versions.end()) {
      versions.emplace_back(version_text(step));
    }
  }
  return versions;
}

}  // namespace

std::string_view status_name(Status status) {
  switch (status) {
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_RUNNING:
      return "RUNNING";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_PAUSED:
      return "PAUSED";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_COMPLETED:
      return "COMPLETED";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_FAILED:
      return "FAILED";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_CANCELED:
      return "CANCELED";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_TERMINATED:
      return "TERMINATED";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
      return "TIMEOUT";
    case temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW:
      return "CONTINUED_AS_NEW";
    default:
      return "UNKNOWN";
  }
}

ordered_json names_json(const RunNames& names) {
  return {{"workflowId", names.workflow_id},
          {"runId", names.run_id},
          {"type", names.workflow_type},
          {"namespace", names.name_space},
          {"taskQueue", names.task_queue}};
}

ordered_json outcome_json(const RunNames& names, const client::WorkflowOutcome& outcome, const RunSteps& steps) {
  ordered_json document = names_json(names);
  document["status"] = status_name(outcome.status);
  document["durationMillis"] = to_millis(duration_of(steps));
  if (outcome.failure) {
    document["failure"] = failure_lines(*outcome.failure);
  } else {
    document["result"] = result_json(outcome.result);
  }
  document["steps"] = steps_json(steps.all());
  return document;
}

ordered_json ending_json(OutputFormat format, const RunNames& names, const client::WorkflowOutcome& outcome, const RunSteps& steps,
                         WallTime now) {
  ordered_json document = outcome_json(names, outcome, steps);
  if (format != OutputFormat::kJsonl) {
    return document;
  }
  ordered_json line{{"event", in_lower_case(status_name(outcome.status))}, {"time", iso_time(now)}};
  line.update(document);
  return line;
}

ordered_json result_json(const std::optional<api::Payloads>& result) {
  if (!result || result->payloads_size() == 0) {
    return nullptr;
  }
  const api::Payload& payload = result->payloads(0);
  const auto encoding = payload.metadata().find(std::string(converter::kEncodingKey));
  const std::string name = encoding == payload.metadata().end() ? "" : encoding->second;
  if (name == converter::kEncodingNull) {
    return nullptr;
  }
  if (name == converter::kEncodingJson || name == converter::kEncodingProtobufJson) {
    // Keeps the order of the fields, which is the contract's.
    if (ordered_json parsed = ordered_json::parse(payload.data(), nullptr, false); !parsed.is_discarded()) {
      return parsed;
    }
  }
  return {{"encoding", name}, {"bytes", payload.data().size()}};
}

int retries_of(const RunSteps& steps) {
  int retries = 0;
  for (const StepRecord& step : steps.all()) {
    retries += step.attempt - 1;
  }
  return retries;
}

std::string summary_text(const client::WorkflowOutcome& outcome, const RunSteps& steps) {
  std::string text = fmt::format("{} in {}: {}, {}", status_word(outcome.status), short_duration(duration_of(steps)),
                                 counted(steps.completed(), "step", "steps"), counted(retries_of(steps), "retry", "retries"));
  if (const std::vector<std::string> versions = versions_of(steps); !versions.empty()) {
    text += fmt::format(", {} {}", versions.size() == 1 ? "version" : "versions", fmt::join(versions, ", "));
  }
  return text;
}

ExitCode report_failure(Output& output, const RunNames& names, const client::WorkflowOutcome& outcome) {
  const std::string what = fmt::format("workflow '{}' {}", names.workflow_id, status_word(outcome.status));
  const std::string code = "workflow_" + in_lower_case(status_name(outcome.status));
  const std::vector<std::string> lines = outcome.failure ? failure_lines(*outcome.failure) : std::vector<std::string>{};
  if (output.is_json()) {
    const std::string why = lines.empty() ? "" : fmt::format(": {}", fmt::join(lines, ": "));
    return output.report(code, ExitCode::kOperationFailed, what + why, "");
  }
  return output.report(code, ExitCode::kOperationFailed, what, fmt::format("{}", fmt::join(lines, "\nbecause: ")));
}

ExitCode report_outcome(Output& output, const RunNames& names, const client::WorkflowOutcome& outcome, const RunSteps& steps,
                        WallTime now) {
  const bool completed = outcome.status == temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_COMPLETED;
  if (output.is_json()) {
    output.document(ending_json(output.format(), names, outcome, steps, now));
  } else {
    output.note("");
    for (const std::string& line : step_table(steps.all())) {
      output.note(line);
    }
    output.note("");
    output.note(painted(fmt::format("{} {}", names.workflow_id, summary_text(outcome, steps)), completed ? Color::kGreen : Color::kRed,
                        output.error_colored()));
    if (completed && output.format() == OutputFormat::kText) {
      output.answer(result_json(outcome.result).dump(2, ' ', false, ordered_json::error_handler_t::replace));
    }
  }
  return completed ? ExitCode::kDone : report_failure(output, names, outcome);
}

}  // namespace lifecycle::cli
