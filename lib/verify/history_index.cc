#include "verify/history_index.h"

#include <algorithm>
#include <utility>

#include "history/history_reader.h"

namespace lifecycle::verify {
namespace {

namespace enums = api::enums;

std::optional<OperationKind> kind_begun_by(api::EventType type) {
  switch (type) {
    case enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
      return OperationKind::kWorkflowTask;
    case enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
      return OperationKind::kActivity;
    case enums::EVENT_TYPE_TIMER_STARTED:
      return OperationKind::kTimer;
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
      return OperationKind::kChildWorkflow;
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
      return OperationKind::kSignal;
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
      return OperationKind::kCancelRequest;
    default:
      return std::nullopt;
  }
}

template <class Attributes>
Link scheduled(OperationKind kind, const Attributes& attributes) {
  return {.kind = kind, .is_end = true, .begun_id = attributes.scheduled_event_id(), .started_id = attributes.started_event_id()};
}

template <class Attributes>
Link initiated(OperationKind kind, const Attributes& attributes) {
  return {.kind = kind, .is_end = true, .begun_id = attributes.initiated_event_id()};
}

template <class Attributes>
Link child_closed(const Attributes& attributes) {
  return {.kind = OperationKind::kChildWorkflow,
          .is_end = true,
          .begun_id = attributes.initiated_event_id(),
          .started_id = attributes.started_event_id()};
}

std::optional<Link> child_link_of(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED:
      return Link{.kind = OperationKind::kChildWorkflow,
                  .begun_id = event.child_workflow_execution_started_event_attributes().initiated_event_id()};
    case enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED:
      return initiated(OperationKind::kChildWorkflow, event.start_child_workflow_execution_failed_event_attributes());
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
      return child_closed(event.child_workflow_execution_completed_event_attributes());
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED:
      return child_closed(event.child_workflow_execution_failed_event_attributes());
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED:
      return child_closed(event.child_workflow_execution_canceled_event_attributes());
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT:
      return child_closed(event.child_workflow_execution_timed_out_event_attributes());
    case enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED:
      return child_closed(event.child_workflow_execution_terminated_event_attributes());
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED:
      return initiated(OperationKind::kSignal, event.external_workflow_execution_signaled_event_attributes());
    case enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
      return initiated(OperationKind::kSignal, event.signal_external_workflow_execution_failed_event_attributes());
    case enums::EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      return initiated(OperationKind::kCancelRequest, event.external_workflow_execution_cancel_requested_event_attributes());
    case enums::EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED:
      return initiated(OperationKind::kCancelRequest, event.request_cancel_external_workflow_execution_failed_event_attributes());
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string name_of(OperationKind kind) {
  switch (kind) {
    case OperationKind::kWorkflowTask:
      return "workflow task";
    case OperationKind::kActivity:
      return "activity";
    case OperationKind::kTimer:
      return "timer";
    case OperationKind::kChildWorkflow:
      return "child workflow";
    case OperationKind::kSignal:
      return "signal to another workflow";
    case OperationKind::kCancelRequest:
      return "cancellation of another workflow";
  }
  std::unreachable();
}

bool Operation::completed() const {
  return ended.size() == 1 && (ended.front()->event_type() == enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED ||
                               ended.front()->event_type() == enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED ||
                               ended.front()->event_type() == enums::EVENT_TYPE_TIMER_FIRED ||
                               ended.front()->event_type() == enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED);
}

std::optional<Link> link_of(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_TASK_STARTED:
      return Link{.kind = OperationKind::kWorkflowTask, .begun_id = event.workflow_task_started_event_attributes().scheduled_event_id()};
    case enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
      return scheduled(OperationKind::kWorkflowTask, event.workflow_task_completed_event_attributes());
    case enums::EVENT_TYPE_WORKFLOW_TASK_FAILED:
      return scheduled(OperationKind::kWorkflowTask, event.workflow_task_failed_event_attributes());
    case enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
      return scheduled(OperationKind::kWorkflowTask, event.workflow_task_timed_out_event_attributes());
    case enums::EVENT_TYPE_ACTIVITY_TASK_STARTED:
      return Link{.kind = OperationKind::kActivity, .begun_id = event.activity_task_started_event_attributes().scheduled_event_id()};
    case enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
      return scheduled(OperationKind::kActivity, event.activity_task_completed_event_attributes());
    case enums::EVENT_TYPE_ACTIVITY_TASK_FAILED:
      return scheduled(OperationKind::kActivity, event.activity_task_failed_event_attributes());
    case enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
      return scheduled(OperationKind::kActivity, event.activity_task_timed_out_event_attributes());
    case enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED:
      return scheduled(OperationKind::kActivity, event.activity_task_canceled_event_attributes());
    case enums::EVENT_TYPE_TIMER_FIRED:
      return Link{.kind = OperationKind::kTimer, .is_end = true, .begun_id = event.timer_fired_event_attributes().started_event_id()};
    case enums::EVENT_TYPE_TIMER_CANCELED:
      return Link{.kind = OperationKind::kTimer, .is_end = true, .begun_id = event.timer_canceled_event_attributes().started_event_id()};
    default:
      return child_link_of(event);
  }
}

HistoryIndex::HistoryIndex(const api::History& history) : history_(history) {
  for (const api::HistoryEvent& event : history.events()) {
    events_.try_emplace(event.event_id(), &event);
    if (const auto kind = kind_begun_by(event.event_type())) {
      operations_.try_emplace(event.event_id(), Operation{.kind = *kind, .begun = &event});
    }
    if (history::is_final_event(event.event_type())) {
      final_event_ = &event;
    }
    const std::optional<Link> link = link_of(event);
    const auto operation = link ? operations_.find(link->begun_id) : operations_.end();
    if (operation != operations_.end() && operation->second.kind == link->kind) {
      (link->is_end ? operation->second.ended : operation->second.started).push_back(&event);
    }
  }
}

std::vector<const Operation*> HistoryIndex::all_of(OperationKind kind) const {
  std::vector<const Operation*> all;
  for (const auto& [id, operation] : operations_) {
    if (operation.kind == kind) {
      all.push_back(&operation);
    }
  }
  return all;
}

const api::HistoryEvent* HistoryIndex::find(std::int64_t event_id) const {
  const auto found = events_.find(event_id);
  return found == events_.end() ? nullptr : found->second;
}

const api::history::WorkflowExecutionStartedEventAttributes* HistoryIndex::started() const {
  const bool is_there = history_.events_size() > 0 && history_.events(0).event_id() == 1 &&
                        history_.events(0).has_workflow_execution_started_event_attributes();
  return is_there ? &history_.events(0).workflow_execution_started_event_attributes() : nullptr;
}

const std::string& HistoryIndex::workflow_type() const {
  return history_.events_size() > 0 ? history_.events(0).workflow_execution_started_event_attributes().workflow_type().name()
                                    : api::history::WorkflowExecutionStartedEventAttributes::default_instance().identity();
}

}  // namespace lifecycle::verify
