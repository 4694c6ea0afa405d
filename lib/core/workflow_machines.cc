#include "core/workflow_machines.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace lifecycle::core {
namespace {

using namespace temporal::api::enums::v1;  // NOLINT(google-build-using-namespace): event types only, in this file only
using ActivityEvent = machines::ActivityMachineDefinition::Event;
using ActivityEffect = machines::ActivityMachineDefinition::Effect;
using TimerEvent = machines::TimerMachineDefinition::Event;
using TimerEffect = machines::TimerMachineDefinition::Effect;
using ExecutionEvent = machines::WorkflowExecutionMachineDefinition::Event;
using ExecutionEffect = machines::WorkflowExecutionMachineDefinition::Effect;
using TaskEvent = machines::WorkflowTaskMachineDefinition::Event;
using TaskEffect = machines::WorkflowTaskMachineDefinition::Effect;

// Signals come before what else happened, as in every SDK: a workflow that is told to pause must know it before its next step begins.
constexpr int kLastRank = 4;

int rank(const WorkflowActivationJob& job) {
  if (std::holds_alternative<InitializeWorkflow>(job)) {
    return 0;
  }
  if (std::holds_alternative<NotifyHasPatch>(job)) {
    return 1;
  }
  if (std::holds_alternative<UpdateRandomSeed>(job)) {
    return 2;
  }
  return std::holds_alternative<SignalWorkflow>(job) ? 3 : kLastRank;
}

void sort_jobs(std::vector<WorkflowActivationJob>& jobs) {
  if (std::ranges::is_sorted(jobs, {}, rank)) {
    return;
  }
  std::vector<WorkflowActivationJob> sorted;
  sorted.reserve(jobs.size());
  for (int wanted = 0; wanted <= kLastRank; ++wanted) {
    for (WorkflowActivationJob& job : jobs) {
      if (rank(job) == wanted) {
        sorted.push_back(std::move(job));
      }
    }
  }
  jobs = std::move(sorted);
}

std::unexpected<Problem> unexpected_event(std::string_view name, std::string_view state_name, const api::HistoryEvent& event) {
  return std::unexpected<Problem>(Error{.code = ErrorCode::kDataLoss,
                                        .message = fmt::format("history event {} ({}) does not fit: the {} machine is in state {}",
                                                               event.event_id(), describe(event), name, state_name)});
}

std::unexpected<Problem> unknown_operation(const api::HistoryEvent& event, std::int64_t initiated_event_id) {
  return std::unexpected<Problem>(Error{.code = ErrorCode::kDataLoss,
                                        .message = fmt::format("history event {} ({}) refers to event {}, which began nothing that is open",
                                                               event.event_id(), describe(event), initiated_event_id)});
}

bool is_number(std::string_view text, std::int64_t number) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value == number;
}

bool is_terminal(const WorkflowCommand& command) {
  return std::holds_alternative<CompleteWorkflowExecution>(command) || std::holds_alternative<FailWorkflowExecution>(command) ||
         std::holds_alternative<CancelWorkflowExecution>(command) || std::holds_alternative<ContinueAsNewWorkflowExecution>(command);
}

ActivityEvent cancel_event(CancellationType type) {
  switch (type) {
    case CancellationType::kTryCancel:
      return ActivityEvent::kTryCancel;
    case CancellationType::kWaitCancellationCompleted:
      return ActivityEvent::kCancelAndWait;
    case CancellationType::kAbandon:
      return ActivityEvent::kAbandon;
  }
  die("a cancellation type that does not exist");
}

}  // namespace

WorkflowMachines::Applied WorkflowMachines::apply(const history::LogicalTask& task, WorkflowActivation& activation) {
  is_replaying_ = activation.is_replaying;
  for (const api::HistoryEvent* event : task.events) {
    if (auto applied = apply_event(*event, activation); !applied) {
      return applied;
    }
  }
  for (const api::HistoryEvent* event : task.recorded_answer) {
    patches_.look_ahead(*event, activation);
  }
  sort_jobs(activation.jobs);
  return {};
}

