#include "core/command.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/overloaded.h"
#include "core/patch_marker.h"
#include "history/history_reader.h"

namespace lifecycle::core {
namespace {

using namespace temporal::api::enums::v1;  // NOLINT(google-build-using-namespace): command and event types only, in this file only

// "ScheduleActivityTask" for COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK.
std::string_view command_name(api::CommandType type) {
  switch (type) {
    case COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK:
      return "ScheduleActivityTask";
    case COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK:
      return "RequestCancelActivityTask";
    case COMMAND_TYPE_START_TIMER:
      return "StartTimer";
    case COMMAND_TYPE_CANCEL_TIMER:
      return "CancelTimer";
    case COMMAND_TYPE_RECORD_MARKER:
      return "RecordMarker";
    case COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
      return "CompleteWorkflowExecution";
    case COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
      return "FailWorkflowExecution";
    case COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
      return "CancelWorkflowExecution";
    case COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
      return "ContinueAsNewWorkflowExecution";
    default:
      return "Unspecified";
  }
}

}  // namespace

api::CommandType command_type(const WorkflowCommand& command) {
  return std::visit(Overloaded{
                        [](const std::monostate&) { return COMMAND_TYPE_UNSPECIFIED; },
                        [](const ScheduleActivity&) { return COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK; },
                        [](const CancelActivity&) { return COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK; },
                        [](const StartTimer&) { return COMMAND_TYPE_START_TIMER; },
                        [](const CancelTimer&) { return COMMAND_TYPE_CANCEL_TIMER; },
                        [](const SetPatchMarker&) { return COMMAND_TYPE_RECORD_MARKER; },
                        [](const CompleteWorkflowExecution&) { return COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION; },
                        [](const FailWorkflowExecution&) { return COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION; },
                        [](const CancelWorkflowExecution&) { return COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION; },
                        [](const ContinueAsNewWorkflowExecution&) { return COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION; },
                    },
                    command);
}

api::EventType event_of(api::CommandType type) {
  switch (type) {
    case COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK:
      return EVENT_TYPE_ACTIVITY_TASK_SCHEDULED;
    case COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK:
      return EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED;
    case COMMAND_TYPE_START_TIMER:
      return EVENT_TYPE_TIMER_STARTED;
    case COMMAND_TYPE_CANCEL_TIMER:
      return EVENT_TYPE_TIMER_CANCELED;
    case COMMAND_TYPE_RECORD_MARKER:
      return EVENT_TYPE_MARKER_RECORDED;
    case COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
      return EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED;
    case COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
      return EVENT_TYPE_WORKFLOW_EXECUTION_FAILED;
    case COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
      return EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED;
    case COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
      return EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW;
    default:
      die("a command without an event");
  }
}

std::string describe(const WorkflowCommand& command) {
  const std::string_view name = command_name(command_type(command));
  if (const auto* activity = std::get_if<ScheduleActivity>(&command)) {
    return activity->activity_id.empty() ? fmt::format("{}({})", name, activity->activity_type)
                                         : fmt::format("{}({}, id {})", name, activity->activity_type, activity->activity_id);
  }
  if (const auto* patch = std::get_if<SetPatchMarker>(&command)) {
    return fmt::format("{}(patch '{}')", name, patch->patch_id);
  }
  return std::string(name);
}

std::string describe(const api::HistoryEvent& event) {
  std::string name = history::event_name(event.event_type());
  switch (event.event_type()) {
    case EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: {
      const auto& attributes = event.activity_task_scheduled_event_attributes();
      return fmt::format("{}({}, id {})", name, attributes.activity_type().name(), attributes.activity_id());
    }
    case EVENT_TYPE_TIMER_STARTED:
      return fmt::format("{}(id {})", name, event.timer_started_event_attributes().timer_id());
    case EVENT_TYPE_TIMER_CANCELED:
      return fmt::format("{}(id {})", name, event.timer_canceled_event_attributes().timer_id());
    case EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
      return fmt::format("{}(event {})", name, event.activity_task_cancel_requested_event_attributes().scheduled_event_id());
    case EVENT_TYPE_MARKER_RECORDED:
      if (const auto patch = is_patch_marker(event) ? read_patch_marker(event) : std::nullopt) {
        return fmt::format("{}({}patch '{}')", name, patch->deprecated ? "deprecated " : "", patch->patch_id);
      }
      return fmt::format("{}({})", name, event.marker_recorded_event_attributes().marker_name());
    case EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
      return fmt::format("{}({})", name, event.start_child_workflow_execution_initiated_event_attributes().workflow_type().name());
    default:
      return name;
  }
}

}  // namespace lifecycle::core
