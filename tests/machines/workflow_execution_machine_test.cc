#include "machines/workflow_execution_machine.h"

#include "tests/machines/machine_test.h"

namespace lifecycle::machines {
namespace {

using S = WorkflowExecutionMachineDefinition::State;
using E = WorkflowExecutionMachineDefinition::Event;
using F = WorkflowExecutionMachineDefinition::Effect;

class WorkflowExecutionMachineTest : public MachineTest<WorkflowExecutionMachineDefinition> {
 protected:
  static constexpr Step kStarted{E::kWorkflowExecutionStarted, S::kRunning, F::kInitialize};
  static constexpr Step kCancelRequested{E::kWorkflowExecutionCancelRequested, S::kCancelRequested, F::kDeliverCancel};
  static constexpr Step kEnd{E::kEnd, S::kTerminalCommandCreated, F::kEmitTerminal};
};

TEST_F(WorkflowExecutionMachineTest, DeliversSignalsUntilTheCodeEnds) {
  const Step signal{E::kWorkflowExecutionSignaled, S::kRunning, F::kDeliverSignal};
  walk({kStarted, signal, signal, kEnd, {E::kEndRecorded, S::kClosed, F::kNone}});
}

TEST_F(WorkflowExecutionMachineTest, DeliversTheFirstCancelRequestOnlyAndSignalsAfterIt) {
  walk({kStarted,
        kCancelRequested,
        {E::kWorkflowExecutionCancelRequested, S::kCancelRequested, F::kNone},
        {E::kWorkflowExecutionSignaled, S::kCancelRequested, F::kDeliverSignal},
        kEnd,
        {E::kEndRecorded, S::kClosed, F::kNone}});
}

TEST_F(WorkflowExecutionMachineTest, ClosesWhenTheServerEndsTheRunWhateverTheCodeDid) {
  for (const E ended : {E::kWorkflowExecutionTerminated, E::kWorkflowExecutionTimedOut}) {
    const Step closed{ended, S::kClosed, F::kNone};
    walk({kStarted, closed});
    walk({kStarted, kCancelRequested, closed});
    walk({kStarted, kEnd, closed});
  }
}

TEST_F(WorkflowExecutionMachineTest, RefusesWhatHasNoRow) { expect_no_other_row_changes_anything(); }

TEST_F(WorkflowExecutionMachineTest, HasNamesForItsStatesAndAllOfThemCanBeReached) { expect_every_state_can_be_reached_and_has_a_name(); }

}  // namespace
}  // namespace lifecycle::machines
