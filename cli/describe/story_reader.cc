#include "cli/describe/story_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/describe/markers.h"
#include "cli/failure_text.h"
#include "converter/payload.h"
#include "worker/contract.h"

namespace lifecycle::cli {
namespace {

namespace enums = temporal::api::enums::v1;

std::string text_of(const api::Payload& payload) {
  const Result<std::string> text = converter::from_payload<std::string>(payload);
  return text ? *text : "";
}

SpanStatus span_status_of(StepStatus status) {
  switch (status) {
    case StepStatus::kPending:
      return SpanStatus::kScheduled;
    case StepStatus::kCompleted:
      return SpanStatus::kCompleted;
    case StepStatus::kFailed:
      return SpanStatus::kFailed;
    case StepStatus::kTimedOut:
      return SpanStatus::kTimedOut;
    case StepStatus::kCancelled:
      return SpanStatus::kCancelled;
  }
  std::unreachable();
}

std::string version_of(const api::history::WorkflowTaskCompletedEventAttributes& completed, const WorkerIdentity& worker) {
  return completed.has_deployment_version() ? completed.deployment_version().build_id() : worker.version;
}

}  // namespace

void StoryReader::apply(const api::HistoryEvent& event) {
  ++story_.event_count;
  steps_.apply(event);
  if (!apply_run(event) && !apply_workflow_task(event) && !apply_activity(event) && !apply_timer(event) && !apply_child(event) &&
      !apply_nexus(event) && !apply_update(event)) {
    apply_mark(event);
  }
}

// --- the run

bool StoryReader::apply_run(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
      begin(event);
      return true;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: {
      const auto& completed = event.workflow_execution_completed_event_attributes();
      story_.result = completed.result();
      end(event, enums::WORKFLOW_EXECUTION_STATUS_COMPLETED, completed.new_execution_run_id());
      return true;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: {
      const auto& failed = event.workflow_execution_failed_event_attributes();
      story_.failure = failed.failure();
      end(event, enums::WORKFLOW_EXECUTION_STATUS_FAILED, failed.new_execution_run_id());
      return true;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
      end(event, enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT, event.workflow_execution_timed_out_event_attributes().new_execution_run_id());
      return true;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
      end(event, enums::WORKFLOW_EXECUTION_STATUS_CANCELED, "");
      return true;
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: {
      const auto& terminated = event.workflow_execution_terminated_event_attributes();
      story_.ended_by =
          terminated.identity().empty() ? terminated.reason() : fmt::format("{} (by {})", terminated.reason(), terminated.identity());
      end(event, enums::WORKFLOW_EXECUTION_STATUS_TERMINATED, "");
      return true;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
      end(event, enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
          event.workflow_execution_continued_as_new_event_attributes().new_execution_run_id());
      return true;
    default:
      return false;
  }
}

void StoryReader::begin(const api::HistoryEvent& event) {
  const auto& started = event.workflow_execution_started_event_attributes();
  story_.complete = true;
  story_.began = api::to_wall_time(event.event_time());
  story_.status = enums::WORKFLOW_EXECUTION_STATUS_RUNNING;
  story_.workflow_id = started.workflow_id();
  story_.run_id = started.original_execution_run_id();
  story_.workflow_type = started.workflow_type().name();
  story_.task_queue = started.task_queue().name();
  story_.continued_from_run = started.continued_execution_run_id();
  story_.parent_workflow_id = started.parent_workflow_execution().workflow_id();
}

void StoryReader::end(const api::HistoryEvent& event, WorkflowStatus status, const std::string& next_run_id) {
  story_.status = status;
  story_.ended = api::to_wall_time(event.event_time());
  story_.continued_to_run = next_run_id;
}

// --- workflow tasks

bool StoryReader::apply_workflow_task(const api::HistoryEvent& event) {
  const WallTime time = api::to_wall_time(event.event_time());
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED: {
      const auto& scheduled = event.workflow_task_scheduled_event_attributes();
      story_.workflow_tasks.push_back({.scheduled_event_id = event.event_id(),
                                       .scheduled = time,
                                       .attempt = std::max(scheduled.attempt(), 1),
                                       .sticky = scheduled.task_queue().kind() == enums::TASK_QUEUE_KIND_STICKY});
      return true;
    }
    case enums::EVENT_TYPE_WORKFLOW_TASK_STARTED: {
      const auto& started = event.workflow_task_started_event_attributes();
      WorkflowTask& begun = task(event, started.scheduled_event_id());
      begun.status = TaskStatus::kStarted;
      begun.started = time;
      begun.worker = parse_worker_identity(started.identity());
      begun.version = begun.worker.version;
      return true;
    }
    case enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED: {
      const auto& completed = event.workflow_task_completed_event_attributes();
      WorkflowTask& done = task(event, completed.scheduled_event_id());
      done.status = TaskStatus::kCompleted;
      done.closed = time;
      done.worker = completed.identity().empty() ? done.worker : parse_worker_identity(completed.identity());
      done.version = version_of(completed, done.worker);
      done.deployment = completed.deployment_version().deployment_name();
      done.behavior = behavior_name(completed.versioning_behavior());
      if (!done.version.empty() && !last_version_.empty() && done.version != last_version_) {
        mark(event, MarkKind::kVersionChange, fmt::format("{} -> {}", last_version_, done.version));
      }
      last_version_ = done.version.empty() ? last_version_ : done.version;
      return true;
    }
    case enums::EVENT_TYPE_WORKFLOW_TASK_FAILED: {
      const auto& failed = event.workflow_task_failed_event_attributes();
      WorkflowTask& over = task(event, failed.scheduled_event_id());
      over.status = TaskStatus::kFailed;
      over.closed = time;
      over.cause = failed.cause();
      over.failure = failure_text(failed.failure());
      if (!failed.identity().empty()) {
        over.worker = parse_worker_identity(failed.identity());
        over.version = over.worker.version;
      }
      if (failed.cause() == enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW) {
        mark(event, MarkKind::kReset, fmt::format("from run {}", failed.base_run_id()), failed.identity());
      }
      return true;
    }
    case enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT: {
      const auto& timed_out = event.workflow_task_timed_out_event_attributes();
      WorkflowTask& over = task(event, timed_out.scheduled_event_id());
      over.status = TaskStatus::kTimedOut;
      over.closed = time;
      over.nobody_took_it = timed_out.timeout_type() == enums::TIMEOUT_TYPE_SCHEDULE_TO_START;
      over.failure = over.nobody_took_it ? "schedule-to-start time-out: no worker took the task in time"
                                         : "start-to-close time-out: the worker did not answer in time";
      return true;
    }
    default:
      return false;
  }
}

// The last one, which is the only one that can be open; or one that history does not hold the beginning of.
WorkflowTask& StoryReader::task(const api::HistoryEvent& event, std::int64_t scheduled_event_id) {
  if (story_.workflow_tasks.empty() || story_.workflow_tasks.back().scheduled_event_id != scheduled_event_id) {
    story_.workflow_tasks.push_back({.scheduled_event_id = scheduled_event_id, .scheduled = api::to_wall_time(event.event_time())});
  }
  return story_.workflow_tasks.back();
}

// --- spans

Span& StoryReader::add(const api::HistoryEvent& event, SpanKind kind, std::string id, std::string type) {
  spans_by_event_.emplace(event.event_id(), story_.spans.size());
  return story_.spans.emplace_back(Span{.kind = kind,
                                        .event_id = event.event_id(),
                                        .id = std::move(id),
                                        .type = std::move(type),
                                        .summary = text_of(event.user_metadata().summary()),
                                        .scheduled = api::to_wall_time(event.event_time())});
}

Span* StoryReader::find(std::int64_t event_id) {
  const auto found = spans_by_event_.find(event_id);
  return found == spans_by_event_.end() ? nullptr : &story_.spans[found->second];
}

void StoryReader::close(std::int64_t event_id, const api::HistoryEvent& event, SpanStatus status, const api::Failure* failure) {
  if (Span* const span = find(event_id)) {
    span->status = status;
    span->closed = api::to_wall_time(event.event_time());
    span->failure = failure == nullptr ? "" : failure_text(*failure);
    span->lost = failure != nullptr && failure->has_timeout_failure_info();
  }
}

// What RunSteps reads of an activity is taken over in finish(); here is what it does not.
bool StoryReader::apply_activity(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: {
      const auto& scheduled = event.activity_task_scheduled_event_attributes();
      add(event, SpanKind::kActivity, scheduled.activity_id(), scheduled.activity_type().name());
      return true;
    }
    case enums::EVENT_TYPE_ACTIVITY_TASK_STARTED: {
      const auto& started = event.activity_task_started_event_attributes();
      if (Span* const span = find(started.scheduled_event_id()); span != nullptr && started.has_last_failure()) {
        span->failure = failure_text(started.last_failure());
        span->lost = started.last_failure().has_timeout_failure_info();
      }
      return true;
    }
    case enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
      if (Span* const span = find(event.activity_task_timed_out_event_attributes().scheduled_event_id())) {
        span->lost = true;
      }
      return true;
    case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
    case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
      return true;
    default:
      return false;
  }
}

void StoryReader::finish() {
  for (const StepRecord& step : steps_.all()) {
    Span* const span = find(step.scheduled_event_id);
    if (span == nullptr) {
      continue;
    }
    span->step = step.activity_type == demo::kActivityType ? std::optional(step.step) : std::nullopt;
    span->status = span_status_of(step.status);
    span->worker = step.worker;
    span->version = step.version;
    span->attempt = step.attempt;
    const bool taken = !step.worker.text.empty() || step.started != WallTime();
    span->started = taken ? std::optional(step.started) : std::nullopt;
    if (step.status != StepStatus::kPending) {
      span->closed = step.closed;
      span->failure = step.failure.empty() ? span->failure : step.failure;
    } else if (taken) {
      span->status = SpanStatus::kRunning;  // an activity without retries writes its start at once
    }
  }
}

bool StoryReader::apply_timer(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_TIMER_STARTED: {
      const auto& started = event.timer_started_event_attributes();
      Span& timer = add(event, SpanKind::kTimer, started.timer_id(), "");
      timer.status = SpanStatus::kRunning;
      timer.started = timer.scheduled;
      timer.timer = api::to_duration(started.start_to_fire_timeout());
      return true;
    }
    case enums::EVENT_TYPE_TIMER_FIRED:
      close(event.timer_fired_event_attributes().started_event_id(), event, SpanStatus::kCompleted);
      return true;
    case enums::EVENT_TYPE_TIMER_CANCELED:
      close(event.timer_canceled_event_attributes().started_event_id(), event, SpanStatus::kCancelled);
      return true;
    default:
      return false;
  }
}