WorkflowMachines::Applied WorkflowMachines::apply_event(const api::HistoryEvent& event, WorkflowActivation& activation) {
  const api::EventType type = event.event_type();
  if (history::is_command_event(type)) {
    const bool after_patch_marker = std::exchange(after_patch_marker_, false);
    return after_patch_marker && is_change_versions_upsert(event) ? Applied() : apply_command_event(event);
  }
  switch (type) {
    case EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
    case EVENT_TYPE_WORKFLOW_TASK_STARTED:
    case EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
    case EVENT_TYPE_WORKFLOW_TASK_FAILED:
    case EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
      return apply_workflow_task_event(event, activation);
    case EVENT_TYPE_ACTIVITY_TASK_STARTED:
    case EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
    case EVENT_TYPE_ACTIVITY_TASK_FAILED:
    case EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
    case EVENT_TYPE_ACTIVITY_TASK_CANCELED:
      return apply_activity_event(event, activation);
    case EVENT_TYPE_TIMER_FIRED:
      return apply_timer_fired(event, activation);
    case EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
    case EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
      return apply_execution_event(event, activation);
    default:
      break;
  }
  // The server marks what is news for people and tools only (options updated, paused, ...): those carry nothing for the code.
  if (event.worker_may_ignore() || type == EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED ||
      type == EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED) {
    return {};
  }
  return std::unexpected<Problem>(Error{
      .code = ErrorCode::kDataLoss,
      .message = fmt::format("history event {} ({}) is of a kind that this worker does not know", event.event_id(), describe(event))});
}

WorkflowMachines::Applied WorkflowMachines::check_nothing_pending(const api::HistoryEvent& event) const {
  if (pending_front_ == pending_.size()) {
    return {};
  }
  return std::unexpected<Problem>(Nondeterminism{.event_id = event.event_id(),
                                                 .recorded = fmt::format("no further command before {}", describe(event)),
                                                 .attempted = describe(pending_[pending_front_].command)});
}

WorkflowMachines::Applied WorkflowMachines::apply_workflow_task_event(const api::HistoryEvent& event, WorkflowActivation& activation) {
  std::optional<TaskEffect> effect;
  switch (event.event_type()) {
    case EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
      if (auto nothing_pending = check_nothing_pending(event); !nothing_pending) {
        return nothing_pending;
      }
      effect = workflow_task_.fire(TaskEvent::kWorkflowTaskScheduled);
      break;
    case EVENT_TYPE_WORKFLOW_TASK_STARTED:
      effect = workflow_task_.fire(TaskEvent::kWorkflowTaskStarted);
      break;
    case EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
      effect = workflow_task_.fire(TaskEvent::kWorkflowTaskCompleted);
      break;
    case EVENT_TYPE_WORKFLOW_TASK_FAILED:
      effect = workflow_task_.fire(TaskEvent::kWorkflowTaskFailed);
      break;
    default:
      effect = workflow_task_.fire(TaskEvent::kWorkflowTaskTimedOut);
      break;
  }
  if (!effect) {
    using Definition = machines::WorkflowTaskMachineDefinition;
    return unexpected_event(Definition::kName, Definition::name_of(workflow_task_.state()), event);
  }
  switch (*effect) {
    case TaskEffect::kNone:
      break;
    case TaskEffect::kAdvanceTime: {
      const auto& started = event.workflow_task_started_event_attributes();
      activation.timestamp = std::max(activation.timestamp, api::to_wall_time(event.event_time()));
      activation.history_length = event.event_id();
      activation.history_size_bytes = started.history_size_bytes();
      activation.continue_as_new_suggested = started.suggest_continue_as_new();
      break;
    }
    case TaskEffect::kNoteCompleter:
      // The name is written when it changes only, so an empty one says "as before".
      if (const std::string& name = event.workflow_task_completed_event_attributes().sdk_metadata().sdk_name(); !name.empty()) {
        written_by_this_sdk_ = name == kSdkName;
      }
      break;
    case TaskEffect::kReseed: {
      const auto& failed = event.workflow_task_failed_event_attributes();
      if (failed.cause() == WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW) {
        activation.jobs.emplace_back(UpdateRandomSeed{.randomness_seed = stable_hash(failed.new_run_id())});
      }
      break;
    }
  }
  return {};
}

