// What the parts of one worker share.
#pragma once

#include "base/event_loop.h"
#include "registry/registry.h"
#include "rpc/workflow_service.h"
#include "telemetry/log.h"
#include "worker/slots.h"
#include "worker/worker.h"

namespace lifecycle::worker {

struct Shared {
  rpc::WorkflowService& service;
  EventLoop& loop;
  const Registry& registry;
  Logger log;
  WorkerOptions options;
  WorkerStats stats;
  Slots workflow_slots;
  Slots activity_slots;
  std::string sticky_task_queue;  // this process's own queue; empty when nothing is cached
  bool stopping = false;

  // Empty without a last will.
  [[nodiscard]] WillEntry keep_will(TaskKind kind, std::string_view task_token, std::int32_t attempt) const {
    return options.last_will == nullptr ? WillEntry() : options.last_will->keep(kind, task_token, attempt);
  }
};

}  // namespace lifecycle::worker
