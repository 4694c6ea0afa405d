// Broken invariants: the process ends with a reason, because going on would corrupt somebody's workflow.
#pragma once

#include <source_location>
#include <string_view>

namespace lifecycle {

// Writes "file:line: invariant broken: reason" to standard error and aborts.
[[noreturn]] void die(std::string_view reason, std::source_location where = std::source_location::current());

inline void check(bool condition, std::string_view reason, std::source_location where = std::source_location::current()) {
  if (!condition) [[unlikely]] {
    die(reason, where);
  }
}

}  // namespace lifecycle
