// The patches of one run: which of them history knows, and which the code asked for.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "core/activation.h"
#include "core/command.h"
#include "core/patch_marker.h"
#include "machines/patch_machine.h"

namespace lifecycle::core {

class Patches {
 public:
  // An event of the answer that the code is about to give, as it was recorded. A patch's marker becomes a job.
  void look_ahead(const api::HistoryEvent& event, WorkflowActivation& activation);

  // The code's first call for a patch: the marker that must stand in history for it, nothing when none must.
  [[nodiscard]] std::optional<PatchMarker> call(const SetPatchMarker& call, bool is_replaying);

  // The marker's event has come for the command that asked for it.
  void record(std::string_view patch_id);
  // The marker's event has come, and no command asked for it. False when the code must have asked.
  [[nodiscard]] bool skip(std::string_view patch_id);

  // The ids whose new side this run has taken or will take, sorted.
  [[nodiscard]] std::vector<std::string> taken() const;

 private:
  std::map<std::string, machines::PatchMachine, std::less<>> machines_;
};

}  // namespace lifecycle::core
