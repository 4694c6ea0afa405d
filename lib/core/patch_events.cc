// The part of WorkflowMachines that knows patches.
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/workflow_machines.h"

namespace lifecycle::core {

void WorkflowMachines::call_patch(const SetPatchMarker& call) {
  if (std::optional<PatchMarker> marker = patches_.call(call, is_replaying_)) {
    pending_.push_back({.command = SetPatchMarker{.patch_id = std::move(marker->patch_id), .deprecated = marker->deprecated},
                        .change_versions = is_replaying_ ? std::vector<std::string>() : patches_.taken()});
  }
}

// A marker belongs to the command at the front when that asks for the same patch. Otherwise it is one that the code may ignore, or one that
// the code lost.
WorkflowMachines::Applied WorkflowMachines::apply_patch_marker(const api::HistoryEvent& event) {
  const std::optional<PatchMarker> marker = read_patch_marker(event);
  if (!marker) {
    return std::unexpected<Problem>(
        Error{.code = ErrorCode::kDataLoss,
              .message = fmt::format("history event {} is the marker of a patch, and its details cannot be read", event.event_id())});
  }
  after_patch_marker_ = true;
  const bool is_pending = pending_front_ < pending_.size();
  const auto* call = is_pending ? std::get_if<SetPatchMarker>(&pending_[pending_front_].command) : nullptr;
  if (call != nullptr && call->patch_id == marker->patch_id) {
    patches_.record(marker->patch_id);
    pending_[pending_front_] = PendingCommand{};
    pass_dropped();
    return {};
  }
  if (patches_.skip(marker->patch_id)) {
    return {};
  }
  return std::unexpected<Problem>(
      Nondeterminism{.event_id = event.event_id(),
                     .recorded = describe(event),
                     .attempted = is_pending ? describe(pending_[pending_front_].command) : std::string("nothing")});
}

}  // namespace lifecycle::core
