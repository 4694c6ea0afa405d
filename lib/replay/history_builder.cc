#include "replay/history_builder.h"

#include <utility>

#include "core/patch_marker.h"

namespace lifecycle::replay {
namespace {

using namespace temporal::api::enums::v1;  // NOLINT(google-build-using-namespace): event types only, in this file only

}  // namespace

api::HistoryEvent& HistoryBuilder::add(api::EventType type) {
  const std::int64_t event_id = last_event_id() + 1;
  api::HistoryEvent& event = *history_.add_events();
  event.set_event_id(event_id);
  event.set_event_type(type);
  event.set_task_id(event_id);
  api::set(*event.mutable_event_time(), kBegin + (event_id - 1) * kBetweenEvents);
  return event;
}

std::int64_t HistoryBuilder::workflow_execution_started(std::string workflow_type, api::Payloads input) {
  workflow_type_ = std::move(workflow_type);
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_EXECUTION_STARTED).mutable_workflow_execution_started_event_attributes();
  attributes.mutable_workflow_type()->set_name(workflow_type_);
  attributes.mutable_task_queue()->set_name(std::string(kTaskQueue));
  attributes.set_workflow_id(std::string(kWorkflowId));
  attributes.set_original_execution_run_id(std::string(kRunId));
  attributes.set_first_execution_run_id(std::string(kRunId));
  attributes.set_attempt(1);
  if (input.payloads_size() > 0) {
    *attributes.mutable_input() = std::move(input);
  }
  return last_event_id();
}

std::int64_t HistoryBuilder::workflow_task_scheduled() {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_TASK_SCHEDULED).mutable_workflow_task_scheduled_event_attributes();
  attributes.mutable_task_queue()->set_name(std::string(kTaskQueue));
  attributes.set_attempt(1);
  return workflow_task_scheduled_id_ = last_event_id();
}

std::int64_t HistoryBuilder::workflow_task_started() {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_TASK_STARTED).mutable_workflow_task_started_event_attributes();
  attributes.set_scheduled_event_id(workflow_task_scheduled_id_);
  attributes.set_history_size_bytes(static_cast<std::int64_t>(history_.ByteSizeLong()));
  return workflow_task_started_id_ = last_event_id();
}

std::int64_t HistoryBuilder::workflow_task_completed(std::string_view sdk_name) {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_TASK_COMPLETED).mutable_workflow_task_completed_event_attributes();
  attributes.set_scheduled_event_id(workflow_task_scheduled_id_);
  attributes.set_started_event_id(workflow_task_started_id_);
  if (!sdk_name.empty()) {
    attributes.mutable_sdk_metadata()->set_sdk_name(std::string(sdk_name));
  }
  return workflow_task_completed_id_ = last_event_id();
}

std::int64_t HistoryBuilder::workflow_task_failed(api::WorkflowTaskFailedCause cause, std::string new_run_id) {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_TASK_FAILED).mutable_workflow_task_failed_event_attributes();
  attributes.set_scheduled_event_id(workflow_task_scheduled_id_);
  attributes.set_started_event_id(workflow_task_started_id_);
  attributes.set_cause(cause);
  attributes.set_new_run_id(std::move(new_run_id));
  return last_event_id();
}

std::int64_t HistoryBuilder::workflow_task_timed_out() {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT).mutable_workflow_task_timed_out_event_attributes();
  attributes.set_scheduled_event_id(workflow_task_scheduled_id_);
  attributes.set_started_event_id(workflow_task_started_id_);
  return last_event_id();
}

std::int64_t HistoryBuilder::polled_workflow_task() {
  workflow_task_scheduled();
  return workflow_task_started();
}

std::int64_t HistoryBuilder::full_workflow_task(std::string_view sdk_name) {
  const std::int64_t started = polled_workflow_task();
  workflow_task_completed(sdk_name);
  return started;
}

std::int64_t HistoryBuilder::activity_task_scheduled(std::string activity_type, api::Payloads input, std::string activity_id) {
  auto& attributes = *add(EVENT_TYPE_ACTIVITY_TASK_SCHEDULED).mutable_activity_task_scheduled_event_attributes();
  attributes.set_activity_id(activity_id.empty() ? std::to_string(last_event_id()) : std::move(activity_id));
  attributes.mutable_activity_type()->set_name(std::move(activity_type));
  attributes.mutable_task_queue()->set_name(std::string(kTaskQueue));
  attributes.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  if (input.payloads_size() > 0) {
    *attributes.mutable_input() = std::move(input);
  }
  return last_event_id();
}

