// A failure as one readable line: what happened, and why.
#pragma once

#include <string>
#include <vector>

#include "api/api.h"

namespace lifecycle::cli {

// The failure and its causes, outermost first: "activity ProcessStep failed (on 7@host/v1.0.0#ab)", "SimulatedFailure: step 2 fails on
// purpose". Control characters are replaced, so that each is one line. A chain is cut at kFailureCausesMax.
[[nodiscard]] std::vector<std::string> failure_lines(const api::Failure& failure);

inline constexpr std::size_t kFailureCausesMax = 20;

// The same joined by ": ".
[[nodiscard]] std::string failure_text(const api::Failure& failure);

}  // namespace lifecycle::cli
