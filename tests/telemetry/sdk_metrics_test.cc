#include "telemetry/sdk_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lifecycle {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const SdkMetricOrigin kOrigin{.name_space = "ns", .task_queue = "tq", .worker_build_id = "v1"};

TEST(SdkMetricsTest, TheTableHasARowForEachMetricAndNamesAreNotShared) {
  for (const MetricDialect dialect : {MetricDialect::kGo, MetricDialect::kCore}) {
    std::set<std::string> names;
    std::size_t named = 0;
    for (const SdkMetric metric : all_sdk_metrics()) {
      if (const std::string name = exposed_name(metric, dialect); !name.empty()) {
        ++named;
        names.insert(name);
      }
    }
    EXPECT_EQ(names.size(), named);
    MetricRegistry registry;
    EXPECT_TRUE(SdkMetrics(registry, dialect, kOrigin).enabled());
  }
}

TEST(SdkMetricsTest, TheGoDialectHasSuffixesSecondsAndTheBasicLabels) {
  MetricRegistry registry;
  const SdkMetrics metrics(registry, MetricDialect::kGo, kOrigin);
  metrics.count(SdkMetric::kWorkflowCompleted, {.workflow_type = "W"});
  metrics.observe(SdkMetric::kRequestLatency, 1500us, {.operation = "GetSystemInfo"});
  metrics.set(SdkMetric::kNumPollers, 3, {.poller_type = PollerType::kStickyWorkflowTask});
  const std::string text = registry.text();
  const std::string basic = "namespace=\"ns\",task_queue=\"tq\",worker_build_id=\"v1\",client_name=\"temporal_cpp\",worker_type=\"none\",";
  EXPECT_THAT(text, HasSubstr("# TYPE temporal_workflow_completed_total counter\ntemporal_workflow_completed_total{" + basic +
                              "workflow_type=\"W\",activity_type=\"none\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("temporal_request_latency_seconds_bucket{" + basic +
                              "workflow_type=\"none\",activity_type=\"none\",operation=\"GetSystemInfo\",le=\"0.002\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("temporal_request_latency_seconds_sum{" + basic +
                              "workflow_type=\"none\",activity_type=\"none\",operation=\"GetSystemInfo\"} 0.0015\n"));
  EXPECT_THAT(text, HasSubstr("poller_type=\"workflow_sticky_task\"} 3\n"));
}

TEST(SdkMetricsTest, TheCoreDialectHasNoSuffixesMillisecondsAndOnlyItsOwnLabels) {
  MetricRegistry registry;
  const SdkMetrics metrics(registry, MetricDialect::kCore, kOrigin);
  metrics.count(SdkMetric::kWorkflowCompleted, {.workflow_type = "W", .activity_type = "not a label of it"});
  metrics.observe(SdkMetric::kWorkflowTaskReplayLatency, 1500us, {.workflow_type = "W"});
  metrics.set(SdkMetric::kNumPollers, 3, {.poller_type = PollerType::kStickyWorkflowTask});
  metrics.count(SdkMetric::kActivityTaskReceived, {.workflow_type = "W", .activity_type = "A", .eager = "false"});
  const std::string text = registry.text();
  const std::string basic = "namespace=\"ns\",task_queue=\"tq\",worker_build_id=\"v1\",service_name=\"temporal-cpp-sdk\"";
  EXPECT_THAT(text, HasSubstr("temporal_workflow_completed{" + basic + ",workflow_type=\"W\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("temporal_workflow_task_replay_latency_bucket{" + basic + ",workflow_type=\"W\",le=\"1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("temporal_workflow_task_replay_latency_bucket{" + basic + ",workflow_type=\"W\",le=\"10\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("temporal_workflow_task_replay_latency_sum{" + basic + ",workflow_type=\"W\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("temporal_num_pollers{" + basic + ",poller_type=\"sticky_workflow_task\"} 3\n"));
  EXPECT_THAT(text,
              HasSubstr("temporal_activity_task_received{" + basic + ",activity_type=\"A\",workflow_type=\"W\",eager=\"false\"} 1\n"));
}

TEST(SdkMetricsTest, AMetricOfTheOtherDialectIsNotCounted) {
  MetricRegistry go;
  SdkMetrics(go, MetricDialect::kGo, kOrigin).count(SdkMetric::kActivityTaskReceived);
  EXPECT_THAT(go.text(), IsEmpty());
  MetricRegistry core;
  SdkMetrics(core, MetricDialect::kCore, kOrigin).count(SdkMetric::kUnregisteredActivityInvocation);
  EXPECT_THAT(core.text(), IsEmpty());
}

TEST(SdkMetricsTest, ATimeThatWentBackwardsCountsAsNone) {
  MetricRegistry registry;
  SdkMetrics(registry, MetricDialect::kGo, kOrigin).observe(SdkMetric::kWorkflowTaskScheduleToStartLatency, -5s);
  EXPECT_THAT(registry.text(), HasSubstr("temporal_workflow_task_schedule_to_start_latency_seconds_sum{"));
  EXPECT_THAT(registry.text(), Not(HasSubstr("} -")));
}

TEST(SdkMetricsTest, WithoutARegistryNothingHappens) {
  const SdkMetrics none;
  EXPECT_FALSE(none.enabled());
  none.count(SdkMetric::kWorkerStart);
  none.set(SdkMetric::kStickyCacheSize, 1);
  none.observe(SdkMetric::kRequestLatency, 1s);
}

TEST(SdkMetricsTest, DialectsAreReadByName) {
  EXPECT_EQ(parse_metric_dialect("go"), MetricDialect::kGo);
  EXPECT_EQ(parse_metric_dialect("core"), MetricDialect::kCore);
  EXPECT_THAT(parse_metric_dialect("rust").error().message, EndsWith("'rust' is not known"));
}

}  // namespace
}  // namespace lifecycle
