// Makes a call again when its failure may pass, as the official SDKs do.
#pragma once

#include <memory>
#include <utility>

#include "base/event_loop.h"
#include "base/random.h"
#include "rpc/workflow_service.h"

namespace lifecycle::rpc {

// Policy for RetryClass::kNormal (that of sdk-core, crates/client/src/retry.rs): transient statuses are tried again after 100 ms, growing
// by 1.7 up to 5 s, each +-20 %, at most 10 tries in all; RESOURCE_EXHAUSTED waits at least 1 s, doubling up to 10 s. CallOptions::timeout
// is the time-out of the whole, and an attempt gets what is left of it. When the next wait would not fit, the last status is the answer.
// RetryClass::kPoll and kNone pass through.
class RetryingWorkflowService final : public WorkflowService {
 public:
  // `loop` outlives the service. `random` spreads the tries of many clients.
  RetryingWorkflowService(std::shared_ptr<WorkflowService> inner, EventLoop& loop, RandomStream random)
      : inner_(std::move(inner)), loop_(loop), random_(random) {}

  [[nodiscard]] CallHandle start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) override;

 private:
  std::shared_ptr<WorkflowService> inner_;
  EventLoop& loop_;
  RandomStream random_;
};

}  // namespace lifecycle::rpc
