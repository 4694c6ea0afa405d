// Tells the server what a dead worker can no longer tell: in the place of whoever is known to be dead, and of nobody else.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "rpc/workflow_service.h"
#include "worker/last_will.h"
#include "worker/worker.h"

namespace lifecycle::worker {

// For all of it. Whoever restarts a container waits for this when the server is away.
inline constexpr Duration kLastWillTimeout = std::chrono::seconds(5);

struct LastWillReport {
  bool sticky_queue_released = false;
  std::size_t activities_failed = 0;
  std::size_t workflow_tasks_failed = 0;
  std::size_t already_over = 0;  // the server had gone on without us
  std::size_t not_told = 0;      // refused, or no answer in time
};

// How long an activity waits after an attempt that died with its worker: as good as not at all after a first one. Nothing: as long as its
// retry policy says, which is what slows a crash loop down.
[[nodiscard]] constexpr std::optional<Duration> retry_delay_after_death(int attempt) {
  return attempt <= 1 ? std::optional<Duration>(std::chrono::milliseconds(1)) : std::nullopt;
}

// Gives up the sticky queue first, because only events that come afterwards find their way at once; then fails what was being executed, so
// that another worker takes it: activities so that they are tried again, and workflow tasks if it was their first attempt.
//
// `options` say which namespace and version; the identity is the will's. `death` tells of what it died ("killed by SIGKILL"). `done` runs
// on the loop, within kLastWillTimeout. Service and loop live until then.
void execute_last_will(rpc::WorkflowService& service, EventLoop& loop, const LastWill& will, const WorkerOptions& options,
                       const std::string& death, std::move_only_function<void(LastWillReport)> done);

}  // namespace lifecycle::worker
