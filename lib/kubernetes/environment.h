// The process's environment as an argument.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lifecycle::kubernetes {

// The variable's value, or nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

[[nodiscard]] inline std::string variable(const Environment& environment, std::string_view name) {
  return environment(name).value_or(std::string());
}

}  // namespace lifecycle::kubernetes
