// A failure as one readable line: what happened, and why.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"

namespace lifecycle::cli {

// Text from elsewhere as it may be shown on a terminal: valid UTF-8 without control characters, at most `bytes_max` of it.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t bytes_max = 500);

// The failure and its causes, outermost first: "activity ProcessStep failed (on 7@host/v1.0.0#ab)", "SimulatedFailure: step 2 fails on
// purpose". Control characters are replaced, so that each is one line. A chain is cut at kFailureCausesMax.
[[nodiscard]] std::vector<std::string> failure_lines(const api::Failure& failure);

inline constexpr std::size_t kFailureCausesMax = 20;

// The same joined by ": ".
[[nodiscard]] std::string failure_text(const api::Failure& failure);

}  // namespace lifecycle::cli
