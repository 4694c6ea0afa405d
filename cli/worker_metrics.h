// What `lifecycle worker --metrics-address` offers to Prometheus.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "cli/settings.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/metrics_server.h"
#include "telemetry/sdk_metrics.h"
#include "worker/worker.h"

namespace lifecycle::cli {

// The metrics of one worker, and the server that shows them.
struct ExposedMetrics {
  MetricRegistry registry;
  SdkMetrics sdk;
  std::unique_ptr<MetricsServer> server;  // ends before the registry
};

// Null when `settings` name no address. Writes a line with the address when there is one. Errors: as MetricsServer::start().
[[nodiscard]] Result<std::unique_ptr<ExposedMetrics>> expose_metrics(const Settings& settings, const worker::WorkerOptions& options,
                                                                     const Clock& clock, const Logger& log);

}  // namespace lifecycle::cli
