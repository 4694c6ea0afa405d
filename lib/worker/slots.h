// How many tasks may be under way. A slot is reserved before a poll is sent, so that no task is ever taken that cannot be run.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

namespace lifecycle::worker {

class Slots {
 public:
  explicit Slots(std::size_t capacity) : capacity_(capacity), free_(capacity) {}

  [[nodiscard]] bool try_reserve() {
    if (free_ == 0) {
      return false;
    }
    --free_;
    return true;
  }
  void release() {
    ++free_;
    if (on_release_) {
      on_release_();
    }
  }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  // Reserved: by tasks, and by polls for what they may bring.
  [[nodiscard]] std::size_t reserved() const { return capacity_ - free_; }
  // Called after each release, for the pollers that ran out of slots.
  void on_release(std::function<void()> notify) { on_release_ = std::move(notify); }

 private:
  std::size_t capacity_;
  std::size_t free_;
  std::function<void()> on_release_;
};

}  // namespace lifecycle::worker
