// Whether the events are a history that a server can have written.
#include <fmt/format.h>

#include "history/history_reader.h"
#include "verify/rules.h"

namespace lifecycle::verify {
namespace {

std::string named(const api::HistoryEvent& event) {
  return fmt::format("{} (event {})", history::event_name(event.event_type()), event.event_id());
}

}  // namespace

void check_ended(const Evidence& evidence, Findings& findings) {
  if (evidence.history.final_event() == nullptr) {
    findings.unknown("the run is still open: verify it again when it has ended");
  }
}

void check_event_ids(const Evidence& evidence, Findings& findings) {
  std::int64_t expected = 1;
  for (const api::HistoryEvent& event : evidence.history.history().events()) {
    if (event.event_id() != expected) {
      findings.broken({event.event_id()}, fmt::format("event {} comes where {} belongs", event.event_id(), expected));
    }
    expected = event.event_id() + 1;
  }
}

void check_one_ending(const Evidence& evidence, Findings& findings) {
  const api::HistoryEvent* ended_by = nullptr;
  for (const api::HistoryEvent& event : evidence.history.history().events()) {
    if (event.has_workflow_execution_started_event_attributes() && event.event_id() != 1) {
      findings.broken({1, event.event_id()}, "the run begins a second time");
    }
    if (ended_by != nullptr) {
      findings.broken({ended_by->event_id(), event.event_id()},
                      fmt::format("{} follows the run's end, {}", named(event), named(*ended_by)));
    }
    ended_by = history::is_final_event(event.event_type()) ? &event : ended_by;
  }
}

void check_links(const Evidence& evidence, Findings& findings) {
  const auto& operations = evidence.history.operations();
  for (const api::HistoryEvent& event : evidence.history.history().events()) {
    const std::optional<Link> link = link_of(event);
    if (!link) {
      continue;
    }
    const auto operation = operations.find(link->begun_id);
    if (operation == operations.end() || operation->second.kind != link->kind || link->begun_id >= event.event_id()) {
      findings.broken({event.event_id()},
                      fmt::format("{} is of the {} of event {}, and there is none", named(event), name_of(link->kind), link->begun_id));
      continue;
    }
    const auto is_start = [&](const api::HistoryEvent* start) { return start->event_id() == link->started_id; };
    if (link->started_id != 0 && std::ranges::none_of(operation->second.started, is_start)) {
      findings.broken({event.event_id()}, fmt::format("{} is of a start at event {}, and there is none", named(event), link->started_id));
    }
  }
}

// Of one operation only: events of different ones may have times that go back, because the server writes an activity's start when it ends,
// and holds events back while a workflow task runs.
void check_cause_first(const Evidence& evidence, Findings& findings) {
  for (const auto& [id, operation] : evidence.history.operations()) {
    const api::HistoryEvent* before = operation.begun;
    for (const auto* events : {&operation.started, &operation.ended}) {
      for (const api::HistoryEvent* event : *events) {
        if (api::to_wall_time(event->event_time()) < api::to_wall_time(before->event_time())) {
          findings.broken({before->event_id(), event->event_id()}, fmt::format("{} is earlier than {}", named(*event), named(*before)));
        }
        before = event;
      }
    }
  }
}

}  // namespace lifecycle::verify
