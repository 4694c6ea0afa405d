// What the journal of faults says was done to the run's workers, against what history says they did.
#include <fmt/format.h>

#include <string_view>

#include "api/failure_types.h"
#include "history/history_reader.h"
#include "verify/rules.h"

namespace lifecycle::verify {
namespace {

// Of the worker that ended a task; empty for events that no worker causes, and for what a supervisor says in its dead worker's name.
std::string_view worker_of(const api::HistoryEvent& event) {
  if (event.has_workflow_task_completed_event_attributes()) {
    return event.workflow_task_completed_event_attributes().identity();
  }
  if (event.has_activity_task_failed_event_attributes()) {
    const auto& failed = event.activity_task_failed_event_attributes();
    return failed.failure().application_failure_info().type() == api::kWorkerDiedFailure ? std::string_view() : failed.identity();
  }
  return event.activity_task_completed_event_attributes().identity();
}

}  // namespace

void check_killed_worker(const Evidence& evidence, Findings& findings) {
  if (!evidence.has_journal || evidence.faults.empty()) {
    findings.not_applicable();
    return;
  }
  for (const Fault& fault : evidence.faults) {
    if (!fault.is_kill || fault.worker_identity.empty()) {
      continue;
    }
    if (!fault.proven) {
      findings.unknown(fmt::format("kill {} was not proven to have happened", fault.id));
      continue;
    }
    for (const api::HistoryEvent& event : evidence.history.history().events()) {
      if (worker_of(event) == fault.worker_identity && api::to_wall_time(event.event_time()) > fault.time + kClocksApartMax) {
        findings.broken({event.event_id()}, fmt::format("{} is of worker {}, which fault {} had killed before",
                                                        history::event_name(event.event_type()), fault.worker_identity, fault.id));
      }
    }
  }
}

}  // namespace lifecycle::verify
