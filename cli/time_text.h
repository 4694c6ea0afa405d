// Points in time as text, in the ways that the temporal CLI's --time-format has.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace lifecycle::cli {

enum class TimeFormat : std::uint8_t { kRelative, kIso, kRaw };

// RFC 3339 in UTC with milliseconds: "2026-11-25T13:22:48.123Z". JSON output uses it whatever the format for people is.
[[nodiscard]] std::string iso_time(WallTime time);

// kRelative counts from `origin` ("+12.3s"), kIso is iso_time(), kRaw has all nine digits ("2026-11-25 13:22:48.123456789 +0000 UTC").
[[nodiscard]] std::string time_text(TimeFormat format, WallTime time, WallTime origin);

// A duration for people, to a tenth of a second: "0.3s", "12.0s", "1m05.2s", "2h03m10.0s".
[[nodiscard]] std::string short_duration(Duration duration);

// Whole milliseconds, as JSON's ...Millis fields have them.
[[nodiscard]] std::int64_t to_millis(Duration duration);

}  // namespace lifecycle::cli
