#include "history/history_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace lifecycle::history {
namespace {

using namespace temporal::api::enums::v1;  // NOLINT(google-build-using-namespace): event types only, in this file only

// True when a WorkflowTaskStarted that is followed by `next` was never completed, so that the code's view of it did not last.
bool undoes_started_task(api::EventType next) {
  switch (next) {
    case EVENT_TYPE_WORKFLOW_TASK_FAILED:
    case EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
    case EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
    case EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
      return true;
    default:
      return false;
  }
}

// How the WorkflowTaskStarted at `index` relates to the logical task that is being read.
enum class Boundary : std::uint8_t { kEnds, kGoesOn, kUnknown };

Boundary boundary_at(std::span<const api::HistoryEvent* const> events, std::size_t index, bool complete, bool saw_command_event) {
  const Boundary at_the_end = complete ? Boundary::kEnds : Boundary::kUnknown;
  if (index + 1 == events.size()) {
    return at_the_end;
  }
  const api::EventType following = events[index + 1]->event_type();
  if (undoes_started_task(following)) {
    return Boundary::kGoesOn;
  }
  if (following != EVENT_TYPE_WORKFLOW_TASK_COMPLETED || saw_command_event) {
    return Boundary::kEnds;
  }
  if (index + 2 == events.size()) {
    return at_the_end;
  }
  // Completed with no command and scheduled again at once: a heartbeat, of which the code saw nothing.
  return events[index + 2]->event_type() == EVENT_TYPE_WORKFLOW_TASK_SCHEDULED ? Boundary::kGoesOn : Boundary::kEnds;
}

using Events = std::span<const api::HistoryEvent* const>;

// The command events that follow the completion of the task started by the event at `started`; nothing when the next page may hold more.
std::optional<Events> answer_after(Events events, std::size_t started, bool complete) {
  const std::size_t first = started + 2;
  if (events.size() < first) {
    return complete ? std::optional(Events()) : std::nullopt;
  }
  if (events[started + 1]->event_type() != EVENT_TYPE_WORKFLOW_TASK_COMPLETED) {
    return Events();
  }
  std::size_t end = first;
  while (end < events.size() && is_command_event(events[end]->event_type())) {
    ++end;
  }
  const bool all_there = complete || end < events.size() || is_final_event(events[end - 1]->event_type());
  return all_there ? std::optional(events.subspan(first, end - first)) : std::nullopt;
}

}  // namespace

bool is_command_event(api::EventType type) {
  switch (type) {
    case EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
    case EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
    case EVENT_TYPE_TIMER_STARTED:
    case EVENT_TYPE_TIMER_CANCELED:
    case EVENT_TYPE_MARKER_RECORDED:
    case EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
    case EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
    case EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
    case EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
    case EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
    case EVENT_TYPE_NEXUS_OPERATION_SCHEDULED:
    case EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
      return true;
    default:
      return false;
  }
}

bool is_final_event(api::EventType type) {
  switch (type) {
    case EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
    case EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
      return true;
    default:
      return false;
  }
}

std::string event_name(api::EventType type) {
  constexpr std::string_view kPrefix = "EVENT_TYPE_";
  std::string_view text = EventType_Name(type);
  if (!text.starts_with(kPrefix)) {
    return fmt::format("event of type {}", static_cast<int>(type));
  }
  text.remove_prefix(kPrefix.size());
  std::string name;
  bool word_start = true;
  for (const char letter : text) {
    if (letter != '_') {
      name += word_start || letter < 'A' || letter > 'Z' ? letter : static_cast<char>(letter - 'A' + 'a');
    }
    word_start = letter == '_';
  }
  return name;
}

Result<void> HistoryReader::add_page(const std::shared_ptr<const api::History>& page, bool is_last) {
  complete_ = is_last;
  return append(page, 0);
}

Result<void> HistoryReader::add_tail(const std::shared_ptr<const api::History>& page) {
  complete_ = true;
  return append(page, last_event_id_);
}

Result<void> HistoryReader::append(const std::shared_ptr<const api::History>& page, std::int64_t skip_up_to) {
  std::size_t added = 0;
  for (const api::HistoryEvent& event : page->events()) {
    if (event.event_id() <= skip_up_to) {
      continue;
    }
    const std::int64_t expected = last_event_id_ + 1;
    if (event.event_id() > expected) {
      return fail(ErrorCode::kDataLoss, expected == event.event_id() - 1
                                            ? fmt::format("history lacks event {}", expected)
                                            : fmt::format("history lacks events {} to {}", expected, event.event_id() - 1));
    }
    if (event.event_id() < expected) {
      return fail(ErrorCode::kDataLoss, fmt::format("history has event {} ({}) after event {}", event.event_id(),
                                                    event_name(event.event_type()), last_event_id_));
    }
    events_.push_back(&event);
    last_event_id_ = event.event_id();
    ++added;
  }
  if (added > 0) {
    pages_.push_back({.history = page, .events_left = added});
  }
  return {};
}

void HistoryReader::continue_after(std::int64_t last_applied_event_id) {
  pages_.clear();
  events_.clear();
  consumed_ = accounted_ = 0;
  last_event_id_ = last_applied_event_id;
  complete_ = false;
}

void HistoryReader::drop_consumed() {
  // A page goes as soon as its last event has been seen; the list of events is cut when half of it is behind, so that the cost of a task
  // does not grow with the history.
  std::size_t seen = consumed_ - std::exchange(accounted_, consumed_);
  auto page = pages_.begin();
  for (; page != pages_.end() && seen >= page->events_left; ++page) {
    seen -= page->events_left;
  }
  if (page != pages_.end()) {
    page->events_left -= seen;
  }
  pages_.erase(pages_.begin(), page);
  constexpr std::size_t kCutFromEvents = 256;
  if (consumed_ == events_.size()) {
    std::vector<const api::HistoryEvent*>().swap(events_);  // a cached run waits for its next task, perhaps for months
    consumed_ = accounted_ = 0;
  } else if (consumed_ >= kCutFromEvents && consumed_ * 2 > events_.size()) {
    events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(consumed_));
    consumed_ = accounted_ = 0;
  }
}

HistoryReader::Next HistoryReader::next() {
  drop_consumed();
  if (consumed_ == events_.size()) {
    return complete_ ? Next(EndOfHistory{}) : Next(NeedPage{});
  }
  bool saw_command_event = false;
  std::size_t last = events_.size() - 1;
  bool found = false;
  for (std::size_t index = consumed_; index < events_.size() && !found; ++index) {
    const api::EventType type = events_[index]->event_type();
    saw_command_event = saw_command_event || is_command_event(type);
    if (is_final_event(type)) {
      found = true;
    } else if (type == EVENT_TYPE_WORKFLOW_TASK_STARTED) {
      const Boundary boundary = boundary_at(events_, index, complete_, saw_command_event);
      if (boundary == Boundary::kUnknown) {
        return NeedPage{};
      }
      found = boundary == Boundary::kEnds;
    }
    last = index;
  }
  if (!found && !complete_) {
    return NeedPage{};
  }
  LogicalTask task{.events = std::span(events_).subspan(consumed_, last + 1 - consumed_)};
  if (found && events_[last]->event_type() == EVENT_TYPE_WORKFLOW_TASK_STARTED) {
    const auto answer = answer_after(events_, last, complete_);
    if (!answer) {
      return NeedPage{};
    }
    task.started = events_[last];
    task.recorded_answer = *answer;
  }
  consumed_ = last + 1;
  return task;
}

}  // namespace lifecycle::history
