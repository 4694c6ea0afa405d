// The engine under every machine of this folder. A machine is its table: which state answers which event by going where, and what effect
// its owner must then carry out. Nothing else decides, so reading the table is reading the machine, and a test can ask for every row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lifecycle::machines {

template <class State, class Event, class Effect>
struct Transition {
  State from;
  Event on;
  State to;
  Effect effect;
};

// Definition provides: enums State, Event and Effect that count from zero, kStates and kEvents (how many), kName, kTransitions, and
// name_of() for states and events. At most one row for each state and event; a pair without a row is an event that the state does not
// expect.
template <class Definition>
class StateMachine {
 public:
  using State = Definition::State;
  using Event = Definition::Event;
  using Effect = Definition::Effect;

  // Row of the table for this state and event, nothing when the event is not expected.
  [[nodiscard]] static constexpr std::optional<std::size_t> row(State state, Event event) {
    const std::uint8_t index = kRows[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
    return index == kNoRow ? std::nullopt : std::optional<std::size_t>(index);
  }

  [[nodiscard]] State state() const { return state_; }

  // Takes the transition and returns what to do about it; nothing, and no change, when this state does not expect the event.
  constexpr std::optional<Effect> fire(Event event) {
    const std::optional<std::size_t> found = row(state_, event);
    if (!found) {
      return std::nullopt;
    }
    const auto& transition = Definition::kTransitions[*found];
    state_ = transition.to;
    return transition.effect;
  }

 private:
  static constexpr std::uint8_t kNoRow = 0xFF;
  using Rows = std::array<std::array<std::uint8_t, Definition::kEvents>, Definition::kStates>;

  static consteval Rows make_rows() {
    static_assert(Definition::kTransitions.size() < kNoRow);
    Rows rows{};
    for (auto& of_state : rows) {
      of_state.fill(kNoRow);
    }
    for (std::size_t i = 0; i < Definition::kTransitions.size(); ++i) {
      auto& cell =
          rows[static_cast<std::size_t>(Definition::kTransitions[i].from)][static_cast<std::size_t>(Definition::kTransitions[i].on)];
      if (cell != kNoRow) {
        throw "two rows for one state and event";  // consteval: a compile error
      }
      cell = static_cast<std::uint8_t>(i);
    }
    return rows;
  }

  static constexpr Rows kRows = make_rows();
  State state_ = State{};
};

}  // namespace lifecycle::machines
