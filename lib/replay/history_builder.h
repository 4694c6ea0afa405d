// Histories written by hand, for tests of workflows: what the server would have recorded, with its ids, links and times kept right.
//
//   HistoryBuilder history;
//   history.workflow_execution_started("OrderWorkflow", converter::to_payloads(order));
//   history.full_workflow_task();
//   const std::int64_t charge = history.activity_task_scheduled("ChargeCard");
//   history.activity_task_started(charge);
//   history.activity_task_completed(charge, converter::to_payloads("receipt 7"));
//   EXPECT_EQ(Replayer(registry).replay(history.build())->verdict, Verdict::kInProgress);
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "api/api.h"
#include "base/clock.h"
#include "core/workflow_machines.h"

namespace lifecycle::replay {

// Every method appends one event and returns its id; ids count from 1, and each event is a second later than the one before it. Nothing is
// checked: a test may well want a history that no server would write.
class HistoryBuilder {
 public:
  // Time of event 1: 2026-01-01T00:00:01Z.
  static constexpr WallTime kBegin{std::chrono::seconds(1'767'225'601)};
  static constexpr Duration kBetweenEvents = std::chrono::seconds(1);
  // The seed of the run's random numbers comes from this id.
  static constexpr std::string_view kRunId = "run-1";
  static constexpr std::string_view kWorkflowId = "workflow-1";
  static constexpr std::string_view kTaskQueue = "queue-1";

  std::int64_t workflow_execution_started(std::string workflow_type, api::Payloads input = {});

  std::int64_t workflow_task_scheduled();
  std::int64_t workflow_task_started();
  // `sdk_name` is who signs the task; empty for "the same as before".
  std::int64_t workflow_task_completed(std::string_view sdk_name = core::kSdkName);
  // `new_run_id` is the run's own id where the cause is RESET_WORKFLOW.
  std::int64_t workflow_task_failed(api::WorkflowTaskFailedCause cause, std::string new_run_id = {});
  std::int64_t workflow_task_timed_out();
  // Scheduled and started: as far as the history of the task that a worker polls goes. Returns the id of the started event.
  std::int64_t polled_workflow_task();
  // Scheduled, started and completed. Returns the id of the started event.
  std::int64_t full_workflow_task(std::string_view sdk_name = core::kSdkName);

  // `activity_id` is the id of the event when it is empty.
  std::int64_t activity_task_scheduled(std::string activity_type, api::Payloads input = {}, std::string activity_id = {});
  std::int64_t activity_task_started(std::int64_t scheduled_event_id, std::string identity = "worker-1");
  std::int64_t activity_task_completed(std::int64_t scheduled_event_id, api::Payloads result = {});
  std::int64_t activity_task_failed(std::int64_t scheduled_event_id, api::Failure failure,
                                    api::enums::RetryState retry_state = api::enums::RETRY_STATE_NON_RETRYABLE_FAILURE);
  std::int64_t activity_task_timed_out(std::int64_t scheduled_event_id, api::enums::TimeoutType timeout_type);
  std::int64_t activity_task_cancel_requested(std::int64_t scheduled_event_id);
  std::int64_t activity_task_canceled(std::int64_t scheduled_event_id, api::Payloads details = {});

  std::int64_t timer_started(Duration start_to_fire_timeout);
  std::int64_t timer_fired(std::int64_t started_event_id);
  std::int64_t timer_canceled(std::int64_t started_event_id);

  std::int64_t marker_recorded(std::string marker_name);
  // A patch's marker, and the search attribute that this and the earlier markers of the history add up to.
  std::int64_t patch_recorded(std::string patch_id, bool deprecated = false);
  std::int64_t signaled(std::string signal_name, api::Payloads input = {});
  std::int64_t cancel_requested(std::string cause = {});

  std::int64_t completed(api::Payloads result = {});
  std::int64_t failed(api::Failure failure);
  std::int64_t canceled();
  std::int64_t terminated(std::string reason = {});
  std::int64_t timed_out();
  std::int64_t continued_as_new(api::Payloads input = {});

  // An event of a kind that has no method here. The reference is good until the next event is added.
  api::HistoryEvent& add(api::EventType type);

  [[nodiscard]] std::int64_t last_event_id() const { return history_.events_size(); }
  [[nodiscard]] std::shared_ptr<const api::History> build() const;
  // The events `first_event_id` to `last_event_id`, both included: the history that a task brings to a worker that knows the run.
  [[nodiscard]] std::shared_ptr<const api::History> slice(std::int64_t first_event_id, std::int64_t last_event_id) const;

 private:
  api::History history_;
  std::string workflow_type_;
  std::int64_t workflow_task_scheduled_id_ = 0;  // of the newest workflow task
  std::int64_t workflow_task_started_id_ = 0;
  std::int64_t workflow_task_completed_id_ = 0;
  std::map<std::int64_t, std::int64_t> activity_started_ids_;         // by the id of the scheduled event
  std::map<std::int64_t, std::int64_t> activity_cancel_request_ids_;  // likewise
  std::set<std::string> patch_ids_;
};

}  // namespace lifecycle::replay
