// When a run stood still because nobody served it.
#pragma once

#include <vector>

#include "cli/describe/story.h"

namespace lifecycle::cli {

// Shorter ones are what tasks always take to be dispatched.
inline constexpr Duration kGapMin = std::chrono::seconds(1);

// The times of at least kGapMin in which a task waited for a worker and nothing ran, from the story's tasks, spans and faults, in order. A
// run that waits for a timer, a signal or a retry's back-off has none: it needs no worker then. What an activity's attempts before its last
// did is not in history: they count as running, up to the last fault that hit meanwhile.
[[nodiscard]] std::vector<Gap> gaps_of(const Story& story);

}  // namespace lifecycle::cli
