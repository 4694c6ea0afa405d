// The workflow tasks of a run, one after the other: the order of their events is the backbone of a history, and this table is what checks
// it. Source: the server's events 5 to 9.
#pragma once

#include "machines/state_machine.h"

namespace lifecycle::machines {

struct WorkflowTaskMachineDefinition {
  enum class State : std::uint8_t { kIdle, kScheduled, kStarted };
  enum class Event : std::uint8_t {
    kWorkflowTaskScheduled,
    kWorkflowTaskStarted,
    kWorkflowTaskCompleted,
    kWorkflowTaskFailed,
    kWorkflowTaskTimedOut,
  };
  enum class Effect : std::uint8_t {
    kNone,
    kAdvanceTime,    // the workflow's "now" becomes the event's time
    kNoteCompleter,  // its metadata says which SDK wrote the command events that follow
    kReseed,         // after a reset the run draws other random numbers than the run it came from
  };
  static constexpr std::size_t kStates = 3;
  static constexpr std::size_t kEvents = 5;
  static constexpr std::string_view kName = "WorkflowTask";

  using S = State;
  using E = Event;
  using F = Effect;
  static constexpr auto kTransitions = std::to_array<Transition<S, E, F>>({
      {S::kIdle, E::kWorkflowTaskScheduled, S::kScheduled, F::kNone},
      {S::kScheduled, E::kWorkflowTaskStarted, S::kStarted, F::kAdvanceTime},
      {S::kScheduled, E::kWorkflowTaskTimedOut, S::kIdle, F::kNone},  // nobody took it from a sticky queue
      {S::kScheduled, E::kWorkflowTaskFailed, S::kIdle, F::kReseed},  // a reset to a task that was not started
      {S::kStarted, E::kWorkflowTaskCompleted, S::kIdle, F::kNoteCompleter},
      {S::kStarted, E::kWorkflowTaskFailed, S::kIdle, F::kReseed},
      {S::kStarted, E::kWorkflowTaskTimedOut, S::kIdle, F::kNone},
  });

  static constexpr std::string_view name_of(State state) {
    constexpr std::array<std::string_view, kStates> kNames{"Idle", "Scheduled", "Started"};
    return kNames[static_cast<std::size_t>(state)];
  }
  static constexpr std::string_view name_of(Event event) {
    constexpr std::array<std::string_view, kEvents> kNames{"WorkflowTaskScheduled", "WorkflowTaskStarted", "WorkflowTaskCompleted",
                                                           "WorkflowTaskFailed", "WorkflowTaskTimedOut"};
    return kNames[static_cast<std::size_t>(event)];
  }
};

using WorkflowTaskMachine = StateMachine<WorkflowTaskMachineDefinition>;

}  // namespace lifecycle::machines