WorkflowMachines::Applied WorkflowMachines::apply_execution_event(const api::HistoryEvent& event, WorkflowActivation& activation) {
  std::optional<ExecutionEffect> effect;
  switch (event.event_type()) {
    case EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
      effect = execution_.fire(ExecutionEvent::kWorkflowExecutionStarted);
      break;
    case EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
      effect = execution_.fire(ExecutionEvent::kWorkflowExecutionSignaled);
      break;
    case EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
      effect = execution_.fire(ExecutionEvent::kWorkflowExecutionCancelRequested);
      break;
    case EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
      effect = execution_.fire(ExecutionEvent::kWorkflowExecutionTerminated);
      break;
    default:
      effect = execution_.fire(ExecutionEvent::kWorkflowExecutionTimedOut);
      break;
  }
  if (!effect) {
    using Definition = machines::WorkflowExecutionMachineDefinition;
    if (execution_.state() == Definition::State::kTerminalCommandCreated) {
      return check_nothing_pending(event);  // the code has ended where history goes on
    }
    return unexpected_event(Definition::kName, Definition::name_of(execution_.state()), event);
  }
  if (*effect == ExecutionEffect::kInitialize) {
    const auto& started = event.workflow_execution_started_event_attributes();
    task_queue_ = started.task_queue().name();
    workflow_type_ = started.workflow_type().name();
    activation.timestamp = api::to_wall_time(event.event_time());
    activation.jobs.emplace_back(InitializeWorkflow{
        .attributes = &started, .randomness_seed = stable_hash(started.original_execution_run_id()), .start_time = activation.timestamp});
  } else if (*effect == ExecutionEffect::kDeliverSignal) {
    const auto& signaled = event.workflow_execution_signaled_event_attributes();
    activation.jobs.emplace_back(
        SignalWorkflow{.name = signaled.signal_name(), .input = signaled.has_input() ? &signaled.input() : nullptr});
  } else if (*effect == ExecutionEffect::kDeliverCancel) {
    activation.jobs.emplace_back(CancelWorkflow{.reason = event.workflow_execution_cancel_requested_event_attributes().cause()});
  }
  return {};
}

WorkflowMachines::Operation* WorkflowMachines::operation_of(std::int64_t initiated_event_id, OperationSeq& seq) {
  const OperationSeq* found = seq_of_event_.find(initiated_event_id);
  if (found == nullptr) {
    return nullptr;
  }
  seq = *found;
  return operations_.find(seq);
}

void WorkflowMachines::close(OperationSeq seq, const Operation& operation) {
  seq_of_event_.remove(operation.initiated_event_id);
  operations_.remove(seq);
}

WorkflowMachines::Applied WorkflowMachines::apply_timer_fired(const api::HistoryEvent& event, WorkflowActivation& activation) {
  const std::int64_t initiated = event.timer_fired_event_attributes().started_event_id();
  OperationSeq seq = 0;
  Operation* operation = operation_of(initiated, seq);
  auto* timer = operation == nullptr ? nullptr : std::get_if<machines::TimerMachine>(&operation->machine);
  if (timer == nullptr) {
    return unknown_operation(event, initiated);
  }
  if (!timer->fire(TimerEvent::kTimerFired)) {
    using Definition = machines::TimerMachineDefinition;
    return unexpected_event(Definition::kName, Definition::name_of(timer->state()), event);
  }
  activation.jobs.emplace_back(FireTimer{.seq = seq});
  close(seq, *operation);
  return {};
}

