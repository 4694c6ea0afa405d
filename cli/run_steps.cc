#include "cli/run_steps.h"

#include <algorithm>
#include <utility>

#include "cli/failure_text.h"
#include "converter/payload.h"
#include "worker/contract.h"

namespace lifecycle::cli {

std::string_view name_of(StepStatus status) {
  switch (status) {
    case StepStatus::kPending:
      return "pending";
    case StepStatus::kCompleted:
      return "completed";
    case StepStatus::kFailed:
      return "failed";
    case StepStatus::kTimedOut:
      return "timed out";
    case StepStatus::kCancelled:
      return "cancelled";
  }
  std::unreachable();
}

void RunSteps::apply(const api::HistoryEvent& event) {
  const WallTime time = api::to_wall_time(event.event_time());
  switch (event.event_type()) {
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
      begin(event);
      break;
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
      add(event);
      break;
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_STARTED:
      start(event);
      break;
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
      complete(event);
      break;
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_FAILED: {
      const auto& failed = event.activity_task_failed_event_attributes();
      close(failed.scheduled_event_id(), StepStatus::kFailed, time, &failed.failure());
      break;
    }
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: {
      const auto& timed_out = event.activity_task_timed_out_event_attributes();
      close(timed_out.scheduled_event_id(), StepStatus::kTimedOut, time, &timed_out.failure());
      break;
    }
    case api::enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
      close(event.activity_task_canceled_event_attributes().scheduled_event_id(), StepStatus::kCancelled, time, nullptr);
      break;
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
      ended_ = time;
      break;
    default:
      break;
  }
}

void RunSteps::begin(const api::HistoryEvent& event) {
  began_ = api::to_wall_time(event.event_time());
  const auto& started = event.workflow_execution_started_event_attributes();
  if (started.workflow_type().name() != demo::kWorkflowType) {
    return;
  }
  if (const Result<demo::LifecycleInput> input = converter::from_payloads<demo::LifecycleInput>(&started.input())) {
    total_ = input->steps;
  }
}

void RunSteps::add(const api::HistoryEvent& event) {
  const auto& scheduled = event.activity_task_scheduled_event_attributes();
  StepRecord step{.step = static_cast<int>(steps_.size()),
                  .activity_type = scheduled.activity_type().name(),
                  .activity_id = scheduled.activity_id(),
                  .scheduled_event_id = event.event_id(),
                  .scheduled = api::to_wall_time(event.event_time())};
  if (step.activity_type == demo::kActivityType) {
    if (const Result<demo::StepInput> input = converter::from_payloads<demo::StepInput>(&scheduled.input())) {
      step.step = input->step;
    }
  }
  steps_.push_back(std::move(step));
}

void RunSteps::start(const api::HistoryEvent& event) {
  const auto& started = event.activity_task_started_event_attributes();
  if (StepRecord* step = find(started.scheduled_event_id())) {
    step->attempt = started.attempt();
    step->worker = parse_worker_identity(started.identity());
    step->version = step->worker.version;
    step->started = api::to_wall_time(event.event_time());
  }
}

void RunSteps::complete(const api::HistoryEvent& event) {
  const auto& completed = event.activity_task_completed_event_attributes();
  close(completed.scheduled_event_id(), StepStatus::kCompleted, api::to_wall_time(event.event_time()), nullptr);
  StepRecord* step = find(completed.scheduled_event_id());
  if (step == nullptr || step->activity_type != demo::kActivityType) {
    return;
  }
  const Result<demo::StepOutput> output = converter::from_payloads<demo::StepOutput>(&completed.result());
  if (output && !output->worker_version.empty()) {
    step->version = output->worker_version;
  }
}

void RunSteps::close(std::int64_t scheduled_event_id, StepStatus status, WallTime time, const api::Failure* failure) {
  StepRecord* step = find(scheduled_event_id);
  if (step == nullptr) {
    return;
  }
  step->status = status;
  step->closed = time;
  step->failure = failure != nullptr ? failure_text(*failure) : "";
  completed_ += status == StepStatus::kCompleted ? 1 : 0;
}

// From the end: what an event speaks of was scheduled a moment ago.
const StepRecord* RunSteps::find_by_event(std::int64_t scheduled_event_id) const {
  const auto found =
      std::find_if(steps_.rbegin(), steps_.rend(), [&](const StepRecord& step) { return step.scheduled_event_id == scheduled_event_id; });
  return found == steps_.rend() ? nullptr : &*found;
}

const StepRecord* RunSteps::find_by_id(std::string_view activity_id) const {
  const auto found = std::find_if(steps_.rbegin(), steps_.rend(), [&](const StepRecord& step) { return step.activity_id == activity_id; });
  return found == steps_.rend() ? nullptr : &*found;
}

StepRecord* RunSteps::find(std::int64_t scheduled_event_id) { return const_cast<StepRecord*>(find_by_event(scheduled_event_id)); }

std::vector<StepRecord> steps_of(const api::History& history) {
  RunSteps steps;
  for (const api::HistoryEvent& event : history.events()) {
    steps.apply(event);
  }
  return steps.all();
}

std::string_view version_text(const StepRecord& step) { return step.version.empty() ? std::string_view("?") : step.version; }

}  // namespace lifecycle::cli
