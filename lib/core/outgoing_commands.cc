// The part of WorkflowMachines that writes commands as the server wants them.
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "core/workflow_machines.h"

namespace lifecycle::core {
namespace {

using temporal::api::command::v1::ScheduleActivityTaskCommandAttributes;

void write(ScheduleActivityTaskCommandAttributes& out, ScheduleActivity& command, std::int64_t event_id, std::string_view task_queue) {
  // Generated ids are the id of the event that will record the activity, as the Go SDK's are, so that a run may move between the two.
  out.set_activity_id(command.activity_id.empty() ? std::to_string(event_id) : command.activity_id);
  out.mutable_activity_type()->set_name(command.activity_type);
  out.mutable_task_queue()->set_name(command.task_queue.empty() ? std::string(task_queue) : command.task_queue);
  if (command.input.payloads_size() > 0) {
    *out.mutable_input() = std::move(command.input);
  }
  if (command.schedule_to_close_timeout) {
    api::set(*out.mutable_schedule_to_close_timeout(), *command.schedule_to_close_timeout);
  }
  if (command.schedule_to_start_timeout) {
    api::set(*out.mutable_schedule_to_start_timeout(), *command.schedule_to_start_timeout);
  }
  if (command.start_to_close_timeout) {
    api::set(*out.mutable_start_to_close_timeout(), *command.start_to_close_timeout);
  }
  if (command.heartbeat_timeout) {
    api::set(*out.mutable_heartbeat_timeout(), *command.heartbeat_timeout);
  }
  if (command.retry_policy) {
    *out.mutable_retry_policy() = *command.retry_policy;
  }
}

}  // namespace

std::vector<api::Command> WorkflowMachines::take_commands(std::int64_t started_event_id) {
  std::vector<api::Command> commands;
  commands.reserve(pending_.size() - pending_front_);
  for (std::size_t index = pending_front_; index < pending_.size(); ++index) {
    PendingCommand& pending = pending_[index];
    if (pending.sent || std::holds_alternative<std::monostate>(pending.command)) {
      continue;
    }
    add_commands(pending, started_event_id, commands);
    pending.sent = true;
  }
  return commands;
}

void WorkflowMachines::add_commands(PendingCommand& pending, std::int64_t started_event_id, std::vector<api::Command>& commands) {
  if (const auto* patch = std::get_if<SetPatchMarker>(&pending.command)) {
    commands.push_back(record_marker_command({.patch_id = patch->patch_id, .deprecated = patch->deprecated}));
    if (std::optional<api::Command> upsert = upsert_change_versions_command(pending.change_versions)) {
      commands.push_back(*std::move(upsert));
    }
    return;
  }
  // The completion itself is the event after the started one, and the commands' events follow it in order.
  const auto event_id = started_event_id + 2 + static_cast<std::int64_t>(commands.size());
  commands.push_back(to_api(pending, event_id));
}

api::Command WorkflowMachines::to_api(PendingCommand& pending, std::int64_t event_id) {
  api::Command out;
  out.set_command_type(command_type(pending.command));
  if (auto* schedule = std::get_if<ScheduleActivity>(&pending.command)) {
    write(*out.mutable_schedule_activity_task_command_attributes(), *schedule, event_id, task_queue_);
  } else if (const auto* start = std::get_if<StartTimer>(&pending.command)) {
    auto& attributes = *out.mutable_start_timer_command_attributes();
    attributes.set_timer_id(std::to_string(event_id));
    api::set(*attributes.mutable_start_to_fire_timeout(), start->start_to_fire_timeout);
  } else if (std::holds_alternative<CancelActivity>(pending.command)) {
    out.mutable_request_cancel_activity_task_command_attributes()->set_scheduled_event_id(
        operations_.find(pending.seq)->initiated_event_id);
  } else if (std::holds_alternative<CancelTimer>(pending.command)) {
    out.mutable_cancel_timer_command_attributes()->set_timer_id(operations_.find(pending.seq)->id);
  } else if (auto* complete = std::get_if<CompleteWorkflowExecution>(&pending.command)) {
    *out.mutable_complete_workflow_execution_command_attributes()->mutable_result() = std::move(complete->result);
  } else if (auto* failed = std::get_if<FailWorkflowExecution>(&pending.command)) {
    *out.mutable_fail_workflow_execution_command_attributes()->mutable_failure() = std::move(failed->failure);
  } else if (auto* cancel = std::get_if<CancelWorkflowExecution>(&pending.command)) {
    *out.mutable_cancel_workflow_execution_command_attributes()->mutable_details() = std::move(cancel->details);
  } else if (auto* next = std::get_if<ContinueAsNewWorkflowExecution>(&pending.command)) {
    auto& attributes = *out.mutable_continue_as_new_workflow_execution_command_attributes();
    attributes.mutable_workflow_type()->set_name(next->workflow_type.empty() ? workflow_type_ : next->workflow_type);
    attributes.mutable_task_queue()->set_name(next->task_queue.empty() ? task_queue_ : next->task_queue);
    *attributes.mutable_input() = std::move(next->input);
  } else {
    die("a command of the code is of a known kind");
  }
  return out;
}

}  // namespace lifecycle::core
