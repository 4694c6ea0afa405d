#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <thread>
#include <vector>

namespace lifecycle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(MetricsTest, ACounterIsWrittenWithHelpTypeAndLabels) {
  MetricRegistry registry;
  auto& tasks = registry.counters(
      {.name = "tasks_total", .help = "Tasks taken.", .labels = {{.name = "queue"}}, .constant_labels = {{"namespace", "default"}}});
  tasks.with({"b"}).add(2);
  tasks.with({"a"}).add();
  tasks.with({"b"}).add();
  EXPECT_EQ(registry.text(),
            "# HELP tasks_total Tasks taken.\n"
            "# TYPE tasks_total counter\n"
            "tasks_total{namespace=\"default\",queue=\"a\"} 1\n"
            "tasks_total{namespace=\"default\",queue=\"b\"} 3\n");
}

TEST(MetricsTest, AGaugeWithoutLabelsHasNoBraces) {
  MetricRegistry registry;
  registry.gauges({.name = "size", .help = "Size."}).with({}).set(-1.5);
  EXPECT_EQ(registry.text(), "# HELP size Size.\n# TYPE size gauge\nsize -1.5\n");
}

TEST(MetricsTest, ValuesThatAreNoNumbersHaveTheirOwnWords) {
  MetricRegistry registry;
  Gauge& gauge = registry.gauges({.name = "g", .help = "G."}).with({});
  const auto value = [&](double set) {
    gauge.set(set);
    const std::string text = registry.text();
    return text.substr(text.rfind(' ') + 1);
  };
  EXPECT_EQ(value(INFINITY), "+Inf\n");
  EXPECT_EQ(value(-INFINITY), "-Inf\n");
  EXPECT_EQ(value(NAN), "NaN\n");
  EXPECT_EQ(value(0.1), "0.1\n");
  EXPECT_EQ(value(86'400'000), "86400000\n");
}

TEST(MetricsTest, LabelValuesAndHelpAreEscaped) {
  MetricRegistry registry;
  registry.counters({.name = "c", .help = "back\\slash\nline", .labels = {{.name = "l"}}}).with({"a\"b\\c\nd\xff"}).add();
  EXPECT_EQ(registry.text(), "# HELP c back\\\\slash\\nline\n# TYPE c counter\nc{l=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\"} 1\n");
}

TEST(MetricsTest, AHistogramsBucketsAreCumulativeAndIncludeTheirBound) {
  MetricRegistry registry;
  Histogram& histogram = registry.histograms({.name = "h", .help = "H.", .bounds = {0.5, 1, 2}}).with({});
  for (const double value : {0.1, 0.5, 0.75, 2.0, 3.0}) {
    histogram.observe(value);
  }
  EXPECT_THAT(histogram.counts(), ElementsAre(2, 1, 1, 1));
  EXPECT_EQ(registry.text(),
            "# HELP h H.\n# TYPE h histogram\n"
            "h_bucket{le=\"0.5\"} 2\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 4\nh_bucket{le=\"+Inf\"} 5\n"
            "h_sum 6.35\nh_count 5\n");
}

TEST(MetricsTest, AMetricWithoutSeriesIsNotWritten) {
  MetricRegistry registry;
  registry.counters({.name = "c", .help = "C."});
  EXPECT_THAT(registry.text(), IsEmpty());
}

TEST(MetricsTest, FamiliesAreWrittenByName) {
  MetricRegistry registry;
  for (const char* name : {"b", "c", "a"}) {
    registry.counters({.name = name, .help = "X."}).with({}).add();
  }
  const std::string text = registry.text();
  EXPECT_LT(text.find("\na 1"), text.find("\nb 1"));
  EXPECT_LT(text.find("\nb 1"), text.find("\nc 1"));
}

TEST(MetricsTest, OnlyOpenLabelsOverflowAndNothingIsLost) {
  MetricRegistry registry;
  auto& family = registry.counters({.name = "c", .help = "C.", .labels = {{.name = "type", .open = true}, {.name = "status"}}});
  constexpr std::size_t kTypes = kMetricSeriesMax * 3;
  for (std::size_t i = 0; i < kTypes; ++i) {
    family.with({"type-" + std::to_string(i), "OK"}).add();
    family.with({"type-" + std::to_string(i), "OK"}).add();
  }
  family.with({"one more", "FAILED"}).add();
  const std::string text = registry.text();
  EXPECT_THAT(text, HasSubstr("c{type=\"_other_\",status=\"OK\"} " + std::to_string(2 * (kTypes - kMetricSeriesMax)) + "\n"));
  EXPECT_THAT(text, HasSubstr("c{type=\"_other_\",status=\"FAILED\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("one more")));
  EXPECT_EQ(std::ranges::count(text, '\n'), 2 + static_cast<std::ptrdiff_t>(kMetricSeriesMax) + 2);
}

TEST(MetricsTest, ALabelValueIsShortened) {
  MetricRegistry registry;
  registry.counters({.name = "c", .help = "C.", .labels = {{.name = "type", .open = true}}}).with({std::string(100'000, 'x')}).add();
  EXPECT_LT(registry.text().size(), kMetricLabelBytesMax + 100);
}

TEST(MetricsTest, ThreadsThatCountAtOnceLoseNothing) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 20'000;
  MetricRegistry registry;
  auto& counters = registry.counters({.name = "c", .help = "C.", .labels = {{.name = "l"}}});
  Histogram& histogram = registry.histograms({.name = "h", .help = "H.", .bounds = {1, 2}}).with({});
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, label = std::to_string(thread % 3)] {
      for (int i = 0; i < kRounds; ++i) {
        counters.with({label}).add();
        histogram.observe(i % 3);
        if (i % 5000 == 0) {
          EXPECT_THAT(registry.text(), HasSubstr("h_count"));
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(counters.with({"0"}).value() + counters.with({"1"}).value() + counters.with({"2"}).value(), kThreads * kRounds);
  const std::vector<std::uint64_t> counts = histogram.counts();
  EXPECT_EQ(counts[0] + counts[1] + counts[2], kThreads * kRounds);
}

TEST(MetricsDeathTest, ANameThatPrometheusRefusesOrThatIsTakenIsABug) {
  MetricRegistry registry;
  registry.counters({.name = "c", .help = "C."});
  EXPECT_DEATH(registry.gauges({.name = "c", .help = "C."}), "defined once");
  EXPECT_DEATH(registry.gauges({.name = "1st", .help = "C."}), "Prometheus");
  EXPECT_DEATH(registry.gauges({.name = "g", .help = "C.", .labels = {{.name = "a:b"}}}), "Prometheus");
}

}  // namespace
}  // namespace lifecycle
