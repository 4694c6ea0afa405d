// One activity, from the command that schedules it to the event that closes it. Source: the server's events 10 to 16 and the cancellation
// types of the official SDKs.
#pragma once

#include "machines/state_machine.h"

namespace lifecycle::machines {

struct ActivityMachineDefinition {
  enum class State : std::uint8_t {
    kCreated,
    kScheduleCommandCreated,   // waits for its place in history
    kScheduled,                // recorded; a worker may have it
    kStarted,                  // written only together with the closing event when the activity has a retry policy
    kCancelCommandCreated,     // the code waits for the activity to confirm
    kCancelRequested,          // recorded; still waiting
    kAbandonedCommandCreated,  // the code has gone on (try-cancel); the command waits for its place
    kAbandoned,                // the code has gone on, whatever comes is of no interest
    kClosed,
  };
  enum class Event : std::uint8_t {
    kSchedule,
    kTryCancel,
    kCancelAndWait,
    kAbandon,
    kActivityTaskScheduled,
    kActivityTaskStarted,
    kActivityTaskCancelRequested,
    kActivityTaskCompleted,
    kActivityTaskFailed,
    kActivityTaskTimedOut,
    kActivityTaskCanceled,
  };
  enum class Effect : std::uint8_t {
    kNone,
    kEmitSchedule,
    kDropSchedule,  // cancelled before it was sent: neither command leaves
    kEmitCancel,
    kResolve,
  };
  static constexpr std::size_t kStates = 9;
  static constexpr std::size_t kEvents = 11;
  static constexpr std::string_view kName = "Activity";

  using S = State;
  using E = Event;
  using F = Effect;
  static constexpr auto kTransitions = std::to_array<Transition<S, E, F>>({
      {S::kCreated, E::kSchedule, S::kScheduleCommandCreated, F::kEmitSchedule},

      {S::kScheduleCommandCreated, E::kActivityTaskScheduled, S::kScheduled, F::kNone},
      {S::kScheduleCommandCreated, E::kTryCancel, S::kClosed, F::kDropSchedule},
      {S::kScheduleCommandCreated, E::kCancelAndWait, S::kClosed, F::kDropSchedule},
      {S::kScheduleCommandCreated, E::kAbandon, S::kClosed, F::kDropSchedule},

      {S::kScheduled, E::kActivityTaskStarted, S::kStarted, F::kNone},
      {S::kScheduled, E::kActivityTaskTimedOut, S::kClosed, F::kResolve},  // schedule-to-start, or -to-close before a start
      {S::kScheduled, E::kTryCancel, S::kAbandonedCommandCreated, F::kEmitCancel},
      {S::kScheduled, E::kCancelAndWait, S::kCancelCommandCreated, F::kEmitCancel},
      {S::kScheduled, E::kAbandon, S::kAbandoned, F::kNone},

      {S::kStarted, E::kActivityTaskCompleted, S::kClosed, F::kResolve},
      {S::kStarted, E::kActivityTaskFailed, S::kClosed, F::kResolve},
      {S::kStarted, E::kActivityTaskTimedOut, S::kClosed, F::kResolve},
      {S::kStarted, E::kTryCancel, S::kAbandonedCommandCreated, F::kEmitCancel},
      {S::kStarted, E::kCancelAndWait, S::kCancelCommandCreated, F::kEmitCancel},
      {S::kStarted, E::kAbandon, S::kAbandoned, F::kNone},

      {S::kCancelCommandCreated, E::kActivityTaskCancelRequested, S::kCancelRequested, F::kNone},
      {S::kCancelRequested, E::kActivityTaskStarted, S::kCancelRequested, F::kNone},
      {S::kCancelRequested, E::kActivityTaskCompleted, S::kClosed, F::kResolve},
      {S::kCancelRequested, E::kActivityTaskFailed, S::kClosed, F::kResolve},
      {S::kCancelRequested, E::kActivityTaskTimedOut, S::kClosed, F::kResolve},
      {S::kCancelRequested, E::kActivityTaskCanceled, S::kClosed, F::kResolve},

      {S::kAbandonedCommandCreated, E::kActivityTaskCancelRequested, S::kAbandoned, F::kNone},
      {S::kAbandoned, E::kActivityTaskStarted, S::kAbandoned, F::kNone},
      {S::kAbandoned, E::kActivityTaskCompleted, S::kClosed, F::kNone},
      {S::kAbandoned, E::kActivityTaskFailed, S::kClosed, F::kNone},
      {S::kAbandoned, E::kActivityTaskTimedOut, S::kClosed, F::kNone},
      {S::kAbandoned, E::kActivityTaskCanceled, S::kClosed, F::kNone},
  });

  static constexpr std::string_view name_of(State state) {
    constexpr std::array<std::string_view, kStates> kNames{
        "Created",         "ScheduleCommandCreated",  "Scheduled", "Started", "CancelCommandCreated",
        "CancelRequested", "AbandonedCommandCreated", "Abandoned", "Closed"};
    return kNames[static_cast<std::size_t>(state)];
  }
  static constexpr std::string_view name_of(Event event) {
    constexpr std::array<std::string_view, kEvents> kNames{"Schedule",
                                                           "TryCancel",
                                                           "CancelAndWait",
                                                           "Abandon",
                                                           "ActivityTaskScheduled",
                                                           "ActivityTaskStarted",
                                                           "ActivityTaskCancelRequested",
                                                           "ActivityTaskCompleted",
                                                           "ActivityTaskFailed",
                                                           "ActivityTaskTimedOut",
                                                           "ActivityTaskCanceled"};
    return kNames[static_cast<std::size_t>(event)];
  }
};

using ActivityMachine = StateMachine<ActivityMachineDefinition>;

}  // namespace lifecycle::machines