bool StoryReader::apply_child(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: {
      const auto& initiated = event.start_child_workflow_execution_initiated_event_attributes();
      add(event, SpanKind::kChildWorkflow, initiated.workflow_id(), initiated.workflow_type().name());
      return true;
    }
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED: {
      const auto& failed = event.start_child_workflow_execution_failed_event_attributes();
      close(failed.initiated_event_id(), event, SpanStatus::kFailed);
      if (Span* const child = find(failed.initiated_event_id())) {
        child->failure = "it could not be started: a workflow with this id exists, or the namespace is not there";
      }
      return true;
    }
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
      if (Span* const child = find(event.child_workflow_execution_started_event_attributes().initiated_event_id())) {
        child->status = SpanStatus::kRunning;
        child->started = api::to_wall_time(event.event_time());
      }
      return true;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
      close(event.child_workflow_execution_completed_event_attributes().initiated_event_id(), event, SpanStatus::kCompleted);
      return true;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED: {
      const auto& failed = event.child_workflow_execution_failed_event_attributes();
      close(failed.initiated_event_id(), event, SpanStatus::kFailed, &failed.failure());
      return true;
    }
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
      close(event.child_workflow_execution_canceled_event_attributes().initiated_event_id(), event, SpanStatus::kCancelled);
      return true;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
      close(event.child_workflow_execution_timed_out_event_attributes().initiated_event_id(), event, SpanStatus::kTimedOut);
      return true;
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
      close(event.child_workflow_execution_terminated_event_attributes().initiated_event_id(), event, SpanStatus::kTerminated);
      return true;
    default:
      return false;
  }
}

