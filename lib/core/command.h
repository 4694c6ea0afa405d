// What a workflow's code answers to an activation. A WorkflowCommand is the code's; the api::Command made of it is what the server gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "core/activation.h"
#include "core/nondeterminism.h"

namespace lifecycle::core {

// What the code does when it cancels an activity: ask and go on, ask and wait for the activity to confirm, or forget about it.
enum class CancellationType : std::uint8_t { kTryCancel, kWaitCancellationCompleted, kAbandon };

struct ScheduleActivity {
  OperationSeq seq = 0;
  std::string activity_type;
  std::string activity_id;  // empty: the id of its event
  std::string task_queue;   // empty: the workflow's
  api::Payloads input;
  std::optional<Duration> schedule_to_close_timeout;
  std::optional<Duration> schedule_to_start_timeout;
  std::optional<Duration> start_to_close_timeout;
  std::optional<Duration> heartbeat_timeout;
  std::optional<api::RetryPolicy> retry_policy;  // none: the server's default
};
struct CancelActivity {
  OperationSeq seq = 0;
  CancellationType type = CancellationType::kTryCancel;
};
struct StartTimer {
  OperationSeq seq = 0;
  Duration start_to_fire_timeout{};
};
struct CancelTimer {
  OperationSeq seq = 0;
};
// The code's first call for a patch in its run, whatever the answer was.
struct SetPatchMarker {
  std::string patch_id;
  bool deprecated = false;
};
struct CompleteWorkflowExecution {
  api::Payloads result;
};
struct FailWorkflowExecution {
  api::Failure failure;
};
struct CancelWorkflowExecution {
  api::Payloads details;
};
struct ContinueAsNewWorkflowExecution {
  std::string workflow_type;  // empty: the same
  std::string task_queue;     // empty: the same
  api::Payloads input;
};

using WorkflowCommand =
    std::variant<std::monostate, ScheduleActivity, CancelActivity, StartTimer, CancelTimer, SetPatchMarker, CompleteWorkflowExecution,
                 FailWorkflowExecution, CancelWorkflowExecution, ContinueAsNewWorkflowExecution>;

struct QueryAnswer {
  std::string id;
  std::variant<api::Payloads, api::Failure> outcome;
};

// The code could not be run to its next wait: the task fails and is tried again, here or on another worker, until the code is mended.
struct WorkflowTaskFailure {
  api::WorkflowTaskFailedCause cause = api::enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE;
  api::Failure failure;
  std::optional<Nondeterminism> nondeterminism = {};  // where that is what failed
};

struct WorkflowActivationCompletion {
  std::vector<WorkflowCommand> commands;  // in the order in which the code issued them
  std::vector<QueryAnswer> queries;
  std::optional<WorkflowTaskFailure> failure;
  std::vector<std::string> warnings;  // for the log: signals that were dropped
};

// The server's command type for a command of the code.
[[nodiscard]] api::CommandType command_type(const WorkflowCommand& command);

// The event that the server writes for a command of this type.
[[nodiscard]] api::EventType event_of(api::CommandType type);

// For messages: "ScheduleActivityTask(ProcessStep)", "StartTimer".
[[nodiscard]] std::string describe(const WorkflowCommand& command);
// For messages: "ActivityTaskScheduled(ProcessStep)", "TimerStarted".
[[nodiscard]] std::string describe(const api::HistoryEvent& event);

}  // namespace lifecycle::core
