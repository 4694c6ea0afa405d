// Types of application failures that a worker of this library reports by itself.
#pragma once

#include <string_view>

namespace lifecycle::api {

// Of an attempt whose worker is dead: its supervisor reports it, in the dead worker's name.
inline constexpr std::string_view kWorkerDiedFailure = "WorkerDied";

}  // namespace lifecycle::api