std::int64_t HistoryBuilder::activity_task_started(std::int64_t scheduled_event_id, std::string identity) {
  auto& attributes = *add(EVENT_TYPE_ACTIVITY_TASK_STARTED).mutable_activity_task_started_event_attributes();
  attributes.set_scheduled_event_id(scheduled_event_id);
  attributes.set_identity(std::move(identity));
  attributes.set_attempt(1);
  return activity_started_ids_[scheduled_event_id] = last_event_id();
}

std::int64_t HistoryBuilder::activity_task_completed(std::int64_t scheduled_event_id, api::Payloads result) {
  auto& attributes = *add(EVENT_TYPE_ACTIVITY_TASK_COMPLETED).mutable_activity_task_completed_event_attributes();
  attributes.set_scheduled_event_id(scheduled_event_id);
  attributes.set_started_event_id(activity_started_ids_[scheduled_event_id]);
  if (result.payloads_size() > 0) {
    *attributes.mutable_result() = std::move(result);
  }
  return last_event_id();
}

std::int64_t HistoryBuilder::activity_task_failed(std::int64_t scheduled_event_id, api::Failure failure, RetryState retry_state) {
  auto& attributes = *add(EVENT_TYPE_ACTIVITY_TASK_FAILED).mutable_activity_task_failed_event_attributes();
  attributes.set_scheduled_event_id(scheduled_event_id);
  attributes.set_started_event_id(activity_started_ids_[scheduled_event_id]);
  *attributes.mutable_failure() = std::move(failure);
  attributes.set_retry_state(retry_state);
  return last_event_id();
}

std::int64_t HistoryBuilder::activity_task_timed_out(std::int64_t scheduled_event_id, TimeoutType timeout_type) {
  auto& attributes = *add(EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT).mutable_activity_task_timed_out_event_attributes();
  attributes.set_scheduled_event_id(scheduled_event_id);
  attributes.set_started_event_id(activity_started_ids_[scheduled_event_id]);
  attributes.mutable_failure()->set_message("activity timeout");
  attributes.mutable_failure()->mutable_timeout_failure_info()->set_timeout_type(timeout_type);
  attributes.set_retry_state(RETRY_STATE_TIMEOUT);
  return last_event_id();
}

std::int64_t HistoryBuilder::activity_task_cancel_requested(std::int64_t scheduled_event_id) {
  auto& attributes = *add(EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED).mutable_activity_task_cancel_requested_event_attributes();
  attributes.set_scheduled_event_id(scheduled_event_id);
  attributes.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  return activity_cancel_request_ids_[scheduled_event_id] = last_event_id();
}

std::int64_t HistoryBuilder::activity_task_canceled(std::int64_t scheduled_event_id, api::Payloads details) {
  auto& attributes = *add(EVENT_TYPE_ACTIVITY_TASK_CANCELED).mutable_activity_task_canceled_event_attributes();
  attributes.set_scheduled_event_id(scheduled_event_id);
  attributes.set_started_event_id(activity_started_ids_[scheduled_event_id]);
  attributes.set_latest_cancel_requested_event_id(activity_cancel_request_ids_[scheduled_event_id]);
  if (details.payloads_size() > 0) {
    *attributes.mutable_details() = std::move(details);
  }
  return last_event_id();
}

std::int64_t HistoryBuilder::timer_started(Duration start_to_fire_timeout) {
  auto& attributes = *add(EVENT_TYPE_TIMER_STARTED).mutable_timer_started_event_attributes();
  attributes.set_timer_id(std::to_string(last_event_id()));
  api::set(*attributes.mutable_start_to_fire_timeout(), start_to_fire_timeout);
  attributes.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  return last_event_id();
}

std::int64_t HistoryBuilder::timer_fired(std::int64_t started_event_id) {
  auto& attributes = *add(EVENT_TYPE_TIMER_FIRED).mutable_timer_fired_event_attributes();
  attributes.set_timer_id(std::to_string(started_event_id));
  attributes.set_started_event_id(started_event_id);
  return last_event_id();
}

