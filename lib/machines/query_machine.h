// One query, from the task that brings it to its answer: exactly one answer leaves, also when the workflow task fails under it.
#pragma once

#include "machines/state_machine.h"

namespace lifecycle::machines {

struct QueryMachineDefinition {
  enum class State : std::uint8_t { kReceived, kAsked, kAnswered };
  enum class Event : std::uint8_t { kAsk, kSucceed, kFail };
  enum class Effect : std::uint8_t { kActivate, kRespondResult, kRespondFailure };
  static constexpr std::size_t kStates = 3;
  static constexpr std::size_t kEvents = 3;
  static constexpr std::string_view kName = "Query";

  using S = State;
  using E = Event;
  using F = Effect;
  static constexpr auto kTransitions = std::to_array<Transition<S, E, F>>({
      {S::kReceived, E::kAsk, S::kAsked, F::kActivate},
      {S::kReceived, E::kFail, S::kAnswered, F::kRespondFailure},  // the replay before it failed
      {S::kAsked, E::kSucceed, S::kAnswered, F::kRespondResult},
      {S::kAsked, E::kFail, S::kAnswered, F::kRespondFailure},
  });

  static constexpr std::string_view name_of(State state) {
    constexpr std::array<std::string_view, kStates> kNames{"Received", "Asked", "Answered"};
    return kNames[static_cast<std::size_t>(state)];
  }
  static constexpr std::string_view name_of(Event event) {
    constexpr std::array<std::string_view, kEvents> kNames{"Ask", "Succeed", "Fail"};
    return kNames[static_cast<std::size_t>(event)];
  }
};

using QueryMachine = StateMachine<QueryMachineDefinition>;

}  // namespace lifecycle::machines
