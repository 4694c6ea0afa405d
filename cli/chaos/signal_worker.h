// What the others run inside of a pod: a signal for the worker that this container's first process supervises. Nothing can kill or stop the
// first process of a container from inside; its child can be.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "cli/chaos/injector.h"

namespace lifecycle::cli::chaos {

struct SignalledWorker {
  std::int64_t pid = 0;  // in its own container
  char state = '?';      // of /proc/PID/stat, after the signal; Z: it has ended
};

// `signal` is "kill", "stop" or "continue"; returns when its effect was seen. `supervisor` is 1 in a container. Errors: kInvalidArgument,
// kFailedPrecondition when that process supervises no worker, kDeadlineExceeded.
[[nodiscard]] Result<SignalledWorker> signal_worker(const std::string& signal, std::int64_t supervisor, Patience& patience);

}  // namespace lifecycle::cli::chaos
