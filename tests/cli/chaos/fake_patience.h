// Time that passes only by being waited for.
#pragma once

#include <functional>

#include "cli/chaos/injector.h"

namespace lifecycle::cli::chaos::test {

class FakePatience final : public Patience {
 public:
  bool wait(Duration duration) override {
    clock_.now += duration;
    on_wait();
    return going_on;
  }
  [[nodiscard]] const Clock& clock() const override { return clock_; }

  std::function<void()> on_wait = [] {};
  bool going_on = true;

 private:
  class FakeClock final : public Clock {
   public:
    [[nodiscard]] WallTime wall_now() const override { return WallTime(now); }
    [[nodiscard]] SteadyTime steady_now() const override { return SteadyTime(now); }
    Duration now = std::chrono::hours(490'000);
  };

  FakeClock clock_;
};

}  // namespace lifecycle::cli::chaos::test
