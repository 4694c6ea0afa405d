// A history as what happened to each thing in it: which events began, started and ended an activity, a timer, a workflow task.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/api.h"

namespace lifecycle::verify {

enum class OperationKind : std::uint8_t { kWorkflowTask, kActivity, kTimer, kChildWorkflow, kSignal, kCancelRequest };

// "workflow task", "activity" and so on, for messages.
[[nodiscard]] std::string name_of(OperationKind kind);

// The events of one thing, in the order of the history. They live as long as the history.
struct Operation {
  OperationKind kind = OperationKind::kActivity;
  const api::HistoryEvent* begun = nullptr;  // scheduled, initiated, or a timer's start
  std::vector<const api::HistoryEvent*> started;
  std::vector<const api::HistoryEvent*> ended;

  [[nodiscard]] bool completed() const;  // once, and with success
};

// What an event says about an operation that another event began.
struct Link {
  OperationKind kind = OperationKind::kActivity;
  bool is_end = false;
  std::int64_t begun_id = 0;
  std::int64_t started_id = 0;  // 0: the operation ended before it was started, or its kind is never started
};

// Nothing for events that begin something or stand alone.
[[nodiscard]] std::optional<Link> link_of(const api::HistoryEvent& event);

class HistoryIndex {
 public:
  // The history outlives the index.
  explicit HistoryIndex(const api::History& history);

  [[nodiscard]] const api::History& history() const { return history_; }
  // By the id of the event that began it. Events whose beginning is not there are in no operation.
  [[nodiscard]] const std::map<std::int64_t, Operation>& operations() const { return operations_; }
  [[nodiscard]] std::vector<const Operation*> all_of(OperationKind kind) const;
  // Null when no event has this id.
  [[nodiscard]] const api::HistoryEvent* find(std::int64_t event_id) const;

  // The attributes of event 1; null when the history does not begin at its beginning.
  [[nodiscard]] const api::history::WorkflowExecutionStartedEventAttributes* started() const;
  // The run's last event; null while the run is open.
  [[nodiscard]] const api::HistoryEvent* final_event() const { return final_event_; }
  [[nodiscard]] const std::string& workflow_type() const;

 private:
  const api::History& history_;
  std::map<std::int64_t, Operation> operations_;
  std::map<std::int64_t, const api::HistoryEvent*> events_;
  const api::HistoryEvent* final_event_ = nullptr;
};

}  // namespace lifecycle::verify
