#include "machines/query_machine.h"

#include "tests/machines/machine_test.h"

namespace lifecycle::machines {
namespace {

using S = QueryMachineDefinition::State;
using E = QueryMachineDefinition::Event;
using F = QueryMachineDefinition::Effect;

class QueryMachineTest : public MachineTest<QueryMachineDefinition> {
 protected:
  static constexpr Step kAsk{E::kAsk, S::kAsked, F::kActivate};
};

TEST_F(QueryMachineTest, RespondsWithTheResultOrTheFailureOfTheHandler) {
  walk({kAsk, {E::kSucceed, S::kAnswered, F::kRespondResult}});
  walk({kAsk, {E::kFail, S::kAnswered, F::kRespondFailure}});
}

TEST_F(QueryMachineTest, RespondsWithAFailureWhenTheReplayBeforeItFailed) { walk({{E::kFail, S::kAnswered, F::kRespondFailure}}); }

TEST_F(QueryMachineTest, RefusesASecondAnswer) { expect_no_other_row_changes_anything(); }

TEST_F(QueryMachineTest, HasNamesForItsStatesAndAllOfThemCanBeReached) { expect_every_state_can_be_reached_and_has_a_name(); }

}  // namespace
}  // namespace lifecycle::machines
