#include "machines/workflow_task_machine.h"

#include "tests/machines/machine_test.h"

namespace lifecycle::machines {
namespace {

using S = WorkflowTaskMachineDefinition::State;
using E = WorkflowTaskMachineDefinition::Event;
using F = WorkflowTaskMachineDefinition::Effect;

class WorkflowTaskMachineTest : public MachineTest<WorkflowTaskMachineDefinition> {
 protected:
  static constexpr Step kScheduled{E::kWorkflowTaskScheduled, S::kScheduled, F::kNone};
  static constexpr Step kStarted{E::kWorkflowTaskStarted, S::kStarted, F::kAdvanceTime};
};

TEST_F(WorkflowTaskMachineTest, AdvancesTimeAtTheStartAndNotesWhoCompletedTheTask) {
  walk({kScheduled, kStarted, {E::kWorkflowTaskCompleted, S::kIdle, F::kNoteCompleter}, kScheduled});
}

TEST_F(WorkflowTaskMachineTest, ATaskThatFailsMayHaveBeenAReset) {
  walk({kScheduled, kStarted, {E::kWorkflowTaskFailed, S::kIdle, F::kReseed}, kScheduled});
  walk({kScheduled, {E::kWorkflowTaskFailed, S::kIdle, F::kReseed}, kScheduled});
}

TEST_F(WorkflowTaskMachineTest, ATaskThatTimesOutLeavesNoTraceWhetherOrNotItWasStarted) {
  walk({kScheduled, kStarted, {E::kWorkflowTaskTimedOut, S::kIdle, F::kNone}, kScheduled});
  walk({kScheduled, {E::kWorkflowTaskTimedOut, S::kIdle, F::kNone}, kScheduled});
}

TEST_F(WorkflowTaskMachineTest, RefusesWhatHasNoRow) { expect_no_other_row_changes_anything(); }

TEST_F(WorkflowTaskMachineTest, HasNamesForItsStatesAndAllOfThemCanBeReached) { expect_every_state_can_be_reached_and_has_a_name(); }

}  // namespace
}  // namespace lifecycle::machines
