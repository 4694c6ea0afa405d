// One run of a workflow as this worker knows it: history in, activations and answers out. No thread, clock, socket or log appears here;
// what the run needs next it returns, and whoever drives it (the worker, the replayer, a test) provides it.
//
//   RunStep step = run.on_workflow_task(task);
//   Activate        -> run the code, then step = run.on_completion(...)
//   FetchHistoryPage-> get that page, then step = run.on_history_page(...)
//   Respond...      -> tell the server; the task is done
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/activation.h"
#include "core/command.h"
#include "core/workflow_machines.h"
#include "history/history_reader.h"
#include "machines/query_machine.h"

namespace lifecycle::core {

// A workflow task as it was polled, or the history that a replayer reads.
struct WorkflowTask {
  std::shared_ptr<const api::History> history;      // may begin after event 1, for a run that should be cached here; may be empty
  std::string next_page_token;                      // of the pages that follow; empty when this is all
  std::int64_t started_event_id = 0;                // 0: the task only asks, or only replays; nothing may be commanded
  std::shared_ptr<const api::WorkflowQuery> query;  // a query as a task of its own
  std::vector<QueryWorkflow> queries;               // queries that came along; they view `keep_alive`
  std::shared_ptr<const void> keep_alive;
  bool replay_only = false;  // check the code against all of the history, answer nothing
};

// Type of the failure with which a task fails whose history cannot be: cut, gapped, or with events that do not fit each other. The code is
// not at fault then.
inline constexpr std::string_view kHistoryErrorType = "HistoryError";

// The code must run. The job InitializeWorkflow asks for a new instance of it; whatever ran before for this run is void.
struct Activate {
  WorkflowActivation activation;
};
// Get one page of the run's history; an empty token means from event 1.
struct FetchHistoryPage {
  std::string page_token;
};
struct RespondWorkflowTaskCompleted {
  std::vector<api::Command> commands;
  std::vector<QueryAnswer> queries;
  bool sign_with_sdk_name = false;       // the newest signature in history is another SDK's
  bool upserts_change_versions = false;  // must be declared with the answer, or SDKs built on Core could not replay it
};
// The run must be dropped from the cache with this.
struct RespondWorkflowTaskFailed {
  WorkflowTaskFailure failure;
};
struct RespondQuery {
  QueryAnswer answer;
  bool run_is_broken = false;  // drop it from the cache
};
struct ReplayFinished {
  bool closed = false;  // false: the history is still open, and fits so far
};

using RunStep =
    std::variant<Activate, FetchHistoryPage, RespondWorkflowTaskCompleted, RespondWorkflowTaskFailed, RespondQuery, ReplayFinished>;

class WorkflowRun {
 public:
  // Begins a task; the one before it must have been answered or dropped.
  [[nodiscard]] RunStep on_workflow_task(WorkflowTask task);
  // The page that FetchHistoryPage asked for; `next_page_token` is empty when it is the last.
  [[nodiscard]] RunStep on_history_page(const std::shared_ptr<const api::History>& page, std::string next_page_token);
  // What the code answered to Activate.
  [[nodiscard]] RunStep on_completion(WorkflowActivationCompletion completion);

  // True when the run has ended: nothing will come for it but queries.
  [[nodiscard]] bool closed() const { return machines_.closed(); }
  // True when the next task may bring only what happened since the last one.
  [[nodiscard]] bool has_state() const { return last_started_event_id_ > 0; }

 private:
  [[nodiscard]] RunStep advance();
  [[nodiscard]] RunStep restart_from_first_event();
  [[nodiscard]] RunStep after_adding(Result<void> added, bool is_last);
  [[nodiscard]] RunStep ask_queries();
  [[nodiscard]] RunStep respond();
  [[nodiscard]] RunStep fail_task(WorkflowTaskFailure failure);
  [[nodiscard]] RunStep fail_task(const Problem& problem);

  [[nodiscard]] std::vector<QueryAnswer> settle_queries(std::vector<QueryAnswer> answers);

  struct PendingQuery {
    QueryWorkflow query;
    machines::QueryMachine machine;
  };

  history::HistoryReader reader_;
  WorkflowMachines machines_;
  WorkflowTask task_;
  std::vector<PendingQuery> queries_;
  std::vector<QueryAnswer> answers_;
  WallTime now_{};
  std::int64_t last_started_event_id_ = 0;  // of the newest workflow task that the code has seen
  std::string next_page_token_;
  bool from_first_event_ = false;  // pages are being fetched anew; the task's own events are their tail
  bool fetched_again_ = false;
  bool asking_ = false;
};

}  // namespace lifecycle::core
