// Durations as people write them: "500ms", "5s", "1m30s", "2h", "1.5s". The grammar is Go's, because the temporal CLI's flags use it.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace lifecycle {

// Units: ns, us, ms, s, m, h, d. Errors: kInvalidArgument for an empty text, a number without unit, an unknown unit, a negative
// value, or one over 292 years.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// Shortest text that reads back as the same duration, rounded to three significant places below a second: "1m30s", "4.5s", "250ms".
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace lifecycle
