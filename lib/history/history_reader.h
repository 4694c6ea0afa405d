// Reads a history as its logical workflow tasks: what one run of the workflow's code saw at once when the history was written.
//
// The server's events are finer than that. A workflow task that failed or timed out left no trace in the code, and one that was completed
// only to be followed by another at once (a heartbeat) showed the code nothing new; both belong to the task that follows them. Replaying
// with other boundaries than the original run's gives the code another time, another order of jobs, and in the end other commands.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "api/api.h"
#include "base/error.h"

namespace lifecycle::history {

// True for the events that a command of the workflow's code causes: after each completed workflow task they come first, in the
// commands' order.
[[nodiscard]] bool is_command_event(api::EventType type);

// True for the events after which a run has no further ones.
[[nodiscard]] bool is_final_event(api::EventType type);

// "ActivityTaskScheduled" for EVENT_TYPE_ACTIVITY_TASK_SCHEDULED.
[[nodiscard]] std::string event_name(api::EventType type);

// Events of one logical workflow task, in order. It ends with the WorkflowTaskStarted that hands it to the code (`started`), with the final
// event of the run, or, as the last piece of a history, wherever the history ends; `started` is null in the last two cases.
//
// `recorded_answer` are the command events that the code's answer to `started` became, as far as history holds them: events of the next
// task, shown early because the code must know which of its patches it took then.
struct LogicalTask {
  std::span<const api::HistoryEvent* const> events;
  const api::HistoryEvent* started = nullptr;
  std::span<const api::HistoryEvent* const> recorded_answer = {};
};

struct NeedPage {};      // the task or its recorded answer is not all there yet
struct EndOfHistory {};  // everything has been handed out

class HistoryReader {
 public:
  using Next = std::variant<LogicalTask, NeedPage, EndOfHistory>;

  // Appends events. Their ids must go on where the last page ended: kDataLoss names what is missing, repeated or out of order, and the
  // reader is then useless. `is_last` says that the history has no further page.
  [[nodiscard]] Result<void> add_page(const std::shared_ptr<const api::History>& page, bool is_last);

  // Appends those events of `page` that come after what is there, and takes the history as complete. A workflow task carries events that
  // are not yet stored when its history is fetched: transient and speculative ones.
  [[nodiscard]] Result<void> add_tail(const std::shared_ptr<const api::History>& page);

  // The next logical task. Its events live until the call after this one.
  [[nodiscard]] Next next();

  // Id of the newest event that was added, 0 when there is none.
  [[nodiscard]] std::int64_t last_event_id() const { return last_event_id_; }
  // Makes the reader expect `event_id` as the first event: for a run whose earlier events have been applied and dropped.
  void continue_after(std::int64_t last_applied_event_id);

 private:
  [[nodiscard]] Result<void> append(const std::shared_ptr<const api::History>& page, std::int64_t skip_up_to);
  void drop_consumed();

  struct Page {
    std::shared_ptr<const api::History> history;
    std::size_t events_left;  // not yet consumed
  };
  std::vector<Page> pages_;                       // keep the events alive
  std::vector<const api::HistoryEvent*> events_;  // of all pages, from the oldest that is not dropped
  std::size_t accounted_ = 0;                     // how many of the consumed events are no longer counted in pages_
  std::size_t consumed_ = 0;                      // index into events_ after the last task handed out
  std::int64_t last_event_id_ = 0;
  bool complete_ = false;
};

}  // namespace lifecycle::history
