// Default workflow ids: readable, sorted by time, and different for two starts in the same second.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace lifecycle::cli {

// "<prefix>-20261125-132248-3f9a1c": the time in UTC, and 24 random bits.
[[nodiscard]] std::string make_workflow_id(std::string_view prefix, WallTime now, RandomStream& random);

}  // namespace lifecycle::cli