std::int64_t HistoryBuilder::timer_canceled(std::int64_t started_event_id) {
  auto& attributes = *add(EVENT_TYPE_TIMER_CANCELED).mutable_timer_canceled_event_attributes();
  attributes.set_timer_id(std::to_string(started_event_id));
  attributes.set_started_event_id(started_event_id);
  attributes.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  return last_event_id();
}

std::int64_t HistoryBuilder::marker_recorded(std::string marker_name) {
  auto& attributes = *add(EVENT_TYPE_MARKER_RECORDED).mutable_marker_recorded_event_attributes();
  attributes.set_marker_name(std::move(marker_name));
  attributes.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  return last_event_id();
}

std::int64_t HistoryBuilder::patch_recorded(std::string patch_id, bool deprecated) {
  const api::Command marker = core::record_marker_command({.patch_id = patch_id, .deprecated = deprecated});
  auto& recorded = *add(EVENT_TYPE_MARKER_RECORDED).mutable_marker_recorded_event_attributes();
  recorded.set_marker_name(marker.record_marker_command_attributes().marker_name());
  *recorded.mutable_details() = marker.record_marker_command_attributes().details();
  recorded.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  const std::int64_t marker_event_id = last_event_id();

  patch_ids_.insert(std::move(patch_id));
  if (const auto upsert = core::upsert_change_versions_command({patch_ids_.begin(), patch_ids_.end()})) {
    auto& upserted = *add(EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES).mutable_upsert_workflow_search_attributes_event_attributes();
    *upserted.mutable_search_attributes() = upsert->upsert_workflow_search_attributes_command_attributes().search_attributes();
    upserted.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  }
  return marker_event_id;
}

std::int64_t HistoryBuilder::signaled(std::string signal_name, api::Payloads input) {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED).mutable_workflow_execution_signaled_event_attributes();
  attributes.set_signal_name(std::move(signal_name));
  if (input.payloads_size() > 0) {
    *attributes.mutable_input() = std::move(input);
  }
  return last_event_id();
}

std::int64_t HistoryBuilder::cancel_requested(std::string cause) {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED).mutable_workflow_execution_cancel_requested_event_attributes();
  attributes.set_cause(std::move(cause));
  return last_event_id();
}

std::int64_t HistoryBuilder::completed(api::Payloads result) {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED).mutable_workflow_execution_completed_event_attributes();
  attributes.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  *attributes.mutable_result() = std::move(result);
  return last_event_id();
}

std::int64_t HistoryBuilder::failed(api::Failure failure) {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_EXECUTION_FAILED).mutable_workflow_execution_failed_event_attributes();
  attributes.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  *attributes.mutable_failure() = std::move(failure);
  return last_event_id();
}

std::int64_t HistoryBuilder::canceled() {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED).mutable_workflow_execution_canceled_event_attributes();
  attributes.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  return last_event_id();
}

std::int64_t HistoryBuilder::terminated(std::string reason) {
  add(EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED).mutable_workflow_execution_terminated_event_attributes()->set_reason(std::move(reason));
  return last_event_id();
}

std::int64_t HistoryBuilder::timed_out() {
  add(EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
      .mutable_workflow_execution_timed_out_event_attributes()
      ->set_retry_state(RETRY_STATE_TIMEOUT);
  return last_event_id();
}

std::int64_t HistoryBuilder::continued_as_new(api::Payloads input) {
  auto& attributes = *add(EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW).mutable_workflow_execution_continued_as_new_event_attributes();
  attributes.mutable_workflow_type()->set_name(workflow_type_);
  attributes.mutable_task_queue()->set_name(std::string(kTaskQueue));
  attributes.set_workflow_task_completed_event_id(workflow_task_completed_id_);
  *attributes.mutable_input() = std::move(input);
  return last_event_id();
}

std::shared_ptr<const api::History> HistoryBuilder::build() const { return std::make_shared<const api::History>(history_); }

std::shared_ptr<const api::History> HistoryBuilder::slice(std::int64_t first_event_id, std::int64_t last_event_id) const {
  auto part = std::make_shared<api::History>();
  for (const api::HistoryEvent& event : history_.events()) {
    if (event.event_id() >= first_event_id && event.event_id() <= last_event_id) {
      *part->add_events() = event;
    }
  }
  return part;
}

}  // namespace lifecycle::replay
