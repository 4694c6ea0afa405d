#include "cli/run_changes.h"

#include <utility>

#include "cli/failure_text.h"
#include "worker/contract.h"

namespace lifecycle::cli {
namespace {

using temporal::api::workflow::v1::PendingActivityInfo;

RunChange step_change(ChangeKind kind, const StepRecord& step, WallTime time, int attempt, WorkerIdentity worker) {
  std::string version = worker.version;
  return {.kind = kind, .time = time, .step = step.step, .attempt = attempt, .worker = std::move(worker), .version = std::move(version)};
}

RunChange workflow_task_failed(WallTime time, const std::string& identity, std::string message) {
  WorkerIdentity worker = parse_worker_identity(identity);
  std::string version = worker.version;
  return {.kind = ChangeKind::kWorkflowTaskFailed,
          .time = time,
          .worker = std::move(worker),
          .version = std::move(version),
          .message = std::move(message)};
}

}  // namespace

bool is_running(const PendingActivityInfo& activity) {
  switch (activity.state()) {
    case api::enums::PENDING_ACTIVITY_STATE_STARTED:
    case api::enums::PENDING_ACTIVITY_STATE_PAUSE_REQUESTED:
      return true;
    case api::enums::PENDING_ACTIVITY_STATE_CANCEL_REQUESTED:
      return activity.has_last_started_time();
    default:
      return false;
  }
}

std::string_view name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kStepStarted:
      return "step_started";
    case ChangeKind::kStepRetrying:
      return "step_retrying";
    case ChangeKind::kStepCompleted:
      return "step_completed";
    case ChangeKind::kStepFailed:
      return "step_failed";
    case ChangeKind::kPaused:
      return "paused";
    case ChangeKind::kResumed:
      return "resumed";
    case ChangeKind::kCancelRequested:
      return "cancel_requested";
    case ChangeKind::kWorkflowTaskFailed:
      return "workflow_task_failed";
    case ChangeKind::kNoWorker:
      return "no_worker";
    case ChangeKind::kServerAway:
      return "server_away";
    case ChangeKind::kServerBack:
      return "server_back";
  }
  std::unreachable();
}

std::vector<RunChange> RunChanges::apply_history(const google::protobuf::RepeatedPtrField<api::HistoryEvent>& events) {
  std::vector<RunChange> changes;
  for (const api::HistoryEvent& event : events) {
    if (event.event_id() > last_event_id_) {
      last_event_id_ = event.event_id();
      steps_.apply(event);
      on_event(event, changes);
    }
  }
  return changes;
}

void RunChanges::on_event(const api::HistoryEvent& event, std::vector<RunChange>& changes) {
  const WallTime time = api::to_wall_time(event.event_time());
  switch (event.event_type()) {
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
      on_step_over(event.activity_task_completed_event_attributes().scheduled_event_id(), changes);
      break;
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
      on_step_over(event.activity_task_failed_event_attributes().scheduled_event_id(), changes);
      break;
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
      on_step_over(event.activity_task_timed_out_event_attributes().scheduled_event_id(), changes);
      break;
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
      on_step_over(event.activity_task_canceled_event_attributes().scheduled_event_id(), changes);
      break;
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
      on_signal(event, changes);
      break;
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      changes.push_back({.kind = ChangeKind::kCancelRequested, .time = time});
      break;
    case api::enums::EVENT_TYPE_WORKFLOW_TASK_STARTED:
      workflow_task_identity_ = event.workflow_task_started_event_attributes().identity();
      break;
    case api::enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
      // A task that nobody took in time only leaves the queue of a worker that has gone.
      if (event.workflow_task_timed_out_event_attributes().timeout_type() == api::enums::TIMEOUT_TYPE_START_TO_CLOSE) {
        changes.push_back(workflow_task_failed(time, workflow_task_identity_, "timed out: the worker took it and did not answer"));
      }
      break;
    case api::enums::EVENT_TYPE_WORKFLOW_TASK_FAILED: {
      const auto& failed = event.workflow_task_failed_event_attributes();
      changes.push_back(workflow_task_failed(time, failed.identity(), failure_text(failed.failure())));
      break;
    }
    default:
      break;
  }
}

void RunChanges::on_signal(const api::HistoryEvent& event, std::vector<RunChange>& changes) const {
  const std::string& name = event.workflow_execution_signaled_event_attributes().signal_name();
  const WallTime time = api::to_wall_time(event.event_time());
  if (name == demo::kPauseSignal) {
    changes.push_back({.kind = ChangeKind::kPaused, .time = time});
  } else if (name == demo::kResumeSignal) {
    changes.push_back({.kind = ChangeKind::kResumed, .time = time});
  }
}

void RunChanges::on_step_over(std::int64_t scheduled_event_id, std::vector<RunChange>& changes) {
  const StepRecord* step = steps_.find_by_event(scheduled_event_id);
  if (step == nullptr) {
    return;
  }
  // A step may be shorter than the time between two samples: its last attempt's start is told now, so that no step appears from nowhere.
  const bool ran = !step->worker.text.empty();
  if (ran && told_[scheduled_event_id].started_attempt < step->attempt) {
    RunChange started = step_change(ChangeKind::kStepStarted, *step, step->started, step->attempt, step->worker);
    started.version = step->version;
    changes.push_back(std::move(started));
  }
  const ChangeKind kind = step->status == StepStatus::kCompleted ? ChangeKind::kStepCompleted : ChangeKind::kStepFailed;
  RunChange over = step_change(kind, *step, step->closed, step->attempt, step->worker);
  over.version = step->version;
  over.message = step->status == StepStatus::kCancelled ? "cancelled" : step->failure;
  changes.push_back(std::move(over));
  told_.erase(scheduled_event_id);
}

std::vector<RunChange> RunChanges::apply_sample(const PendingActivities& activities, WallTime now) {
  std::vector<RunChange> changes;
  for (const PendingActivityInfo& activity : activities) {
    on_pending(activity, now, changes);
  }
  return changes;
}

void RunChanges::on_pending(const PendingActivityInfo& activity, WallTime now, std::vector<RunChange>& changes) {
  const StepRecord* step = steps_.find_by_id(activity.activity_id());
  if (step == nullptr || step->status != StepStatus::kPending) {
    return;  // not known yet, or over already: a sample may be older than the history beside it
  }
  Told& told = told_[step->scheduled_event_id];
  const bool running = is_running(activity);
  const int attempt = activity.attempt();
  const int failed_attempt = attempt - 1;
  if (failed_attempt > told.failed_attempt) {
    // The server names one worker: while the attempt waits, that is still the one before, and once it runs, the new one.
    WorkerIdentity worker = told.started_attempt == failed_attempt ? told.worker
                            : running                              ? WorkerIdentity{}
                                                                   : parse_worker_identity(activity.last_worker_identity());
    RunChange failed = step_change(ChangeKind::kStepRetrying, *step, now, failed_attempt, std::move(worker));
    failed.message = failure_text(activity.last_failure());
    changes.push_back(std::move(failed));
    told.failed_attempt = failed_attempt;
  }
  if (running && attempt > told.started_attempt) {
    told.started_attempt = attempt;
    told.worker = parse_worker_identity(activity.last_worker_identity());
    const WallTime started = activity.has_last_started_time() ? api::to_wall_time(activity.last_started_time()) : now;
    changes.push_back(step_change(ChangeKind::kStepStarted, *step, started, attempt, told.worker));
  }
}

}  // namespace lifecycle::cli
