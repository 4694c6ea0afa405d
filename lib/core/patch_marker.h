// How a patch is written into history: a marker, in the encoding of the official Core SDKs, so that a run may move between them and this
// one; and beside it the search attribute by which people find the runs that took a patch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/api.h"

namespace lifecycle::core {

// Number of the flag with which the Core SDKs declare, in the workflow task that does so first, that patches set the search attribute. They
// expect those events in a history that has it, and no others.
inline constexpr std::uint32_t kUpsertSearchAttributeOnPatch = 2;

struct PatchMarker {
  std::string patch_id;
  bool deprecated = false;
  friend bool operator==(const PatchMarker&, const PatchMarker&) = default;
};

// True for the marker of a patch, whether or not it can be read. Other SDKs record markers of other kinds.
[[nodiscard]] bool is_patch_marker(const api::HistoryEvent& event);

// What a patch's marker says; nothing when its details cannot be read.
[[nodiscard]] std::optional<PatchMarker> read_patch_marker(const api::HistoryEvent& event);

// The command that records the marker. The patch id is UTF-8.
[[nodiscard]] api::Command record_marker_command(const PatchMarker& marker);

// The command that sets the search attribute TemporalChangeVersion to these ids, which are sorted; nothing when the server would refuse so
// long a value, and the list then stays as it was.
[[nodiscard]] std::optional<api::Command> upsert_change_versions_command(const std::vector<std::string>& patch_ids);

// True for the event of such a command.
[[nodiscard]] bool is_change_versions_upsert(const api::HistoryEvent& event);

}  // namespace lifecycle::core
