// A story for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "cli/describe/story.h"

namespace lifecycle::cli {

// One document: the keys of `lifecycle start -o json` (workflowId, runId, type, namespace, taskQueue, status, durationMillis, result or
// failure), and "versioning", "versions", "steps", "workflowTasks", "events", "faults", "gaps", "failingWorkflowTask". Times are RFC 3339
// in UTC, durations whole milliseconds; what is not there or not known is left out.
[[nodiscard]] nlohmann::ordered_json story_json(const Story& story);

// The same as lines, each with its "kind": the run, then each step, workflow task, event, fault and gap.
[[nodiscard]] std::vector<nlohmann::ordered_json> story_json_lines(const Story& story);

}  // namespace lifecycle::cli