bool StoryReader::apply_nexus(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED: {
      const auto& scheduled = event.nexus_operation_scheduled_event_attributes();
      add(event, SpanKind::kNexusOperation, scheduled.request_id(), fmt::format("{}.{}", scheduled.service(), scheduled.operation()));
      return true;
    }
    case enums::EVENT_TYPE_NEXUS_OPERATION_STARTED:
      if (Span* const operation = find(event.nexus_operation_started_event_attributes().scheduled_event_id())) {
        operation->status = SpanStatus::kRunning;
        operation->started = api::to_wall_time(event.event_time());
      }
      return true;
    case enums::EVENT_TYPE_NEXUS_OPERATION_COMPLETED:
      close(event.nexus_operation_completed_event_attributes().scheduled_event_id(), event, SpanStatus::kCompleted);
      return true;
    case enums::EVENT_TYPE_NEXUS_OPERATION_FAILED: {
      const auto& failed = event.nexus_operation_failed_event_attributes();
      close(failed.scheduled_event_id(), event, SpanStatus::kFailed, &failed.failure());
      return true;
    }
    case enums::EVENT_TYPE_NEXUS_OPERATION_CANCELED: {
      const auto& canceled = event.nexus_operation_canceled_event_attributes();
      close(canceled.scheduled_event_id(), event, SpanStatus::kCancelled, &canceled.failure());
      return true;
    }
    case enums::EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT: {
      const auto& timed_out = event.nexus_operation_timed_out_event_attributes();
      close(timed_out.scheduled_event_id(), event, SpanStatus::kTimedOut, &timed_out.failure());
      return true;
    }
    default:
      return false;
  }
}

