// The journal of `lifecycle chaos` as faults of a story.
#pragma once

#include <span>
#include <vector>

#include "cli/chaos/journal.h"
#include "cli/describe/story.h"

namespace lifecycle::cli {

// One fault for each id of the journal, in the order of their first lines: when it was injected, or else planned; what became of it; and
// when it was undone. What was refused is none.
[[nodiscard]] std::vector<Fault> faults_in(std::span<const chaos::JournalEntry> entries);

}  // namespace lifecycle::cli
