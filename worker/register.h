// Everything that the demonstration's worker runs.
#pragma once

#include "registry/registry.h"

namespace lifecycle::demo {

void register_all(Registry& registry);

}  // namespace lifecycle::demo
