// Would this code accept that history? The same loop as in a worker, with a file instead of a server.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "base/error.h"
#include "registry/cached_run.h"
#include "registry/registry.h"

namespace lifecycle::replay {

enum class Verdict : std::uint8_t {
  kReplayed,    // the code does what the history says, to its end
  kInProgress,  // likewise, as far as the history goes: it is still open
  kMismatch,    // the code fails the history's workflow task: nondeterminism, or it threw
};

struct ReplayResult {
  Verdict verdict = Verdict::kReplayed;
  core::WorkflowTaskFailure failure = {};  // with kMismatch
};

class Replayer {
 public:
  // `registry` outlives the replayer.
  explicit Replayer(const Registry& registry) : registry_(registry) {}

  // Errors: kNotFound when the registry lacks the workflow's type, kDataLoss when the history is empty, or has gaps or events in an order
  // that no server writes.
  [[nodiscard]] Result<ReplayResult> replay(std::shared_ptr<const api::History> history) const;
  // The same of a file, in any of the forms that history::read_history_file() reads. Its errors, and those above, with the path.
  [[nodiscard]] Result<ReplayResult> replay_file(const std::string& path) const;

 private:
  const Registry& registry_;
};

}  // namespace lifecycle::replay