bool StoryReader::apply_update(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: {
      const auto& request = event.workflow_execution_update_accepted_event_attributes().accepted_request();
      Span& update = add(event, SpanKind::kUpdate, request.meta().update_id(), request.input().name());
      update.status = SpanStatus::kRunning;
      update.started = update.scheduled;
      return true;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED: {
      const auto& completed = event.workflow_execution_update_completed_event_attributes();
      const bool failed = completed.outcome().has_failure();
      close(completed.accepted_event_id(), event, failed ? SpanStatus::kFailed : SpanStatus::kCompleted,
            failed ? &completed.outcome().failure() : nullptr);
      return true;
    }
    default:
      return false;
  }
}

// --- marks

void StoryReader::mark(const api::HistoryEvent& event, MarkKind kind, std::string text, std::string by) {
  story_.marks.push_back({.kind = kind,
                          .event_id = event.event_id(),
                          .time = api::to_wall_time(event.event_time()),
                          .text = std::move(text),
                          .by = std::move(by)});
}

void StoryReader::apply_mark(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: {
      const auto& signaled = event.workflow_execution_signaled_event_attributes();
      mark(event, MarkKind::kSignal, signaled.signal_name(), signaled.identity());
      break;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED: {
      const auto& requested = event.workflow_execution_cancel_requested_event_attributes();
      story_.cancel_requested = true;
      mark(event, MarkKind::kCancelRequested, requested.cause(), requested.identity());
      break;
    }
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: {
      const auto& initiated = event.signal_external_workflow_execution_initiated_event_attributes();
      mark(event, MarkKind::kSignalSent, fmt::format("{} to {}", initiated.signal_name(), initiated.workflow_execution().workflow_id()));
      break;
    }
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED: {
      const auto& initiated = event.request_cancel_external_workflow_execution_initiated_event_attributes();
      mark(event, MarkKind::kSignalSent, fmt::format("cancel request to {}", initiated.workflow_execution().workflow_id()));
      break;
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED: {
      const auto& updated = event.workflow_execution_options_updated_event_attributes();
      if (updated.unset_versioning_override() || updated.has_versioning_override()) {
        mark(event, MarkKind::kOptionsUpdated,
             updated.unset_versioning_override() ? "versioning override removed"
                                                 : "versioning: " + override_text(updated.versioning_override()),
             updated.identity());
      }
      break;
    }
    case enums::EVENT_TYPE_MARKER_RECORDED:
      apply_marker(event);
      break;
    default:
      break;
  }
}

// A local activity leaves nothing but a marker, which its workflow task records once it is over.
void StoryReader::apply_marker(const api::HistoryEvent& event) {
  const auto& recorded = event.marker_recorded_event_attributes();
  const MarkerText marker = read_marker(event);
  if (marker.kind != MarkerKind::kLocalActivity) {
    mark(event, marker.kind == MarkerKind::kPatch ? MarkKind::kPatch : MarkKind::kMarker, marker.name);
    return;
  }
  Span& local = add(event, SpanKind::kLocalActivity, marker.id, marker.name);
  local.attempt = std::max(marker.attempt, 1);
  close(event.event_id(), event, recorded.has_failure() ? SpanStatus::kFailed : SpanStatus::kCompleted,
        recorded.has_failure() ? &recorded.failure() : nullptr);
  if (!story_.workflow_tasks.empty()) {
    const WorkflowTask& recorder = story_.workflow_tasks.back();
    local.scheduled = recorder.started.value_or(recorder.scheduled);
    local.started = local.scheduled;
    local.worker = recorder.worker;
    local.version = recorder.version;
  }
}

// --- words

std::string cause_name(api::WorkflowTaskFailedCause cause) {
  std::string_view name = enums::WorkflowTaskFailedCause_Name(cause);
  constexpr std::string_view kPrefix = "WORKFLOW_TASK_FAILED_CAUSE_";
  name.remove_prefix(name.starts_with(kPrefix) ? kPrefix.size() : 0);
  std::string words;
  bool upper = true;
  for (const char letter : name) {
    if (letter != '_') {
      words += !upper && letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    upper = letter == '_';
  }
  return words;
}

std::string behavior_name(enums::VersioningBehavior behavior) {
  switch (behavior) {
    case enums::VERSIONING_BEHAVIOR_PINNED:
      return "pinned";
    case enums::VERSIONING_BEHAVIOR_AUTO_UPGRADE:
      return "auto-upgrade";
    default:
      return "";
  }
}

std::string override_text(const temporal::api::workflow::v1::VersioningOverride& versioning_override) {
  if (versioning_override.has_pinned()) {
    return "pinned to " + versioning_override.pinned().version().build_id();
  }
  if (versioning_override.has_one_time()) {
    return "moved once to " + versioning_override.one_time().target_deployment_version().build_id();
  }
  return versioning_override.auto_upgrade() ? "auto-upgrade" : "";
}

}  // namespace lifecycle::cli
