#include "worker/activity_threads.h"

#include <thread>
#include <utility>

namespace lifecycle::worker {

ActivityThreads::~ActivityThreads() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->work.notify_all();
  state_->ended.wait(lock, [this] { return state_->waiting == 0; });
}

void ActivityThreads::run(Task task) {
  const std::scoped_lock lock(state_->mutex);
  state_->tasks.push_back(std::move(task));
  if (state_->idle >= state_->tasks.size()) {
    state_->work.notify_one();
    return;
  }
  ++state_->waiting;
  std::thread(&ActivityThreads::serve, state_).detach();
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
    lock.unlock();
    task();
    task = nullptr;  // what it held is destroyed here, not while the lock is held
    lock.lock();
    ++state->waiting;
  }
  --state->waiting;
  state->ended.notify_all();
}

}  // namespace lifecycle::worker
