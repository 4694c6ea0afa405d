// Threads for activities, which may block: made when one is needed and none is idle, and kept for the next.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "base/event_loop.h"

namespace lifecycle::worker {

class ActivityThreads {
 public:
  ActivityThreads() = default;
  ActivityThreads(const ActivityThreads&) = delete;
  ActivityThreads& operator=(const ActivityThreads&) = delete;
  // Lets idle threads end and waits for them. A thread whose activity does not return is left to itself: it holds on to what it needs.
  ~ActivityThreads();

  // Runs `task` on a thread at once; how many may run at a time is the slots' business. False when the system gives no further thread: the
  // task is then destroyed, and nothing else has happened.
  [[nodiscard]] bool run(Task task);

 private:
  // Outlives this object for as long as a thread needs it.
  struct State {
    std::mutex mutex;
    std::condition_variable work;
    std::condition_variable waits_less;
    std::deque<Task> tasks;
    std::size_t idle = 0;     // threads that wait for work
    std::size_t waiting = 0;  // threads that have not ended and are not in a task
    bool stopping = false;
  };
  static void serve(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace lifecycle::worker
