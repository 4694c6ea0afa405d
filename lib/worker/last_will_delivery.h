// Tells the server what a dead worker can no longer tell. Called only for a process whose death the kernel has confirmed: a live one could
// still complete what is failed here in its name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "rpc/workflow_service.h"
#include "worker/last_will.h"
#include "worker/worker.h"

namespace lifecycle::worker {

struct LastWillReport {
  std::int64_t activities = 0;      // that the server now hands to another worker
  std::int64_t workflow_tasks = 0;  // likewise
  std::int64_t superseded = 0;      // the server had moved on, or had the answer: nothing to mend
  std::int64_t undelivered = 0;     // left to their time-outs
};

// First the sticky queue is given up, so that what comes for the runs cached there goes to the others at once; only then the tasks are
// failed: an activity as retryable, with its newest details, a workflow task with the cause that costs no further event. `cause` tells
// how the worker died ("killed by SIGKILL"). `options` are the dead worker's, and its service and loop are alive until `done`, which
// comes within two time-outs of kLastWillTimeout.
void deliver_last_will(rpc::WorkflowService& service, const WorkerOptions& options, LastWill will, std::string cause,
                       std::move_only_function<void(LastWillReport)> done);

}  // namespace lifecycle::worker
