// An activity whose thread does what the test tells it, one step after the other, so that no test ever sleeps to let a thread get
// somewhere.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "activity/context.h"
#include "workflow/options.h"

namespace lifecycle::test {

inline constexpr ActivityType<std::string(int)> kPuppet{"Puppet"};

class Puppet {
 public:
  Puppet() = default;
  Puppet(const Puppet&) = delete;
  Puppet& operator=(const Puppet&) = delete;
  ~Puppet() { release(); }

  // The activity's code.
  std::string perform(ActivityContext& ctx) {
    std::unique_lock lock(mutex_);
    ++performing_;
    changed_.notify_all();
    std::optional<std::string> result;
    try {
      while (!result) {
        changed_.wait(lock, [this] { return !steps_.empty() || released_; });
        result = take_step(lock, ctx);
      }
    } catch (...) {
      --performing_;
      changed_.notify_all();
      throw;
    }
    --performing_;
    changed_.notify_all();
    return *result;
  }

  // Does `step` on the activity's thread and returns when it is done.
  void does(std::function<void(ActivityContext&)> step) {
    std::unique_lock lock(mutex_);
    push(std::move(step));
    const int wanted = steps_given_;
    changed_.wait(lock, [&] { return steps_done_ >= wanted; });
  }
  // Begins `step`, which may wait for something that the test has yet to do.
  void begins(std::function<void(ActivityContext&)> step) {
    const std::scoped_lock lock(mutex_);
    push(std::move(step));
  }
  // The last step. The outcome reaches the loop a little later: wait for what comes of it.
  void returns(std::string result) {
    const std::scoped_lock lock(mutex_);
    steps_.emplace_back([result = std::move(result)](ActivityContext&) { return result; });
    changed_.notify_all();
  }
  template <class Exception>
  void throws(Exception exception) {
    begins([exception = std::move(exception)](ActivityContext&) { throw exception; });
  }
  // Returns when the code is running.
  void wait_until_performing(int how_many = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return performing_ >= how_many; });
  }
  // Lets whoever still performs go, and waits for that.
  void release() {
    std::unique_lock lock(mutex_);
    released_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return performing_ == 0; });
  }

 private:
  using Step = std::function<std::optional<std::string>(ActivityContext&)>;

  void push(std::function<void(ActivityContext&)> step) {
    ++steps_given_;
    steps_.emplace_back([this, step = std::move(step)](ActivityContext& ctx) -> std::optional<std::string> {
      step(ctx);
      const std::scoped_lock lock(mutex_);
      ++steps_done_;
      changed_.notify_all();
      return std::nullopt;
    });
    changed_.notify_all();
  }

  std::optional<std::string> take_step(std::unique_lock<std::mutex>& lock, ActivityContext& ctx) {
    if (steps_.empty()) {
      return "released";
    }
    const Step step = std::move(steps_.front());
    steps_.pop_front();
    lock.unlock();
    try {
      std::optional<std::string> result = step(ctx);
      lock.lock();
      return result;
    } catch (...) {
      lock.lock();
      throw;
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Step> steps_;
  int steps_given_ = 0;
  int steps_done_ = 0;
  int performing_ = 0;
  bool released_ = false;
};

}  // namespace lifecycle::test
