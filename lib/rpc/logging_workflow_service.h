// Writes one line for each call that has ended, at level debug.
#pragma once

#include <memory>
#include <utility>

#include "base/clock.h"
#include "rpc/workflow_service.h"
#include "telemetry/log.h"

namespace lifecycle::rpc {

class LoggingWorkflowService final : public WorkflowService {
 public:
  // `clock` outlives the service and its calls.
  LoggingWorkflowService(std::shared_ptr<WorkflowService> inner, const Clock& clock, Logger logger)
      : inner_(std::move(inner)), clock_(clock), logger_(std::move(logger)) {}

  [[nodiscard]] CallHandle start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) override;

 private:
  std::shared_ptr<WorkflowService> inner_;
  const Clock& clock_;
  Logger logger_;
};

}  // namespace lifecycle::rpc
