// Which workflow's code the loop is running at this moment, for the thread that watches the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "rpc/methods.h"

namespace lifecycle::worker {

class RunningCode {
 public:
  using TaskPtr = std::shared_ptr<const rpc::service::PollWorkflowTaskQueueResponse>;

  struct Snapshot {
    TaskPtr task;                // null: none is running
    std::uint64_t sequence = 0;  // tells two runs of the same task apart
  };

  // Marks the task as running for as long as it lives.
  class Mark {
   public:
    Mark(RunningCode& code, TaskPtr task) : code_(code) { code_.put(std::move(task)); }
    ~Mark() { code_.put(nullptr); }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    RunningCode& code_;
  };

  // By any thread.
  [[nodiscard]] Snapshot snapshot() const {
    const std::scoped_lock lock(mutex_);
    return current_;
  }

 private:
  void put(TaskPtr task) {
    const std::scoped_lock lock(mutex_);
    std::swap(current_.task, task);  // what was there is released by the caller, outside of the lock
    ++current_.sequence;
  }

  mutable std::mutex mutex_;
  Snapshot current_;  // guarded by mutex_
};

}  // namespace lifecycle::worker