namespace {

// What an activity's closing event says, taken out of the attributes that differ for each kind of event.
struct ActivityNews {
  ActivityEvent event{};
  std::int64_t scheduled_event_id = 0;
  std::int64_t started_event_id = 0;
  RetryState retry_state = RETRY_STATE_UNSPECIFIED;
  const api::Payloads* result = nullptr;
  const api::Failure* failure = nullptr;
};

ActivityNews read_activity_event(const api::HistoryEvent& event) {
  switch (event.event_type()) {
    case EVENT_TYPE_ACTIVITY_TASK_STARTED: {
      const auto& started = event.activity_task_started_event_attributes();
      return {.event = ActivityEvent::kActivityTaskStarted, .scheduled_event_id = started.scheduled_event_id()};
    }
    case EVENT_TYPE_ACTIVITY_TASK_COMPLETED: {
      const auto& completed = event.activity_task_completed_event_attributes();
      return {.event = ActivityEvent::kActivityTaskCompleted,
              .scheduled_event_id = completed.scheduled_event_id(),
              .started_event_id = completed.started_event_id(),
              .result = completed.has_result() ? &completed.result() : nullptr};
    }
    case EVENT_TYPE_ACTIVITY_TASK_FAILED: {
      const auto& failed = event.activity_task_failed_event_attributes();
      return {.event = ActivityEvent::kActivityTaskFailed,
              .scheduled_event_id = failed.scheduled_event_id(),
              .started_event_id = failed.started_event_id(),
              .retry_state = failed.retry_state(),
              .failure = &failed.failure()};
    }
    case EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT: {
      const auto& timed_out = event.activity_task_timed_out_event_attributes();
      return {.event = ActivityEvent::kActivityTaskTimedOut,
              .scheduled_event_id = timed_out.scheduled_event_id(),
              .started_event_id = timed_out.started_event_id(),
              .retry_state = timed_out.retry_state(),
              .failure = &timed_out.failure()};
    }
    default: {
      const auto& canceled = event.activity_task_canceled_event_attributes();
      return {.event = ActivityEvent::kActivityTaskCanceled,
              .scheduled_event_id = canceled.scheduled_event_id(),
              .started_event_id = canceled.started_event_id(),
              .result = canceled.has_details() ? &canceled.details() : nullptr};
    }
  }
}

}  // namespace

WorkflowMachines::Applied WorkflowMachines::apply_activity_event(const api::HistoryEvent& event, WorkflowActivation& activation) {
  const ActivityNews news = read_activity_event(event);
  OperationSeq seq = 0;
  Operation* operation = operation_of(news.scheduled_event_id, seq);
  auto* activity = operation == nullptr ? nullptr : std::get_if<machines::ActivityMachine>(&operation->machine);
  if (activity == nullptr) {
    return unknown_operation(event, news.scheduled_event_id);
  }
  const std::optional<ActivityEffect> effect = activity->fire(news.event);
  if (!effect) {
    using Definition = machines::ActivityMachineDefinition;
    return unexpected_event(Definition::kName, Definition::name_of(activity->state()), event);
  }
  if (news.event == ActivityEvent::kActivityTaskStarted) {
    operation->identity = event.activity_task_started_event_attributes().identity();
    return {};
  }
  if (*effect == ActivityEffect::kResolve && news.event == ActivityEvent::kActivityTaskCompleted) {
    activation.jobs.emplace_back(ResolveActivity{.seq = seq, .outcome = ActivityCompleted{.result = news.result}});
  } else if (*effect == ActivityEffect::kResolve) {
    ActivityFailed failed;
    failed.failure.set_message("activity error");
    auto& info = *failed.failure.mutable_activity_failure_info();
    info.set_scheduled_event_id(news.scheduled_event_id);
    info.set_started_event_id(news.started_event_id);
    info.set_identity(operation->identity);
    info.mutable_activity_type()->set_name(operation->activity_type);
    info.set_activity_id(operation->id);
    info.set_retry_state(news.retry_state);
    if (news.failure != nullptr) {
      *failed.failure.mutable_cause() = *news.failure;
    } else {
      auto& canceled = *failed.failure.mutable_cause();
      canceled.set_message("activity canceled");
      auto& details = *canceled.mutable_canceled_failure_info();
      if (news.result != nullptr) {
        *details.mutable_details() = *news.result;
      }
    }
    activation.jobs.emplace_back(ResolveActivity{.seq = seq, .outcome = std::move(failed)});
  }
  close(seq, *operation);
  return {};
}

