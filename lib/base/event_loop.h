// One thread's queue of things to do. The worker and the clients run everything but blocking activities on a single loop: a wake-up of a
// second thread costs more than the work it would take over (measured, see docs/adr/2026-11-25-one-loop.md).
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"

namespace lifecycle {

using Task = std::move_only_function<void()>;

// Zero is never the id of a timer.
enum class TimerId : std::uint64_t { kNone = 0 };

class EventLoop {
 public:
  EventLoop() = default;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  virtual ~EventLoop() = default;

  // Runs `task` on the loop's thread, after what is queued already. The one member that any thread may call.
  virtual void post(Task task) = 0;
  // Runs `task` once, `delay` from now or a little later.
  virtual TimerId schedule(Duration delay, Task task) = 0;
  // A timer that is cancelled does not run; one that has run, or was cancelled, is ignored.
  virtual void cancel(TimerId timer) = 0;
  [[nodiscard]] virtual const Clock& clock() const = 0;
};

}  // namespace lifecycle
