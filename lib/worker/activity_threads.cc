#include "worker/activity_threads.h"

#include <system_error>
#include <thread>
#include <utility>

namespace lifecycle::worker {

ActivityThreads::~ActivityThreads() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->work.notify_all();
  state_->waits_less.wait(lock, [this] { return state_->waiting == 0; });
}

bool ActivityThreads::run(Task task) {
  const std::scoped_lock lock(state_->mutex);
  state_->tasks.push_back(std::move(task));
  if (state_->idle >= state_->tasks.size()) {
    state_->work.notify_one();
    return true;
  }
  try {
    std::thread(&ActivityThreads::serve, state_).detach();
  } catch (const std::system_error&) {  // out of memory, or at the limit of the pod's process ids
    state_->tasks.pop_back();
    return false;
  }
  ++state_->waiting;
  return true;
}

void ActivityThreads::serve(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    ++state->idle;
    state->work.wait(lock, [&] { return state->stopping || !state->tasks.empty(); });
    --state->idle;
    if (state->tasks.empty()) {
      break;
    }
    Task task = std::move(state->tasks.front());
    state->tasks.pop_front();
    --state->waiting;
    state->waits_less.notify_all();
    lock.unlock();
    task();
    task = nullptr;  // what it held is destroyed here, not while the lock is held
    lock.lock();
    ++state->waiting;
  }
  --state->waiting;
  state->waits_less.notify_all();
}

}  // namespace lifecycle::worker
