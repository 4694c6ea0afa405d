// Times as Kubernetes writes them. Private to lib/kubernetes.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace lifecycle::kubernetes {

// RFC 3339: "2026-11-27T15:20:00Z", "2026-11-27T15:20:00.123456+01:00". Nothing for anything else.
[[nodiscard]] std::optional<WallTime> parse_time(std::string_view text);

}  // namespace lifecycle::kubernetes
