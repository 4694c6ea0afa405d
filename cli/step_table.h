// The steps of a run, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/run_steps.h"

namespace lifecycle::cli {

// Lines of a table with the columns step, status, version, attempt, duration and worker; the first line is the heading. The status column
// is left out when all steps are completed.
[[nodiscard]] std::vector<std::string> step_table(std::span<const StepRecord> steps);

// [{"step", "status", "version", "worker", "attempt", "durationMillis"}, ...]; "failure" where there is one.
[[nodiscard]] nlohmann::ordered_json steps_json(std::span<const StepRecord> steps);

}  // namespace lifecycle::cli
