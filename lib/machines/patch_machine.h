// One patch id within one run: what history and the code say about it, and which of the two decides. Source: the patch table of the
// official SDKs, twelve outcomes of what history holds when the code gets there (nothing yet, a marker, a deprecated marker, a past without
// one) and what the code does (nothing, patched, deprecate_patch). Where the code does nothing and history holds nothing there is no
// machine.
#pragma once

#include "machines/state_machine.h"

namespace lifecycle::machines {

struct PatchMachineDefinition {
  enum class State : std::uint8_t {
    kUnseen,
    kOldCode,                // the run passed here before the patch existed: it stays on the old side
    kMarkerAhead,            // history holds a marker that the code must ask for
    kDeprecatedMarkerAhead,  // history holds a marker that the code may ask for
    kMarkerCommandCreated,   // waits for its place in history
    kRecorded,
    kSkipped,  // a deprecated marker went by
  };
  enum class Event : std::uint8_t {
    kMarkerSeen,  // in the answer to the workflow task that the code is about to see
    kDeprecatedMarkerSeen,
    kPatched,
    kDeprecatePatch,
    kPatchedInReplay,
    kDeprecatePatchInReplay,
    kMarkerRecorded,   // and the code's command is the one that recorded it
    kMarkerUnclaimed,  // and no command of the code is
  };
  enum class Effect : std::uint8_t {
    kNone,
    kNotify,  // the code may take the new side
    kQueueMarker,
    kQueueDeprecatedMarker,
    kSkipMarker,
    kRefuseMarker,  // nondeterminism: the code lost a patch that this run needs
  };
  static constexpr std::size_t kStates = 7;
  static constexpr std::size_t kEvents = 8;
  static constexpr std::string_view kName = "Patch";

  using S = State;
  using E = Event;
  using F = Effect;
  static constexpr auto kTransitions = std::to_array<Transition<S, E, F>>({
      {S::kUnseen, E::kPatched, S::kMarkerCommandCreated, F::kQueueMarker},
      {S::kUnseen, E::kDeprecatePatch, S::kMarkerCommandCreated, F::kQueueDeprecatedMarker},
      {S::kUnseen, E::kPatchedInReplay, S::kOldCode, F::kNone},
      {S::kUnseen, E::kDeprecatePatchInReplay, S::kOldCode, F::kNone},
      {S::kUnseen, E::kMarkerSeen, S::kMarkerAhead, F::kNotify},
      {S::kUnseen, E::kDeprecatedMarkerSeen, S::kDeprecatedMarkerAhead, F::kNotify},

      // The code passed here twice, and asked only the second time when it wrote this history.
      {S::kOldCode, E::kMarkerSeen, S::kMarkerAhead, F::kNotify},
      {S::kOldCode, E::kDeprecatedMarkerSeen, S::kDeprecatedMarkerAhead, F::kNotify},

      {S::kMarkerAhead, E::kPatchedInReplay, S::kMarkerCommandCreated, F::kQueueMarker},
      {S::kMarkerAhead, E::kDeprecatePatchInReplay, S::kMarkerCommandCreated, F::kQueueDeprecatedMarker},
      {S::kMarkerAhead, E::kMarkerUnclaimed, S::kMarkerAhead, F::kRefuseMarker},

      // It is skipped when it comes, whether or not the code asks: that is what deprecating means.
      {S::kDeprecatedMarkerAhead, E::kPatchedInReplay, S::kDeprecatedMarkerAhead, F::kNone},
      {S::kDeprecatedMarkerAhead, E::kDeprecatePatchInReplay, S::kDeprecatedMarkerAhead, F::kNone},
      {S::kDeprecatedMarkerAhead, E::kMarkerUnclaimed, S::kSkipped, F::kSkipMarker},

      {S::kMarkerCommandCreated, E::kMarkerRecorded, S::kRecorded, F::kNone},

      // Code that asks for it later after all.
      {S::kSkipped, E::kPatched, S::kMarkerCommandCreated, F::kQueueMarker},
      {S::kSkipped, E::kDeprecatePatch, S::kMarkerCommandCreated, F::kQueueDeprecatedMarker},
      {S::kSkipped, E::kPatchedInReplay, S::kSkipped, F::kNone},
      {S::kSkipped, E::kDeprecatePatchInReplay, S::kSkipped, F::kNone},
      {S::kSkipped, E::kMarkerSeen, S::kMarkerAhead, F::kNotify},
      {S::kSkipped, E::kDeprecatedMarkerSeen, S::kDeprecatedMarkerAhead, F::kNotify},
  });

  static constexpr std::string_view name_of(State state) {
    constexpr std::array<std::string_view, kStates> kNames{
        "Unseen", "OldCode", "MarkerAhead", "DeprecatedMarkerAhead", "MarkerCommandCreated", "Recorded", "Skipped"};
    return kNames[static_cast<std::size_t>(state)];
  }
  static constexpr std::string_view name_of(Event event) {
    constexpr std::array<std::string_view, kEvents> kNames{"MarkerSeen",     "DeprecatedMarkerSeen", "Patched",
                                                           "DeprecatePatch", "PatchedInReplay",      "DeprecatePatchInReplay",
                                                           "MarkerRecorded", "MarkerUnclaimed"};
    return kNames[static_cast<std::size_t>(event)];
  }
};

using PatchMachine = StateMachine<PatchMachineDefinition>;

}  // namespace lifecycle::machines
