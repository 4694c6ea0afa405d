// What it costs to count: a series that is kept, and one that is found by its labels each time, alone and beside another thread.
#include <benchmark/benchmark.h>

#include "telemetry/metrics.h"
#include "telemetry/sdk_metrics.h"

namespace lifecycle {
namespace {

struct Fixture {
  MetricRegistry registry;
  SdkMetrics metrics{registry, MetricDialect::kGo, {.name_space = "default", .task_queue = "lifecycle-queue", .worker_build_id = "v1.0.0"}};
  Counter& counter = registry.counters({.name = "kept_total", .help = "A counter."}).with({});
  Histogram& histogram = registry.histograms({.name = "kept", .help = "A histogram.", .bounds = {1, 2, 5, 10, 20, 50, 100}}).with({});
};

Fixture& fixture() {
  static Fixture one;  // shared by the threads of a benchmark
  return one;
}

void keep_counter(benchmark::State& state) {
  Counter& counter = fixture().counter;
  for (auto _ : state) {
    counter.add();
  }
}

void keep_histogram(benchmark::State& state) {
  Histogram& histogram = fixture().histogram;
  double value = 0;
  for (auto _ : state) {
    histogram.observe(value);
    value = value > 100 ? 0 : value + 1;
  }
}

void find_counter(benchmark::State& state) {
  const SdkMetrics metrics = fixture().metrics;
  for (auto _ : state) {
    metrics.count(SdkMetric::kWorkflowCompleted, {.workflow_type = "LifecycleWorkflow"});
  }
}

void find_histogram(benchmark::State& state) {
  const SdkMetrics metrics = fixture().metrics;
  for (auto _ : state) {
    metrics.observe(SdkMetric::kRequestLatency, std::chrono::milliseconds(3), {.operation = "RespondWorkflowTaskCompleted"});
  }
}

void count_nothing(benchmark::State& state) {
  const SdkMetrics none;
  for (auto _ : state) {
    none.count(SdkMetric::kWorkflowCompleted, {.workflow_type = "LifecycleWorkflow"});
    benchmark::ClobberMemory();
  }
}

void write_text(benchmark::State& state) {
  for (const SdkMetric metric : all_sdk_metrics()) {
    if (exposed_name(metric, MetricDialect::kGo).ends_with("_seconds")) {
      fixture().metrics.observe(metric, std::chrono::milliseconds(3), {.workflow_type = "LifecycleWorkflow"});
    }
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(fixture().registry.text());
  }
}

BENCHMARK(keep_counter)->Threads(1)->Threads(2);
BENCHMARK(keep_histogram)->Threads(1)->Threads(2);
BENCHMARK(find_counter)->Threads(1)->Threads(2);
BENCHMARK(find_histogram)->Threads(1)->Threads(2);
BENCHMARK(count_nothing);
BENCHMARK(write_text);

}  // namespace
}  // namespace lifecycle
