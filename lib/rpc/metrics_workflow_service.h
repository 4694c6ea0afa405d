// Counts and times calls as the SDKs do: a call with all its retries is one request, and long polls are counted apart.
#pragma once

#include <memory>
#include <utility>

#include "base/clock.h"
#include "rpc/workflow_service.h"
#include "telemetry/sdk_metrics.h"

namespace lifecycle::rpc {

class MetricsWorkflowService final : public WorkflowService {
 public:
  // `clock` outlives the service and its calls.
  MetricsWorkflowService(std::shared_ptr<WorkflowService> inner, const Clock& clock, SdkMetrics metrics)
      : inner_(std::move(inner)), clock_(clock), metrics_(std::move(metrics)) {}

  [[nodiscard]] CallHandle start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) override;

 private:
  std::shared_ptr<WorkflowService> inner_;
  const Clock& clock_;
  SdkMetrics metrics_;
};

}  // namespace lifecycle::rpc
