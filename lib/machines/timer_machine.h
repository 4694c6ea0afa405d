// One durable timer, from the command that starts it to its end. Source: the server's events 17 to 19.
#pragma once

#include "machines/state_machine.h"

namespace lifecycle::machines {

struct TimerMachineDefinition {
  enum class State : std::uint8_t {
    kCreated,
    kStartCommandCreated,
    kStarted,
    kCancelCommandCreated,  // the code has gone on; the command waits for its place in history
    kClosed,
  };
  enum class Event : std::uint8_t { kStart, kCancel, kTimerStarted, kTimerFired, kTimerCanceled };
  enum class Effect : std::uint8_t {
    kNone,
    kEmitStart,
    kDropStart,  // cancelled before it was sent: neither command leaves
    kEmitCancel,
    kFire,
  };
  static constexpr std::size_t kStates = 5;
  static constexpr std::size_t kEvents = 5;
  static constexpr std::string_view kName = "Timer";

  using S = State;
  using E = Event;
  using F = Effect;
  static constexpr auto kTransitions = std::to_array<Transition<S, E, F>>({
      {S::kCreated, E::kStart, S::kStartCommandCreated, F::kEmitStart},
      {S::kStartCommandCreated, E::kTimerStarted, S::kStarted, F::kNone},
      {S::kStartCommandCreated, E::kCancel, S::kClosed, F::kDropStart},
      {S::kStarted, E::kTimerFired, S::kClosed, F::kFire},
      {S::kStarted, E::kCancel, S::kCancelCommandCreated, F::kEmitCancel},
      {S::kCancelCommandCreated, E::kTimerCanceled, S::kClosed, F::kNone},
  });

  static constexpr std::string_view name_of(State state) {
    constexpr std::array<std::string_view, kStates> kNames{"Created", "StartCommandCreated", "Started", "CancelCommandCreated", "Closed"};
    return kNames[static_cast<std::size_t>(state)];
  }
  static constexpr std::string_view name_of(Event event) {
    constexpr std::array<std::string_view, kEvents> kNames{"Start", "Cancel", "TimerStarted", "TimerFired", "TimerCanceled"};
    return kNames[static_cast<std::size_t>(event)];
  }
};

using TimerMachine = StateMachine<TimerMachineDefinition>;

}  // namespace lifecycle::machines
