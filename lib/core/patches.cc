#include "core/patches.h"

#include "base/check.h"

namespace lifecycle::core {
namespace {

using Event = machines::PatchMachineDefinition::Event;
using Effect = machines::PatchMachineDefinition::Effect;
using State = machines::PatchMachineDefinition::State;

Event event_of(const SetPatchMarker& call, bool is_replaying) {
  if (is_replaying) {
    return call.deprecated ? Event::kDeprecatePatchInReplay : Event::kPatchedInReplay;
  }
  return call.deprecated ? Event::kDeprecatePatch : Event::kPatched;
}

}  // namespace

void Patches::look_ahead(const api::HistoryEvent& event, WorkflowActivation& activation) {
  if (!is_patch_marker(event)) {
    return;
  }
  const std::optional<PatchMarker> marker = read_patch_marker(event);
  if (!marker) {
    return;  // its turn comes, and it is refused then
  }
  if (machines_[marker->patch_id].fire(marker->deprecated ? Event::kDeprecatedMarkerSeen : Event::kMarkerSeen) == Effect::kNotify) {
    activation.jobs.emplace_back(NotifyHasPatch{.patch_id = marker->patch_id});
  }
}

std::optional<PatchMarker> Patches::call(const SetPatchMarker& call, bool is_replaying) {
  const std::optional<Effect> effect = machines_[call.patch_id].fire(event_of(call, is_replaying));
  check(effect.has_value(), "the code calls for a patch once in a run");
  if (*effect == Effect::kNone) {
    return std::nullopt;
  }
  return PatchMarker{.patch_id = call.patch_id, .deprecated = *effect == Effect::kQueueDeprecatedMarker};
}

void Patches::record(std::string_view patch_id) {
  const auto found = machines_.find(patch_id);
  check(found != machines_.end() && found->second.fire(Event::kMarkerRecorded), "a patch whose marker is recorded has a machine");
}

bool Patches::skip(std::string_view patch_id) {
  const auto found = machines_.find(patch_id);
  return found != machines_.end() && found->second.fire(Event::kMarkerUnclaimed) == Effect::kSkipMarker;
}

std::vector<std::string> Patches::taken() const {
  std::vector<std::string> ids;
  for (const auto& [id, machine] : machines_) {
    if (machine.state() != State::kOldCode) {
      ids.push_back(id);
    }
  }
  return ids;
}

}  // namespace lifecycle::core
