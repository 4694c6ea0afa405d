// Events of a run of the contract's workflow, written as short as a test wants to read them.
#pragma once

#include <chrono>
#include <string>

#include "api/api.h"
#include "client/deployment_version.h"
#include "converter/payload.h"
#include "worker/contract.h"

namespace lifecycle::cli::test {

// Seconds after the workflow's start.
inline WallTime at(double seconds) {
  return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 25)) +
         std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

class HistoryEvents {
 public:
  HistoryEvents& started(int steps) {
    api::HistoryEvent& event = add(api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, 0);
    auto& attributes = *event.mutable_workflow_execution_started_event_attributes();
    attributes.mutable_workflow_type()->set_name(std::string(demo::kWorkflowType));
    *attributes.mutable_input() = converter::to_payloads(demo::LifecycleInput{.steps = steps});
    return *this;
  }

  HistoryEvents& workflow_task_scheduled(double seconds) {
    add(api::enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, seconds);
    return *this;
  }

  HistoryEvents& workflow_task_started(const std::string& worker, double seconds) {
    api::HistoryEvent& event = add(api::enums::EVENT_TYPE_WORKFLOW_TASK_STARTED, seconds);
    auto& attributes = *event.mutable_workflow_task_started_event_attributes();
    attributes.set_scheduled_event_id(event.event_id() - 1);
    attributes.set_identity(worker);
    return *this;
  }

  HistoryEvents& workflow_task_completed(const client::DeploymentVersion& version, double seconds) {
    api::HistoryEvent& event = add(api::enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED, seconds);
    auto& attributes = *event.mutable_workflow_task_completed_event_attributes();
    attributes.set_scheduled_event_id(event.event_id() - 2);
    attributes.set_started_event_id(event.event_id() - 1);
    *attributes.mutable_deployment_version() = client::to_api(version);
    return *this;
  }

  // The activity's id is the event's id, as the worker generates it.
  HistoryEvents& scheduled(int step, double seconds) {
    api::HistoryEvent& event = add(api::enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, seconds);
    auto& attributes = *event.mutable_activity_task_scheduled_event_attributes();
    attributes.set_activity_id(std::to_string(event.event_id()));
    attributes.mutable_activity_type()->set_name(std::string(demo::kActivityType));
    *attributes.mutable_input() = converter::to_payloads(demo::StepInput{.step = step, .duration_ms = 5000});
    scheduled_event_id_ = event.event_id();
    return *this;
  }

  HistoryEvents& step_started(const std::string& worker, int attempt, double seconds) {
    api::HistoryEvent& event = add(api::enums::EVENT_TYPE_ACTIVITY_TASK_STARTED, seconds);
    auto& attributes = *event.mutable_activity_task_started_event_attributes();
    attributes.set_scheduled_event_id(scheduled_event_id_);
    attributes.set_identity(worker);
    attributes.set_attempt(attempt);
    return *this;
  }

  HistoryEvents& step_completed(const demo::StepOutput& output, double seconds) {
    api::HistoryEvent& event = add(api::enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED, seconds);
    auto& attributes = *event.mutable_activity_task_completed_event_attributes();
    attributes.set_scheduled_event_id(scheduled_event_id_);
    attributes.set_started_event_id(event.event_id() - 1);
    *attributes.mutable_result() = converter::to_payloads(output);
    return *this;
  }

  HistoryEvents& step_failed(const std::string& message, double seconds) {
    api::HistoryEvent& event = add(api::enums::EVENT_TYPE_ACTIVITY_TASK_FAILED, seconds);
    auto& attributes = *event.mutable_activity_task_failed_event_attributes();
    attributes.set_scheduled_event_id(scheduled_event_id_);
    attributes.mutable_failure()->set_message(message);
    return *this;
  }

  HistoryEvents& signaled(std::string_view name, double seconds) {
    add(api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, seconds)
        .mutable_workflow_execution_signaled_event_attributes()
        ->set_signal_name(std::string(name));
    return *this;
  }

  HistoryEvents& workflow_task_failed(const std::string& message, double seconds) {
    add(api::enums::EVENT_TYPE_WORKFLOW_TASK_FAILED, seconds)
        .mutable_workflow_task_failed_event_attributes()
        ->mutable_failure()
        ->set_message(message);
    return *this;
  }

  HistoryEvents& workflow_task_timed_out(api::enums::TimeoutType type, double seconds) {
    add(api::enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT, seconds).mutable_workflow_task_timed_out_event_attributes()->set_timeout_type(type);
    return *this;
  }

  HistoryEvents& completed(double seconds) {
    api::HistoryEvent& event = add(api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, seconds);
    *event.mutable_workflow_execution_completed_event_attributes()->mutable_result() = converter::to_payloads(demo::LifecycleResult{});
    return *this;
  }

  // For what a test wants otherwise. Ids count from 1.
  [[nodiscard]] api::HistoryEvent& mutable_event(int event_id) { return *history_.mutable_events(event_id - 1); }
  [[nodiscard]] const api::History& history() const { return history_; }
  [[nodiscard]] std::int64_t scheduled_event_id() const { return scheduled_event_id_; }

 private:
  api::HistoryEvent& add(api::EventType type, double seconds) {
    api::HistoryEvent& event = *history_.add_events();
    event.set_event_id(history_.events_size());
    event.set_event_type(type);
    api::set(*event.mutable_event_time(), at(seconds));
    return event;
  }

  api::History history_;
  std::int64_t scheduled_event_id_ = 0;
};

}  // namespace lifecycle::cli::test
