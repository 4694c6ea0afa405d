// Hands histories to a run as a server would, and shows what comes back as text that a test can compare.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "registry/cached_run.h"
#include "registry/registry.h"
#include "replay/history_builder.h"

namespace lifecycle::test {

using HistoryPtr = std::shared_ptr<const api::History>;

// Events `first` to `last`, both included.
[[nodiscard]] HistoryPtr slice(const api::History& history, std::int64_t first, std::int64_t last);

// A run that knows nothing yet. `registry` outlives it.
[[nodiscard]] CachedRun fresh_run(const Registry& registry);

// A history as the server stores it: in pages of `events_per_page`, each with the token of the next.
class StoredHistory {
 public:
  StoredHistory(HistoryPtr history, std::int64_t events_per_page) : history_(std::move(history)), events_per_page_(events_per_page) {}

  struct Page {
    HistoryPtr events;
    std::string next_page_token;
  };
  // An empty token means from event 1.
  [[nodiscard]] Page page(const std::string& token) const;

 private:
  HistoryPtr history_;
  std::int64_t events_per_page_;
};

// Gives the run the pages that it asks for until it asks for something else.
[[nodiscard]] RunRequest serve(CachedRun& run, RunRequest request, const StoredHistory& stored);

// What a fresh run answers to a workflow task that brings all of this history, which ends with the task's started event.
[[nodiscard]] RunRequest answer_to(const Registry& registry, const HistoryPtr& history);

// One line for each command: "StartTimer(id 5, 10s)".
[[nodiscard]] std::vector<std::string> rendered(const std::vector<api::Command>& commands);
// The command events that follow the completion of the task that `started_event_id` started, in the same words. In a history that this SDK
// had no part in, an activity has the id of its event, as if this SDK had scheduled it: every SDK numbers in its own way.
[[nodiscard]] std::vector<std::string> recorded_commands(const api::History& history, std::int64_t started_event_id);

// The commands of an answer; a failed task is the one line "WorkflowTaskFailed(CAUSE: message)", and what is no answer to a task a line,
// too.
[[nodiscard]] std::vector<std::string> commands_of(const RunRequest& request);

// What a query got: "answered: <data of the payload>", or "failed: <message>".
[[nodiscard]] std::string outcome_of(const core::QueryAnswer& answer);

// Ids of the started events of the tasks that a worker completed, or holds when the history ends.
[[nodiscard]] std::vector<std::int64_t> workflow_tasks(const api::History& history);

}  // namespace lifecycle::test
