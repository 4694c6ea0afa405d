#include "machines/activity_machine.h"

#include "tests/machines/machine_test.h"

namespace lifecycle::machines {
namespace {

using S = ActivityMachineDefinition::State;
using E = ActivityMachineDefinition::Event;
using F = ActivityMachineDefinition::Effect;

class ActivityMachineTest : public MachineTest<ActivityMachineDefinition> {
 protected:
  static constexpr Step kSchedule{E::kSchedule, S::kScheduleCommandCreated, F::kEmitSchedule};
  static constexpr Step kScheduled{E::kActivityTaskScheduled, S::kScheduled, F::kNone};
  static constexpr Step kStarted{E::kActivityTaskStarted, S::kStarted, F::kNone};
  static constexpr Step kTryCancel{E::kTryCancel, S::kAbandonedCommandCreated, F::kEmitCancel};
  static constexpr Step kCancelAndWait{E::kCancelAndWait, S::kCancelCommandCreated, F::kEmitCancel};
  static constexpr Step kAbandon{E::kAbandon, S::kAbandoned, F::kNone};
  static constexpr Step kCancelRecorded{E::kActivityTaskCancelRequested, S::kCancelRequested, F::kNone};
  static constexpr Step kForgottenCancelRecorded{E::kActivityTaskCancelRequested, S::kAbandoned, F::kNone};
};

TEST_F(ActivityMachineTest, ResolvesWithWhateverClosesAStartedActivity) {
  for (const E closing : {E::kActivityTaskCompleted, E::kActivityTaskFailed, E::kActivityTaskTimedOut}) {
    walk({kSchedule, kScheduled, kStarted, {closing, S::kClosed, F::kResolve}});
  }
}

TEST_F(ActivityMachineTest, ResolvesWithATimeOutBeforeAnyWorkerTookTheActivity) {
  walk({kSchedule, kScheduled, {E::kActivityTaskTimedOut, S::kClosed, F::kResolve}});
}

TEST_F(ActivityMachineTest, SendsNeitherCommandWhenItIsCancelledBeforeItIsSent) {
  for (const E cancel : {E::kTryCancel, E::kCancelAndWait, E::kAbandon}) {
    walk({kSchedule, {cancel, S::kClosed, F::kDropSchedule}});
  }
}

TEST_F(ActivityMachineTest, TryCancelAsksAndThenIgnoresWhatTheActivityDoes) {
  for (const E closing : {E::kActivityTaskCompleted, E::kActivityTaskFailed, E::kActivityTaskTimedOut, E::kActivityTaskCanceled}) {
    walk({kSchedule, kScheduled, kStarted, kTryCancel, kForgottenCancelRecorded, {closing, S::kClosed, F::kNone}});
  }
}

TEST_F(ActivityMachineTest, TryCancelAsksAlsoBeforeAWorkerTookTheActivity) {
  walk({kSchedule,
        kScheduled,
        kTryCancel,
        kForgottenCancelRecorded,
        {E::kActivityTaskStarted, S::kAbandoned, F::kNone},
        {E::kActivityTaskCanceled, S::kClosed, F::kNone}});
}

TEST_F(ActivityMachineTest, CancelAndWaitAsksAndResolvesWithWhateverClosesTheActivity) {
  for (const E closing : {E::kActivityTaskCompleted, E::kActivityTaskFailed, E::kActivityTaskTimedOut, E::kActivityTaskCanceled}) {
    walk({kSchedule, kScheduled, kStarted, kCancelAndWait, kCancelRecorded, {closing, S::kClosed, F::kResolve}});
  }
}

TEST_F(ActivityMachineTest, CancelAndWaitGoesOnWaitingWhenAWorkerTakesTheActivityAfterwards) {
  walk({kSchedule,
        kScheduled,
        kCancelAndWait,
        kCancelRecorded,
        {E::kActivityTaskStarted, S::kCancelRequested, F::kNone},
        {E::kActivityTaskCanceled, S::kClosed, F::kResolve}});
}

TEST_F(ActivityMachineTest, AbandonSendsNothingAndIgnoresWhatTheActivityDoes) {
  walk({kSchedule,
        kScheduled,
        kAbandon,
        {E::kActivityTaskStarted, S::kAbandoned, F::kNone},
        {E::kActivityTaskCompleted, S::kClosed, F::kNone}});
  walk({kSchedule, kScheduled, kStarted, kAbandon, {E::kActivityTaskFailed, S::kClosed, F::kNone}});
}

TEST_F(ActivityMachineTest, RefusesWhatHasNoRow) { expect_no_other_row_changes_anything(); }

TEST_F(ActivityMachineTest, HasNamesForItsStatesAndAllOfThemCanBeReached) { expect_every_state_can_be_reached_and_has_a_name(); }

}  // namespace
}  // namespace lifecycle::machines
