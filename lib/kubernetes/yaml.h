// YAML as JSON, the way kubectl reads it: YAML 1.1 booleans, and of a repeated key the last counts. Private to lib/kubernetes.
#pragma once

#include <string_view>

#include "base/error.h"
#include "kubernetes/types.h"

namespace lifecycle::kubernetes {

// Errors: kInvalidConfig with the line, for what is not YAML, has keys that are no text, or is larger or deeper than a configuration can
// be.
[[nodiscard]] Result<Json> json_from_yaml(std::string_view text);

}  // namespace lifecycle::kubernetes
