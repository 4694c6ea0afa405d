#include "cli/step_table.h"

#include <algorithm>

#include "cli/table.h"
#include "cli/time_text.h"

namespace lifecycle::cli {
namespace {

Row row_of(const StepRecord& step, bool with_status) {
  const bool over = step.status != StepStatus::kPending;
  Row row{std::to_string(step.step)};
  if (with_status) {
    row.emplace_back(name_of(step.status));
  }
  row.emplace_back(over ? version_text(step) : "");
  row.emplace_back(over ? std::to_string(step.attempt) : "");
  row.emplace_back(over ? short_duration(step.duration()) : "");
  row.emplace_back(step.worker.short_name());
  return row;
}

}  // namespace

std::vector<std::string> step_table(std::span<const StepRecord> steps) {
  const bool with_status = std::ranges::any_of(steps, [](const StepRecord& step) { return step.status != StepStatus::kCompleted; });
  std::vector<Row> rows{with_status ? Row{"STEP", "STATUS", "VERSION", "ATTEMPT", "DURATION", "WORKER"}
                                    : Row{"STEP", "VERSION", "ATTEMPT", "DURATION", "WORKER"}};
  for (const StepRecord& step : steps) {
    rows.push_back(row_of(step, with_status));
  }
  return aligned(rows);
}

nlohmann::ordered_json steps_json(std::span<const StepRecord> steps) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const StepRecord& step : steps) {
    nlohmann::ordered_json item{{"step", step.step},       {"status", name_of(step.status)},
                                {"version", step.version}, {"worker", step.worker.text},
                                {"attempt", step.attempt}, {"durationMillis", to_millis(step.duration())}};
    if (!step.failure.empty()) {
      item["failure"] = step.failure;
    }
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace lifecycle::cli
