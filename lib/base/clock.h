// Time as an argument. system_clock() is the only place in the tree that reads the machine's clocks; everything else is handed a Clock.
#pragma once

#include <chrono>

namespace lifecycle {

using Duration = std::chrono::nanoseconds;
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;                                 // since 1970, UTC; may jump
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;  // never goes back

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  [[nodiscard]] virtual SteadyTime steady_now() const = 0;
};

// The machine's clocks. Thread-safe; lives as long as the process.
[[nodiscard]] const Clock& system_clock();

}  // namespace lifecycle