WorkflowMachines::Applied WorkflowMachines::apply_command_event(const api::HistoryEvent& event) {
  if (is_patch_marker(event)) {
    return apply_patch_marker(event);
  }
  if (pending_front_ == pending_.size()) {
    return std::unexpected<Problem>(Nondeterminism{.event_id = event.event_id(), .recorded = describe(event), .attempted = "nothing"});
  }
  PendingCommand& pending = pending_[pending_front_];
  // A marker of another kind than a patch's is no command of this SDK.
  if (event_of(command_type(pending.command)) != event.event_type() || std::holds_alternative<SetPatchMarker>(pending.command)) {
    return std::unexpected<Problem>(
        Nondeterminism{.event_id = event.event_id(), .recorded = describe(event), .attempted = describe(pending.command)});
  }
  Applied recorded;
  switch (event.event_type()) {
    case EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
      recorded = record_activity(event, pending);
      break;
    case EVENT_TYPE_TIMER_STARTED:
      recorded = record_timer(event, pending);
      break;
    case EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
      recorded = record_activity_cancel(event, pending);
      break;
    case EVENT_TYPE_TIMER_CANCELED:
      recorded = record_timer_cancel(event, pending);
      break;
    default:
      execution_.fire(ExecutionEvent::kEndRecorded);
      break;
  }
  if (!recorded) {
    return recorded;
  }
  pending = PendingCommand{};
  pass_dropped();
  return {};
}

WorkflowMachines::Applied WorkflowMachines::record_activity(const api::HistoryEvent& event, const PendingCommand& pending) {
  const auto& scheduled = event.activity_task_scheduled_event_attributes();
  const auto& command = std::get<ScheduleActivity>(pending.command);
  const bool same_type = scheduled.activity_type().name() == command.activity_type;
  // Other SDKs number activities in their own ways: an id says something only in a history that this SDK wrote.
  const bool same_id = !written_by_this_sdk_ || (command.activity_id.empty() ? is_number(scheduled.activity_id(), event.event_id())
                                                                             : scheduled.activity_id() == command.activity_id);
  if (!same_type || !same_id) {
    return std::unexpected<Problem>(
        Nondeterminism{.event_id = event.event_id(), .recorded = describe(event), .attempted = describe(pending.command)});
  }
  Operation* operation = operations_.find(pending.seq);
  check(operation != nullptr, "a scheduled activity has a machine");
  std::get<machines::ActivityMachine>(operation->machine).fire(ActivityEvent::kActivityTaskScheduled);
  operation->initiated_event_id = event.event_id();
  operation->activity_type = scheduled.activity_type().name();
  operation->id = scheduled.activity_id();
  seq_of_event_.add(event.event_id(), pending.seq);
  return {};
}

WorkflowMachines::Applied WorkflowMachines::record_timer(const api::HistoryEvent& event, const PendingCommand& pending) {
  Operation* operation = operations_.find(pending.seq);
  check(operation != nullptr, "a started timer has a machine");
  std::get<machines::TimerMachine>(operation->machine).fire(TimerEvent::kTimerStarted);
  operation->initiated_event_id = event.event_id();
  operation->id = event.timer_started_event_attributes().timer_id();
  seq_of_event_.add(event.event_id(), pending.seq);
  return {};
}

WorkflowMachines::Applied WorkflowMachines::record_activity_cancel(const api::HistoryEvent& event, const PendingCommand& pending) {
  Operation* operation = operations_.find(pending.seq);
  if (operation == nullptr) {
    return {};  // a history that nobody's server wrote closed the activity in between
  }
  if (event.activity_task_cancel_requested_event_attributes().scheduled_event_id() != operation->initiated_event_id) {
    return std::unexpected<Problem>(
        Nondeterminism{.event_id = event.event_id(),
                       .recorded = describe(event),
                       .attempted = fmt::format("{}(event {})", describe(pending.command), operation->initiated_event_id)});
  }
  std::get<machines::ActivityMachine>(operation->machine).fire(ActivityEvent::kActivityTaskCancelRequested);
  return {};
}

