// The ways in which a history can reach a worker. Whichever it is, each workflow task must be answered with the same commands: those that
// the history goes on with, where the task was completed, and for a task still open those of a worker that reads the whole history.
#pragma once

#include "tests/support/run_driver.h"

namespace lifecycle::test {

// Each adds a failure to the running test for every task that is answered otherwise.

// All of the history at once, as a replayer reads it.
void expect_replay_of_the_whole(const Registry& registry, const HistoryPtr& history);
// To a worker that keeps the run: each task brings what is new. A task after one that failed or was lost brings everything again.
void expect_same_commands_task_by_task(const Registry& registry, const HistoryPtr& history);
// To a worker that forgets the run after each task.
void expect_same_commands_with_evictions(const Registry& registry, const HistoryPtr& history);
// Likewise, and the task brings the first page only; in pages of every size.
void expect_same_commands_in_pages(const Registry& registry, const HistoryPtr& history);
// To a worker that lost the run, while the server thinks that it has it: the task brings what is new, and the rest is fetched; in pages of
// every size. The events of the task itself are sometimes not stored yet.
void expect_same_commands_after_cache_misses(const Registry& registry, const HistoryPtr& history);

}  // namespace lifecycle::test
