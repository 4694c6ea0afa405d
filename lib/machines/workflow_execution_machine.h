// The run as a whole: its start, the signals and the cancel request that reach it, and the one terminal command that ends it. Source: the
// server's events 1 to 4, 20, 21, 26 to 28.
#pragma once

#include "machines/state_machine.h"

namespace lifecycle::machines {

struct WorkflowExecutionMachineDefinition {
  enum class State : std::uint8_t {
    kNotStarted,
    kRunning,
    kCancelRequested,
    kTerminalCommandCreated,  // the code has ended; its command waits for its place in history
    kClosed,
  };
  enum class Event : std::uint8_t {
    kWorkflowExecutionStarted,
    kWorkflowExecutionSignaled,
    kWorkflowExecutionCancelRequested,
    kEnd,          // the code returned, threw, or continued as new
    kEndRecorded,  // the event of the terminal command
    kWorkflowExecutionTerminated,
    kWorkflowExecutionTimedOut,
  };
  enum class Effect : std::uint8_t { kNone, kInitialize, kDeliverSignal, kDeliverCancel, kEmitTerminal };
  static constexpr std::size_t kStates = 5;
  static constexpr std::size_t kEvents = 7;
  static constexpr std::string_view kName = "WorkflowExecution";

  using S = State;
  using E = Event;
  using F = Effect;
  static constexpr auto kTransitions = std::to_array<Transition<S, E, F>>({
      {S::kNotStarted, E::kWorkflowExecutionStarted, S::kRunning, F::kInitialize},
      {S::kRunning, E::kWorkflowExecutionSignaled, S::kRunning, F::kDeliverSignal},
      {S::kRunning, E::kWorkflowExecutionCancelRequested, S::kCancelRequested, F::kDeliverCancel},
      {S::kRunning, E::kEnd, S::kTerminalCommandCreated, F::kEmitTerminal},
      {S::kRunning, E::kWorkflowExecutionTerminated, S::kClosed, F::kNone},
      {S::kRunning, E::kWorkflowExecutionTimedOut, S::kClosed, F::kNone},
      {S::kCancelRequested, E::kWorkflowExecutionSignaled, S::kCancelRequested, F::kDeliverSignal},
      {S::kCancelRequested, E::kWorkflowExecutionCancelRequested, S::kCancelRequested, F::kNone},  // the first one counts
      {S::kCancelRequested, E::kEnd, S::kTerminalCommandCreated, F::kEmitTerminal},
      {S::kCancelRequested, E::kWorkflowExecutionTerminated, S::kClosed, F::kNone},
      {S::kCancelRequested, E::kWorkflowExecutionTimedOut, S::kClosed, F::kNone},
      {S::kTerminalCommandCreated, E::kEndRecorded, S::kClosed, F::kNone},
      // The task that carried the command failed or was lost, and the server ended the run.
      {S::kTerminalCommandCreated, E::kWorkflowExecutionTerminated, S::kClosed, F::kNone},
      {S::kTerminalCommandCreated, E::kWorkflowExecutionTimedOut, S::kClosed, F::kNone},
  });

  static constexpr std::string_view name_of(State state) {
    constexpr std::array<std::string_view, kStates> kNames{"NotStarted", "Running", "CancelRequested", "TerminalCommandCreated", "Closed"};
    return kNames[static_cast<std::size_t>(state)];
  }
  static constexpr std::string_view name_of(Event event) {
    constexpr std::array<std::string_view, kEvents> kNames{
        "WorkflowExecutionStarted",    "WorkflowExecutionSignaled", "WorkflowExecutionCancelRequested", "End", "EndRecorded",
        "WorkflowExecutionTerminated", "WorkflowExecutionTimedOut"};
    return kNames[static_cast<std::size_t>(event)];
  }
};

using WorkflowExecutionMachine = StateMachine<WorkflowExecutionMachineDefinition>;

}  // namespace lifecycle::machines