WorkflowMachines::Applied WorkflowMachines::record_timer_cancel(const api::HistoryEvent& event, const PendingCommand& pending) {
  Operation* operation = operations_.find(pending.seq);
  if (operation == nullptr) {
    return {};  // likewise
  }
  if (event.timer_canceled_event_attributes().started_event_id() != operation->initiated_event_id) {
    return std::unexpected<Problem>(Nondeterminism{.event_id = event.event_id(),
                                                   .recorded = describe(event),
                                                   .attempted = fmt::format("{}(id {})", describe(pending.command), operation->id)});
  }
  std::get<machines::TimerMachine>(operation->machine).fire(TimerEvent::kTimerCanceled);
  close(pending.seq, *operation);
  return {};
}

void WorkflowMachines::issue(WorkflowCommand command) {
  if (const auto* schedule = std::get_if<ScheduleActivity>(&command)) {
    machines::ActivityMachine machine;
    machine.fire(ActivityEvent::kSchedule);
    const OperationSeq seq = schedule->seq;
    operations_.add(seq, Operation{.machine = machine, .pending_index = pending_.size()});
    pending_.push_back({.command = std::move(command), .seq = seq});
  } else if (const auto* start = std::get_if<StartTimer>(&command)) {
    machines::TimerMachine machine;
    machine.fire(TimerEvent::kStart);
    const OperationSeq seq = start->seq;
    operations_.add(seq, Operation{.machine = machine, .pending_index = pending_.size()});
    pending_.push_back({.command = std::move(command), .seq = seq});
  } else if (const auto* cancel = std::get_if<CancelActivity>(&command)) {
    cancel_activity(*cancel);
  } else if (const auto* cancel_of_timer = std::get_if<CancelTimer>(&command)) {
    cancel_timer(cancel_of_timer->seq);
  } else if (const auto* patch = std::get_if<SetPatchMarker>(&command)) {
    call_patch(*patch);
  } else {
    check(is_terminal(command), "a command of the code is of a known kind");
    if (execution_.fire(ExecutionEvent::kEnd)) {
      pending_.push_back({.command = std::move(command)});
    }
  }
}

void WorkflowMachines::cancel_activity(const CancelActivity& cancel) {
  Operation* operation = operations_.find(cancel.seq);
  if (operation == nullptr) {
    return;  // it closed in the same task
  }
  const auto effect = std::get<machines::ActivityMachine>(operation->machine).fire(cancel_event(cancel.type));
  if (effect == ActivityEffect::kDropSchedule) {
    drop(cancel.seq, *operation);
  } else if (effect == ActivityEffect::kEmitCancel) {
    pending_.push_back({.command = cancel, .seq = cancel.seq});
  }
}

void WorkflowMachines::cancel_timer(OperationSeq seq) {
  Operation* operation = operations_.find(seq);
  if (operation == nullptr) {
    return;  // it fired in the same task
  }
  const auto effect = std::get<machines::TimerMachine>(operation->machine).fire(TimerEvent::kCancel);
  if (effect == TimerEffect::kDropStart) {
    drop(seq, *operation);
  } else if (effect == TimerEffect::kEmitCancel) {
    pending_.push_back({.command = CancelTimer{.seq = seq}, .seq = seq});
  }
}

void WorkflowMachines::drop(OperationSeq seq, const Operation& operation) {
  pending_[operation.pending_index] = PendingCommand{};
  operations_.remove(seq);
  pass_dropped();
}

void WorkflowMachines::pass_dropped() {
  while (pending_front_ < pending_.size() && std::holds_alternative<std::monostate>(pending_[pending_front_].command)) {
    ++pending_front_;
  }
  if (pending_front_ == pending_.size()) {
    pending_.clear();
    pending_front_ = 0;
  }
}

}  // namespace lifecycle::core
