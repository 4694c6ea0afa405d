#pragma once

#include <string_view>

namespace lifecycle::worker {

// The version with which this SDK signs workflow tasks; set by the build.
inline constexpr std::string_view kSdkVersion = LIFECYCLE_VERSION;

}  // namespace lifecycle::worker
