#include "machines/patch_machine.h"

#include "tests/machines/machine_test.h"

namespace lifecycle::machines {
namespace {

using S = PatchMachineDefinition::State;
using E = PatchMachineDefinition::Event;
using F = PatchMachineDefinition::Effect;

class PatchMachineTest : public MachineTest<PatchMachineDefinition> {
 protected:
  static constexpr Step kAhead{E::kMarkerSeen, S::kMarkerAhead, F::kNotify};
  static constexpr Step kDeprecatedAhead{E::kDeprecatedMarkerSeen, S::kDeprecatedMarkerAhead, F::kNotify};
  static constexpr Step kRecorded{E::kMarkerRecorded, S::kRecorded, F::kNone};
  static constexpr Step kSkipped{E::kMarkerUnclaimed, S::kSkipped, F::kSkipMarker};
  static constexpr Step kOldCode{E::kPatchedInReplay, S::kOldCode, F::kNone};
};

TEST_F(PatchMachineTest, NewCodeRecordsAMarker) { walk({{E::kPatched, S::kMarkerCommandCreated, F::kQueueMarker}, kRecorded}); }

TEST_F(PatchMachineTest, DeprecatingCodeRecordsADeprecatedMarker) {
  walk({{E::kDeprecatePatch, S::kMarkerCommandCreated, F::kQueueDeprecatedMarker}, kRecorded});
}

TEST_F(PatchMachineTest, CodeThatMeetsItsMarkerAgainClaimsIt) {
  walk({kAhead, {E::kPatchedInReplay, S::kMarkerCommandCreated, F::kQueueMarker}, kRecorded});
  walk({kAhead, {E::kDeprecatePatchInReplay, S::kMarkerCommandCreated, F::kQueueDeprecatedMarker}, kRecorded});
}

TEST_F(PatchMachineTest, CodeThatDoesNotAskForItsMarkerIsRefused) {
  walk({kAhead, {E::kMarkerUnclaimed, S::kMarkerAhead, F::kRefuseMarker}});
}

TEST_F(PatchMachineTest, ADeprecatedMarkerIsSkippedWhetherOrNotTheCodeAsks) {
  walk({kDeprecatedAhead, kSkipped});
  walk({kDeprecatedAhead, {E::kPatchedInReplay, S::kDeprecatedMarkerAhead, F::kNone}, kSkipped});
  walk({kDeprecatedAhead, {E::kDeprecatePatchInReplay, S::kDeprecatedMarkerAhead, F::kNone}, kSkipped});
}

TEST_F(PatchMachineTest, ARunThatPassedBeforeThePatchStaysOnTheOldSide) {
  walk({kOldCode});
  walk({{E::kDeprecatePatchInReplay, S::kOldCode, F::kNone}});
}

TEST_F(PatchMachineTest, AMarkerThatAnOlderCodeAskedForLaterIsStillSeen) {
  walk({kOldCode, kAhead});
  walk({kOldCode, kDeprecatedAhead});
}

TEST_F(PatchMachineTest, CodeThatAsksAfterTheDeprecatedMarkerWentBy) {
  walk({kDeprecatedAhead, kSkipped, {E::kPatched, S::kMarkerCommandCreated, F::kQueueMarker}, kRecorded});
  walk({kDeprecatedAhead, kSkipped, {E::kDeprecatePatch, S::kMarkerCommandCreated, F::kQueueDeprecatedMarker}, kRecorded});
  walk({kDeprecatedAhead, kSkipped, {E::kPatchedInReplay, S::kSkipped, F::kNone}, kAhead});
  walk({kDeprecatedAhead, kSkipped, {E::kDeprecatePatchInReplay, S::kSkipped, F::kNone}, kDeprecatedAhead});
}

TEST_F(PatchMachineTest, RefusesWhatHasNoRow) { expect_no_other_row_changes_anything(); }

TEST_F(PatchMachineTest, HasNamesForItsStatesAndAllOfThemCanBeReached) { expect_every_state_can_be_reached_and_has_a_name(); }

}  // namespace
}  // namespace lifecycle::machines
