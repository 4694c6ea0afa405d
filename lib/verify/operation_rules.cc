// What happens to each thing that a run begins: it starts and ends once, and is tried again for a reason.
#include <fmt/format.h>

#include <algorithm>

#include "history/history_reader.h"
#include "verify/rules.h"

namespace lifecycle::verify {
namespace {

std::vector<std::int64_t> ids_of(const std::vector<const api::HistoryEvent*>& events) {
  std::vector<std::int64_t> ids;
  for (const api::HistoryEvent* event : events) {
    ids.push_back(event->event_id());
  }
  return ids;
}

// "activity ProcessStep (event 5)".
std::string named(const Operation& operation) {
  const std::string type = operation.kind == OperationKind::kActivity
                               ? " " + operation.begun->activity_task_scheduled_event_attributes().activity_type().name()
                               : "";
  return fmt::format("{}{} (event {})", name_of(operation.kind), type, operation.begun->event_id());
}

void check_attempt(const Operation& activity, const api::HistoryEvent& event, Findings& findings) {
  const auto& started = event.activity_task_started_event_attributes();
  const auto& policy = activity.begun->activity_task_scheduled_event_attributes().retry_policy();
  if (started.attempt() <= 1) {
    return;
  }
  const std::string which = fmt::format("{}: attempt {}", named(activity), started.attempt());
  if (!started.has_last_failure()) {
    findings.broken({event.event_id()}, which + " began, and no failure of the attempt before it is recorded");
    return;
  }
  if (policy.maximum_attempts() > 0 && started.attempt() > policy.maximum_attempts()) {
    findings.broken({event.event_id()}, fmt::format("{} began, and {} are allowed", which, policy.maximum_attempts()));
  }
  const auto& failure = started.last_failure().application_failure_info();
  const auto& final_types = policy.non_retryable_error_types();
  if (failure.non_retryable() || (!failure.type().empty() && std::ranges::find(final_types, failure.type()) != final_types.end())) {
    findings.broken({event.event_id()},
                    fmt::format("{} began after a failure that may not be retried: {}", which, started.last_failure().message()));
  }
}

}  // namespace

void check_starts_once(const Evidence& evidence, Findings& findings) {
  for (const auto& [id, operation] : evidence.history.operations()) {
    if (operation.started.size() > 1) {
      findings.broken(ids_of(operation.started), fmt::format("{} was started {} times", named(operation), operation.started.size()));
    }
  }
}

void check_ends_once(const Evidence& evidence, Findings& findings) {
  for (const auto& [id, operation] : evidence.history.operations()) {
    if (operation.ended.size() > 1) {
      findings.broken(ids_of(operation.ended), fmt::format("{} ended {} times", named(operation), operation.ended.size()));
    }
  }
}

void check_retries(const Evidence& evidence, Findings& findings) {
  for (const Operation* activity : evidence.history.all_of(OperationKind::kActivity)) {
    for (const api::HistoryEvent* event : activity->started) {
      check_attempt(*activity, *event, findings);
    }
    if (activity->ended.empty() || activity->started.empty()) {
      continue;
    }
    const api::HistoryEvent& end = *activity->ended.back();
    const std::int32_t attempt = activity->started.back()->activity_task_started_event_attributes().attempt();
    const std::int32_t allowed = activity->begun->activity_task_scheduled_event_attributes().retry_policy().maximum_attempts();
    if (end.activity_task_failed_event_attributes().retry_state() == api::enums::RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED &&
        attempt < allowed) {
      findings.broken({end.event_id()},
                      fmt::format("{} was given up after attempt {} as if it were the last of {}", named(*activity), attempt, allowed));
    }
  }
}

void check_workflow_task_retries(const Evidence& evidence, Findings& findings) {
  const Operation* before = nullptr;
  for (const Operation* task : evidence.history.all_of(OperationKind::kWorkflowTask)) {
    const std::int32_t attempt = task->begun->workflow_task_scheduled_event_attributes().attempt();
    if (before != nullptr && before->ended.empty()) {
      findings.broken({before->begun->event_id(), task->begun->event_id()},
                      fmt::format("{} was scheduled before the end of the {}", named(*task), named(*before)));
    } else if (attempt > 1 && (before == nullptr || before->completed())) {
      findings.broken({task->begun->event_id()}, fmt::format("{} is attempt {}, and none before it failed", named(*task), attempt));
    }
    before = task;
  }
}

void check_determinism(const Evidence& evidence, Findings& findings) {
  for (const api::HistoryEvent& event : evidence.history.history().events()) {
    const auto& failed = event.workflow_task_failed_event_attributes();
    if (failed.cause() == api::enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR) {
      findings.broken({event.event_id()},
                      fmt::format("the code of worker {} did not fit the history: {}", failed.identity(), failed.failure().message()));
    }
  }
}

}  // namespace lifecycle::verify
