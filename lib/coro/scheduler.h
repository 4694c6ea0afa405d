// The one queue in which a workflow's coroutines become ready. First in, first out, and nothing else resumes a coroutine: the order is the
// same in every replay because it is this order.
#pragma once

#include <coroutine>
#include <cstddef>
#include <vector>

#include "base/check.h"

namespace lifecycle::coro {

class Scheduler {
 public:
  void make_ready(std::coroutine_handle<> coroutine) { ready_.push_back(coroutine); }

  // Resumes what is ready, and what that makes ready, until all are blocked or `stop()` says that enough has been done.
  template <class Stop>
  void run_until_blocked(Stop stop) {
    check(!running_, "a workflow's coroutines are resumed by one scheduler at a time");
    running_ = true;
    for (; front_ < ready_.size() && !stop(); ++front_) {
      const std::coroutine_handle<> next = ready_[front_];  // the vector may grow under it
      next.resume();
    }
    ready_.clear();
    front_ = 0;
    running_ = false;
  }

 private:
  std::vector<std::coroutine_handle<>> ready_;
  std::size_t front_ = 0;
  bool running_ = false;
};

}  // namespace lifecycle::coro
