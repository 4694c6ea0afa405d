#include "rpc/metrics_workflow_service.h"

namespace lifecycle::rpc {

CallHandle MetricsWorkflowService::start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) {
  metrics_.count(method.long_poll ? SdkMetric::kLongRequest : SdkMetric::kRequest, {.operation = method.name});
  return inner_->start(method, std::move(request), std::move(response), options,
                       [&clock = clock_, metrics = metrics_, name = method.name, is_long = method.long_poll, began = clock_.steady_now(),
                        done = std::move(done)](Status status) mutable {
                         metrics.observe(is_long ? SdkMetric::kLongRequestLatency : SdkMetric::kRequestLatency, clock.steady_now() - began,
                                         {.operation = name});
                         if (!status.ok()) {
                           metrics.count(is_long ? SdkMetric::kLongRequestFailure : SdkMetric::kRequestFailure,
                                         {.operation = name, .status_code = name_of(status.code)});
                         }
                         done(std::move(status));
                       });
}

}  // namespace lifecycle::rpc
