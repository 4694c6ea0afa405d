// What the suites of all machines share: walking a machine row by row, and the proof that every row of its table was walked.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "machines/state_machine.h"

namespace lifecycle::machines {

// A suite derives from this, and fails when it ends without having taken every row. Only the walks of its tests count.
template <class Definition>
class MachineTest : public ::testing::Test {
 protected:
  using Machine = StateMachine<Definition>;
  using State = Definition::State;
  using Event = Definition::Event;
  using Effect = Definition::Effect;

  // One row as a test expects it: this event leads there and has that effect.
  struct Step {
    Event on;
    State to;
    Effect effect;
  };

  static void SetUpTestSuite() { taken_rows.fill(false); }
  static void TearDownTestSuite() {
    const ::testing::TestSuite& suite = *::testing::UnitTest::GetInstance()->current_test_suite();
    if (suite.test_to_run_count() != suite.total_test_count()) {
      return;  // a filter left tests out, and their rows with them
    }
    for (std::size_t row = 0; row < taken_rows.size(); ++row) {
      if (!taken_rows[row]) {
        const auto& transition = Definition::kTransitions[row];
        ADD_FAILURE() << Definition::kName << " machine: no test takes the row " << Definition::name_of(transition.from) << " --"
                      << Definition::name_of(transition.on) << "--> " << Definition::name_of(transition.to);
      }
    }
  }

  // Walks a new machine along `steps` and expects each of them to be a row of the table.
  static void walk(std::initializer_list<Step> steps) {
    Machine machine;
    for (const Step& step : steps) {
      SCOPED_TRACE(std::string(Definition::name_of(machine.state())) + " on " + std::string(Definition::name_of(step.on)));
      if (const std::optional<std::size_t> row = Machine::row(machine.state(), step.on)) {
        taken_rows[*row] = true;
      }
      EXPECT_EQ(machine.fire(step.on), step.effect);
      EXPECT_EQ(machine.state(), step.to);
    }
  }

  // Expects every pair of a state and an event that has no row to be refused, and to change nothing.
  static void expect_no_other_row_changes_anything() {
    for (const auto& [state, machine] : reachable()) {
      for (std::size_t index = 0; index < Definition::kEvents; ++index) {
        const auto event = static_cast<Event>(index);
        if (Machine::row(state, event)) {
          continue;
        }
        Machine copy = machine;
        EXPECT_EQ(copy.fire(event), std::nullopt) << Definition::name_of(state) << " on " << Definition::name_of(event);
        EXPECT_EQ(copy.state(), state);
      }
    }
  }

  // Expects each state to be reachable, and to have a name of its own; likewise the events.
  static void expect_every_state_can_be_reached_and_has_a_name() {
    EXPECT_EQ(reachable().size(), Definition::kStates);
    for (std::size_t index = 0; index < Definition::kStates; ++index) {
      for (std::size_t other = 0; other < index; ++other) {
        EXPECT_NE(Definition::name_of(static_cast<State>(index)), Definition::name_of(static_cast<State>(other)));
      }
    }
    for (std::size_t index = 0; index < Definition::kEvents; ++index) {
      for (std::size_t other = 0; other < index; ++other) {
        EXPECT_NE(Definition::name_of(static_cast<Event>(index)), Definition::name_of(static_cast<Event>(other)));
      }
    }
  }

 private:
  struct Reached {
    State state;
    Machine machine;
  };

  // A machine in each state that events can lead to.
  static std::vector<Reached> reachable() {
    std::vector<Reached> found{{.state = State{}, .machine = Machine()}};
    for (std::size_t next = 0; next < found.size(); ++next) {
      for (std::size_t index = 0; index < Definition::kEvents; ++index) {
        Machine machine = found[next].machine;
        machine.fire(static_cast<Event>(index));
        const State state = machine.state();
        if (std::ranges::find(found, state, &Reached::state) == found.end()) {
          found.push_back({.state = state, .machine = machine});
        }
      }
    }
    return found;
  }

  static inline std::array<bool, Definition::kTransitions.size()> taken_rows{};
};

}  // namespace lifecycle::machines
