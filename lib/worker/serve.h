// A worker as a whole program, for those who have nothing else to do in it:
//
//   int main() {
//     lifecycle::Registry registry;
//     register_orders(registry);
//     return lifecycle::worker::serve(registry, {.task_queue = "orders"}) ? 0 : 1;
//   }
#pragma once

#include "base/error.h"
#include "registry/registry.h"
#include "worker/worker.h"

namespace lifecycle::worker {

// Serves the task queue until SIGTERM or SIGINT, then lets the running activities end; a second signal cancels them. Where Temporal is say
// the environment and temporal.toml, as for the official SDKs, namespace included; an identity that is not given is made. Lines of the log
// go to standard error. Called by a process without other threads, which would get the signals. Errors, logged, too: of the configuration;
// a server that is away is waited for.
[[nodiscard]] Result<void> serve(const Registry& registry, WorkerOptions options);

}  // namespace lifecycle::worker
