// An event loop whose time moves only when a test says so.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "rpc/runnable_event_loop.h"
#include "rpc/timer_queue.h"

namespace lifecycle::test {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  [[nodiscard]] SteadyTime steady_now() const override { return steady_; }
  void advance(Duration duration) {
    wall_ += duration;
    steady_ += duration;
  }

 private:
  WallTime wall_{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
  SteadyTime steady_{std::chrono::hours(1)};
};

// post() may be called by any thread, as with every loop; everything else belongs to the test's thread.
class ManualEventLoop final : public rpc::RunnableEventLoop {
 public:
  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    posted_something_.notify_one();
  }
  TimerId schedule(Duration delay, Task task) override { return timers_.add(clock_.steady_now() + delay, std::move(task)); }
  void cancel(TimerId timer) override { timers_.remove(timer); }
  [[nodiscard]] const ManualClock& clock() const override { return clock_; }

  // Runs what is posted and what is due, and what that posts, until nothing is ready. Time stands still.
  void run_ready() {
    while (run_one_ready()) {
    }
  }

  // Lets `duration` pass: timers run in their order, each at its own time.
  void advance(Duration duration) {
    const SteadyTime end = clock_.steady_now() + duration;
    run_ready();
    while (timers_.next_due() && *timers_.next_due() <= end) {
      clock_.advance(*timers_.next_due() - clock_.steady_now());
      run_ready();
    }
    clock_.advance(end - clock_.steady_now());
  }

  // Runs what is ready and, when nothing is, lets time pass up to the next timer. A test in which nothing is left to wait for dies at once
  // instead of hanging.
  void run_until(std::move_only_function<bool()> finished) override {
    while (!finished()) {
      if (!run_one_ready()) {
        check(timers_.next_due().has_value(), "the test waits for something that cannot happen any more: no task and no timer is left");
        clock_.advance(*timers_.next_due() - clock_.steady_now());
      }
    }
  }

  // For tests with threads of their own: runs what is ready and waits in real time for the next task that a thread posts. Time stands
  // still.
  void wait_until(std::move_only_function<bool()> finished) {
    while (!finished()) {
      if (!run_one_ready()) {
        std::unique_lock lock(mutex_);
        posted_something_.wait(lock, [this] { return !posted_.empty(); });
      }
    }
  }

  [[nodiscard]] std::size_t timers_waiting() const { return timers_.size(); }

 private:
  bool run_one_ready() {
    std::optional<Task> task = take_posted();
    if (!task) {
      task = timers_.take_due(clock_.steady_now());
    }
    if (task) {
      (*task)();
    }
    return task.has_value();
  }

  std::optional<Task> take_posted() {
    const std::lock_guard lock(mutex_);
    if (posted_.empty()) {
      return std::nullopt;
    }
    Task task = std::move(posted_.front());
    posted_.pop_front();
    return task;
  }

  ManualClock clock_;
  rpc::TimerQueue timers_;
  std::mutex mutex_;
  std::condition_variable posted_something_;
  std::deque<Task> posted_;  // guarded by mutex_
};

}  // namespace lifecycle::test
