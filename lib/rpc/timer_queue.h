// The timers of an event loop, in the order in which they are due.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/event_loop.h"

namespace lifecycle::rpc {

// Not thread-safe. An ordered map and not a heap: most timers are time-outs that are cancelled, and those must not stay until they are due.
class TimerQueue {
 public:
  TimerId add(SteadyTime due, Task task) {
    const auto id = static_cast<TimerId>(++last_id_);
    due_of_.emplace(id, due);
    tasks_.emplace(std::pair(due, id), std::move(task));
    return id;
  }

  // Timers that have been taken or removed already, and TimerId::kNone, are ignored.
  void remove(TimerId id) {
    const auto found = due_of_.find(id);
    if (found != due_of_.end()) {
      tasks_.erase(std::pair(found->second, id));
      due_of_.erase(found);
    }
  }

  [[nodiscard]] std::optional<SteadyTime> next_due() const {
    return tasks_.empty() ? std::nullopt : std::optional(tasks_.begin()->first.first);
  }

  // The task that has been due for longest, or nothing when none is due at `now`. Equal times: in the order in which they were added.
  [[nodiscard]] std::optional<Task> take_due(SteadyTime now) {
    const auto first = tasks_.begin();
    if (first == tasks_.end() || first->first.first > now) {
      return std::nullopt;
    }
    Task task = std::move(first->second);
    due_of_.erase(first->first.second);
    tasks_.erase(first);
    return task;
  }

  [[nodiscard]] std::size_t size() const { return tasks_.size(); }

 private:
  std::uint64_t last_id_ = 0;
  std::map<std::pair<SteadyTime, TimerId>, Task> tasks_;
  std::unordered_map<TimerId, SteadyTime> due_of_;
};

}  // namespace lifecycle::rpc
