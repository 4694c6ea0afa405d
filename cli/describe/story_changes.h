// What is new in a story: for those who watch a run and want a line for each change.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/describe/story.h"

namespace lifecycle::cli {

struct StoryChange {
  WallTime time;
  std::string event;  // "step_started", "timer_fired", "workflow_task_failed", "no_worker", "completed": the `event` of -o jsonl
  std::string name;   // of the step, timer, child; empty for what is about the whole run
  std::int64_t event_id = 0;
  int attempt = 0;  // zero: it has none
  WorkerIdentity worker;
  std::string version;
  std::string message;
};

// What `after` tells that `before` did not, in the order of time. Both are stories of one run; a default `before` is the run's beginning.
[[nodiscard]] std::vector<StoryChange> changes_between(const Story& before, const Story& after);

// "step 3 started on pod@node (v1.0.0), attempt 2".
[[nodiscard]] std::string change_text(const StoryChange& change);
[[nodiscard]] nlohmann::ordered_json change_json(const StoryChange& change);
// True for what went wrong.
[[nodiscard]] bool is_bad(const StoryChange& change);

}  // namespace lifecycle::cli
