#include "machines/timer_machine.h"

#include "tests/machines/machine_test.h"

namespace lifecycle::machines {
namespace {

using S = TimerMachineDefinition::State;
using E = TimerMachineDefinition::Event;
using F = TimerMachineDefinition::Effect;

class TimerMachineTest : public MachineTest<TimerMachineDefinition> {
 protected:
  static constexpr Step kStart{E::kStart, S::kStartCommandCreated, F::kEmitStart};
  static constexpr Step kStarted{E::kTimerStarted, S::kStarted, F::kNone};
};

TEST_F(TimerMachineTest, FiresOnce) { walk({kStart, kStarted, {E::kTimerFired, S::kClosed, F::kFire}}); }

TEST_F(TimerMachineTest, SendsNeitherCommandWhenItIsCancelledBeforeItIsSent) { walk({kStart, {E::kCancel, S::kClosed, F::kDropStart}}); }

TEST_F(TimerMachineTest, ACancelledTimerSendsTheCommandAndClosesWhenItIsRecorded) {
  walk({kStart, kStarted, {E::kCancel, S::kCancelCommandCreated, F::kEmitCancel}, {E::kTimerCanceled, S::kClosed, F::kNone}});
}

TEST_F(TimerMachineTest, RefusesWhatHasNoRow) { expect_no_other_row_changes_anything(); }

TEST_F(TimerMachineTest, HasNamesForItsStatesAndAllOfThemCanBeReached) { expect_every_state_can_be_reached_and_has_a_name(); }

}  // namespace
}  // namespace lifecycle::machines
