// What the parts of one worker share.
#pragma once

#include "base/event_loop.h"
#include "registry/registry.h"
#include "rpc/workflow_service.h"
#include "telemetry/log.h"
#include "worker/slots.h"
#include "worker/worker.h"
#include "worker/worker_metrics.h"

namespace lifecycle::worker {

struct Shared {
  rpc::WorkflowService& service;
  EventLoop& loop;
  const Registry& registry;
  Logger log;
  WorkerMetrics metrics;
  WorkerOptions options;
  WorkerStats stats;
  Slots workflow_slots;
  Slots activity_slots;
  std::string sticky_task_queue;  // this process's own queue; empty when nothing is cached
  bool stopping = false;
};

}  // namespace lifecycle::worker
