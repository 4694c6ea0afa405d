#include "cli/workflow_id.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace lifecycle::cli {

std::string make_workflow_id(std::string_view prefix, WallTime now, RandomStream& random) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  return fmt::format("{}-{:%Y%m%d-%H%M%S}-{:06x}", prefix, fmt::gmtime(seconds.time_since_epoch().count()), random.below(1U << 24U));
}

}  // namespace lifecycle::cli
