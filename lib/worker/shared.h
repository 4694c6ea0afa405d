// What the parts of one worker share.
#pragma once

#include "base/event_loop.h"
#include "registry/registry.h"
#include "rpc/workflow_service.h"
#include "telemetry/health.h"
#include "telemetry/log.h"
#include "worker/readiness.h"
#include "worker/running_code.h"
#include "worker/slots.h"
#include "worker/worker.h"
#include "worker/worker_metrics.h"

namespace lifecycle::worker {

// What the server says that it can do, as far as the worker acts on it.
struct ServerFacts {
  bool takes_worker_heartbeats = false;
  bool ends_polls_of_stopping_workers = false;
};

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
  std::string instance_key;       // this worker's own, in all that it says of itself
  bool stopping = false;
  ServerFacts server = {};
  Readiness readiness = {};
  Health health = {};
  RunningCode running_code = {};
};

}  // namespace lifecycle::worker
