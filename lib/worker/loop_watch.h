// Watches the event loop from a thread of its own: says which workflow's code does not come back, and takes "live" away from a loop that
// has not moved for long. Code that never yields cannot be stopped from outside: its task times out on the server, and what is left to do
// is to say so, and to let an orchestrator start the process anew.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/event_loop.h"
#include "telemetry/health.h"
#include "telemetry/log.h"
#include "worker/running_code.h"

namespace lifecycle::worker {

struct LoopWatchOptions {
  // Workflow code must not block: what takes this long holds up all other workflows of this worker.
  Duration warn_after = std::chrono::seconds(2);
  // Longer than any workflow task may take on the server by default (10 s), because a restart costs all that runs here its progress.
  Duration stuck_after = std::chrono::seconds(30);
};

// What is concluded from regular looks at the loop. Pure.
class StuckDetector {
 public:
  explicit StuckDetector(LoopWatchOptions options) : options_(options) {}

  struct Finding {
    bool warn = false;   // the code that runs has just become too slow
    Duration running{};  // for about how long it has run
    bool live = true;    // the loop has moved recently enough
    Duration silent{};   // for about how long it has not
  };
  // `sequence` is of the code that runs now, or nothing; `moved`: the loop has answered since the last look.
  [[nodiscard]] Finding look(std::optional<std::uint64_t> sequence, bool moved);

 private:
  LoopWatchOptions options_;
  std::optional<std::uint64_t> sequence_;
  Duration running_{};
  bool warned_ = false;
  Duration silent_{};
};

class LoopWatch {
 public:
  // All outlive the watch.
  LoopWatch(EventLoop& loop, Health& health, const RunningCode& code, const Logger& log, LoopWatchOptions options = {});
  ~LoopWatch();
  LoopWatch(const LoopWatch&) = delete;
  LoopWatch& operator=(const LoopWatch&) = delete;

 private:
  struct Pulse;
  void run();
  void look();
  void ping();

  EventLoop& loop_;
  Health& health_;
  const RunningCode& code_;
  const Logger& log_;
  StuckDetector detector_;
  std::shared_ptr<Pulse> pulse_;  // the loop's tasks hold it, too
  Duration since_ping_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace lifecycle::worker
