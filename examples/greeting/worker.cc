// Serves the task queue `greeting` until SIGTERM or Ctrl-C. TEMPORAL_ADDRESS and the like, and temporal.toml, say where.
#include "greeting.h"
#include "worker/serve.h"

int main() {
  lifecycle::Registry registry;
  register_greeting(registry);
  return lifecycle::worker::serve(registry, {.task_queue = "greeting"}) ? 0 : 1;
}
