#include "cli/worker_metrics.h"

#include <fmt/format.h>

#include "cli/version.h"

namespace lifecycle::cli {
namespace {

// 1 always; what counts are the labels, by which Prometheus can join it to everything else of this process.
void add_build_info(MetricRegistry& registry, const worker::WorkerOptions& options) {
  MetricDefinition info{.name = "lifecycle_build_info", .help = "What this worker was built from, and which version it says it is."};
  info.constant_labels = {{"version", std::string(version())},
                          {"revision", std::string(revision())},
                          {"worker_build_id", options.worker_version},
                          {"deployment_name", options.deployment ? options.deployment->name : ""}};
  registry.gauges(std::move(info)).with({}).set(1);
}

}  // namespace

Result<std::unique_ptr<ExposedMetrics>> expose_metrics(const Settings& settings, const worker::WorkerOptions& options, const Clock& clock,
                                                       const Logger& log) {
  const std::string& address = settings.text("metrics_address");
  if (address.empty()) {
    return nullptr;
  }
  const Result<MetricDialect> dialect = parse_metric_dialect(settings.text("metrics_dialect"));
  if (!dialect) {
    return std::unexpected(dialect.error());
  }
  auto metrics = std::make_unique<ExposedMetrics>();
  metrics->sdk =
      SdkMetrics(metrics->registry, *dialect,
                 {.name_space = options.name_space, .task_queue = options.task_queue, .worker_build_id = options.worker_version});
  add_build_info(metrics->registry, options);
  Result<std::unique_ptr<MetricsServer>> server =
      MetricsServer::start(address, clock, [&registry = metrics->registry] { return registry.text(); });
  if (!server) {
    return std::unexpected(server.error());
  }
  metrics->server = *std::move(server);
  log.info("metrics are served",
           {{"url", fmt::format("http://{}/metrics", metrics->server->address())}, {"dialect", settings.text("metrics_dialect")}});
  return metrics;
}

}  // namespace lifecycle::cli
