#include "telemetry/sdk_metrics.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"

namespace lifecycle {
namespace {

enum class Type : std::uint8_t { kCounter, kGauge, kHistogram };
// Upper bounds, in milliseconds, by what is timed.
enum class Buckets : std::uint8_t { kNone, kRequest, kLongRequest, kEndToEnd, kScheduleToStart, kWorkflowTask, kActivity };
enum class Dialects : std::uint8_t { kBoth, kGoOnly, kCoreOnly };
enum class Label : std::uint8_t {
  kWorkflowType,
  kActivityType,
  kWorkerType,
  kPollerType,
  kOperation,
  kStatusCode,
  kFailureReason,
  kEager,
};
using Labels = std::vector<Label>;

struct Row {
  SdkMetric metric;
  std::string_view name;  // without prefix and suffix
  Type type;
  Buckets buckets;
  Dialects dialects;
  Labels labels;  // in Core's dialect; in Go's, workflow_type, activity_type and worker_type are on every metric
  std::string_view help;
};

using enum SdkMetric;
using enum Type;
using enum Label;

// In the order of SdkMetric.
const std::vector<Row>& table() {
  static const std::vector<Row> rows{
      {kWorkerStart, "worker_start", kCounter, Buckets::kNone, Dialects::kBoth, {kWorkerType}, "Workers started."},
      {kNumPollers, "num_pollers", kGauge, Buckets::kNone, Dialects::kBoth, {kPollerType}, "Long polls that are open."},
      {kWorkerTaskSlotsAvailable,
       "worker_task_slots_available",
       kGauge,
       Buckets::kNone,
       Dialects::kBoth,
       {kWorkerType},
       "Slots without a task."},
      {kWorkerTaskSlotsUsed, "worker_task_slots_used", kGauge, Buckets::kNone, Dialects::kBoth, {kWorkerType}, "Slots with a task."},
      {kStickyCacheSize, "sticky_cache_size", kGauge, Buckets::kNone, Dialects::kBoth, {}, "Workflows kept in memory."},
      {kStickyCacheHit, "sticky_cache_hit", kCounter, Buckets::kNone, Dialects::kBoth, {}, "Tasks whose workflow was in memory."},
      {kStickyCacheMiss, "sticky_cache_miss", kCounter, Buckets::kNone, Dialects::kBoth, {}, "Tasks whose workflow had to be replayed."},
      {kStickyCacheTotalForcedEviction,
       "sticky_cache_total_forced_eviction",
       kCounter,
       Buckets::kNone,
       Dialects::kBoth,
       {},
       "Workflows that left memory before their end."},
      {kWorkflowCompleted, "workflow_completed", kCounter, Buckets::kNone, Dialects::kBoth, {kWorkflowType}, "Workflows completed."},
      {kWorkflowFailed, "workflow_failed", kCounter, Buckets::kNone, Dialects::kBoth, {kWorkflowType}, "Workflows failed."},
      {kWorkflowCanceled, "workflow_canceled", kCounter, Buckets::kNone, Dialects::kBoth, {kWorkflowType}, "Workflows cancelled."},
      {kWorkflowContinueAsNew,
       "workflow_continue_as_new",
       kCounter,
       Buckets::kNone,
       Dialects::kBoth,
       {kWorkflowType},
       "Workflows that went on as a new run."},
      {kWorkflowEndToEndLatency,
       "workflow_endtoend_latency",
       kHistogram,
       Buckets::kEndToEnd,
       Dialects::kBoth,
       {kWorkflowType},
       "From a run's start to its end."},
      {kWorkflowTaskQueuePollEmpty,
       "workflow_task_queue_poll_empty",
       kCounter,
       Buckets::kNone,
       Dialects::kBoth,
       {kPollerType},
       "Polls for workflow tasks that brought none."},
      {kWorkflowTaskQueuePollSucceed,
       "workflow_task_queue_poll_succeed",
       kCounter,
       Buckets::kNone,
       Dialects::kBoth,
       {kPollerType},
       "Polls for workflow tasks that brought one."},
      {kWorkflowTaskScheduleToStartLatency,
       "workflow_task_schedule_to_start_latency",
       kHistogram,
       Buckets::kScheduleToStart,
       Dialects::kBoth,
       {},
       "How long workflow tasks waited for a worker."},
      {kWorkflowTaskExecutionLatency,
       "workflow_task_execution_latency",
       kHistogram,
       Buckets::kWorkflowTask,
       Dialects::kBoth,
       {kWorkflowType},
       "From taking a workflow task to its answer being ready."},
      {kWorkflowTaskReplayLatency,
       "workflow_task_replay_latency",
       kHistogram,
       Buckets::kWorkflowTask,
       Dialects::kBoth,
       {kWorkflowType},
       "From taking a workflow task to its news reaching the code."},
      {kWorkflowTaskExecutionFailed,
       "workflow_task_execution_failed",
       kCounter,
       Buckets::kNone,
       Dialects::kBoth,
       {kWorkflowType, kFailureReason},
       "Workflow tasks failed."},
      {kActivityPollNoTask,
       "activity_poll_no_task",
       kCounter,
       Buckets::kNone,
       Dialects::kBoth,
       {},
       "Polls for activity tasks that brought none."},
      {kActivityTaskReceived,
       "activity_task_received",
       kCounter,
       Buckets::kNone,
       Dialects::kCoreOnly,
       {kActivityType, kWorkflowType, kEager},
       "Activity tasks taken."},
      {kActivityScheduleToStartLatency,
       "activity_schedule_to_start_latency",
       kHistogram,
       Buckets::kScheduleToStart,
       Dialects::kBoth,
       {kActivityType, kWorkflowType},
       "How long activity tasks waited for a worker."},
      {kActivityExecutionLatency,
       "activity_execution_latency",
       kHistogram,
       Buckets::kActivity,
       Dialects::kBoth,
       {kActivityType, kWorkflowType},
       "How long attempts of activities ran."},
      {kActivitySucceedEndToEndLatency,
       "activity_succeed_endtoend_latency",
       kHistogram,
       Buckets::kEndToEnd,
       Dialects::kBoth,
       {kActivityType, kWorkflowType},
       "From an activity's first scheduling to its success."},
      {kActivityExecutionFailed,
       "activity_execution_failed",
       kCounter,
       Buckets::kNone,
       Dialects::kBoth,
       {kActivityType, kWorkflowType},
       "Attempts of activities that failed."},
      {kActivityExecutionCancelled,
       "activity_execution_cancelled",
       kCounter,
       Buckets::kNone,
       Dialects::kBoth,
       {kActivityType, kWorkflowType},
       "Attempts of activities that were cancelled."},
      {kUnregisteredActivityInvocation,
       "unregistered_activity_invocation",
       kCounter,
       Buckets::kNone,
       Dialects::kGoOnly,
       {kActivityType, kWorkflowType},
       "Activity tasks of a type that this worker does not have."},
      {kRequest, "request", kCounter, Buckets::kNone, Dialects::kBoth, {kOperation}, "Calls to the server."},
      {kRequestFailure, "request_failure", kCounter, Buckets::kNone, Dialects::kBoth, {kOperation, kStatusCode}, "Calls that failed."},
      {kRequestLatency, "request_latency", kHistogram, Buckets::kRequest, Dialects::kBoth, {kOperation}, "How long calls took."},
      {kLongRequest, "long_request", kCounter, Buckets::kNone, Dialects::kBoth, {kOperation}, "Long polls."},
      {kLongRequestFailure,
       "long_request_failure",
       kCounter,
       Buckets::kNone,
       Dialects::kBoth,
       {kOperation, kStatusCode},
       "Long polls that failed."},
      {kLongRequestLatency,
       "long_request_latency",
       kHistogram,
       Buckets::kLongRequest,
       Dialects::kBoth,
       {kOperation},
       "How long long polls took."},
  };
  return rows;
}

const Row& row_of(SdkMetric metric) {
  const Row& row = table().at(static_cast<std::size_t>(metric));
  check(row.metric == metric, "the table of metrics is in the order of its names");
  return row;
}

// Core's bounds are its own. The Go SDK has none: they come with the reporter, and its usual ones end at 10 s, which says nothing of
// workflows and long polls, so that those go on as far as they need.
std::vector<double> bounds_ms(Buckets buckets, MetricDialect dialect) {
  if (buckets == Buckets::kEndToEnd) {
    return {100,    500,     1000,    1500,    2000,      5000,      10'000,     30'000,
            60'000, 120'000, 300'000, 600'000, 1'800'000, 3'600'000, 36'000'000, 86'400'000};
  }
  if (dialect == MetricDialect::kGo) {
    std::vector<double> bounds{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10'000};
    if (buckets != Buckets::kRequest && buckets != Buckets::kWorkflowTask) {
      bounds.insert(bounds.end(), {20'000, 30'000, 60'000, 120'000, 600'000});
    }
    return bounds;
  }
  switch (buckets) {
    case Buckets::kScheduleToStart:
      return {100, 500, 1000, 5000, 10'000, 100'000, 1'000'000};
    case Buckets::kWorkflowTask:
      return {1, 10, 20, 50, 100, 200, 500, 1000};
    case Buckets::kActivity:
      return {50, 100, 500, 1000, 5000, 10'000, 60'000};
    default:
      return {50, 100, 500, 1000, 2500, 10'000};
  }
}

std::string_view name_of(Label label) {
  constexpr std::array<std::string_view, 8> kNames{"workflow_type", "activity_type", "worker_type",    "poller_type",
                                                   "operation",     "status_code",   "failure_reason", "eager"};
  return kNames.at(static_cast<std::size_t>(label));
}

std::string_view name_of(PollerType type, MetricDialect dialect) {
  switch (type) {
    case PollerType::kWorkflowTask:
      return "workflow_task";
    case PollerType::kStickyWorkflowTask:
      return dialect == MetricDialect::kGo ? "workflow_sticky_task" : "sticky_workflow_task";
    case PollerType::kActivityTask:
      return "activity_task";
  }
  std::unreachable();
}

std::string_view value_of(Label label, const SdkMetricLabels& labels, MetricDialect dialect) {
  const auto value = [&]() -> std::string_view {
    switch (label) {
      case kWorkflowType:
        return labels.workflow_type;
      case kActivityType:
        return labels.activity_type;
      case kWorkerType:
        return labels.worker_type;
      case kPollerType:
        return labels.poller_type ? name_of(*labels.poller_type, dialect) : "";
      case kOperation:
        return labels.operation;
      case kStatusCode:
        return labels.status_code;
      case kFailureReason:
        return labels.failure_reason;
      case kEager:
        return labels.eager;
    }
    std::unreachable();
  }();
  return value.empty() ? "none" : value;
}

Labels labels_of(const Row& row, MetricDialect dialect) {
  if (dialect == MetricDialect::kCore) {
    return row.labels;
  }
  Labels labels{kWorkerType, kWorkflowType, kActivityType};
  for (const Label label : row.labels) {
    if (std::ranges::find(labels, label) == labels.end()) {
      labels.push_back(label);
    }
  }
  return labels;
}

bool is_in(const Row& row, MetricDialect dialect) {
  return row.dialects == Dialects::kBoth || row.dialects == (dialect == MetricDialect::kGo ? Dialects::kGoOnly : Dialects::kCoreOnly);
}

MetricDefinition define(const Row& row, MetricDialect dialect, const SdkMetricOrigin& origin) {
  MetricDefinition definition{.name = exposed_name(row.metric, dialect), .help = std::string(row.help)};
  definition.constant_labels = {
      {"namespace", origin.name_space},
      {"task_queue", origin.task_queue},
      {"worker_build_id", origin.worker_build_id},
      dialect == MetricDialect::kGo ? std::pair("client_name", "temporal_cpp") : std::pair("service_name", "temporal-cpp-sdk")};
  for (const Label label : labels_of(row, dialect)) {
    definition.labels.push_back({.name = std::string(name_of(label)), .open = label == kWorkflowType || label == kActivityType});
  }
  if (row.type == kHistogram) {
    const double unit = dialect == MetricDialect::kGo ? 1000 : 1;
    for (const double bound : bounds_ms(row.buckets, dialect)) {
      definition.bounds.push_back(bound / unit);
    }
  }
  return definition;
}

}  // namespace

Result<MetricDialect> parse_metric_dialect(std::string_view text) {
  if (text == "go") {
    return MetricDialect::kGo;
  }
  if (text == "core") {
    return MetricDialect::kCore;
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("metrics dialect '{}' is not known", text), "use go or core");
}

std::string exposed_name(SdkMetric metric, MetricDialect dialect) {
  const Row& row = row_of(metric);
  if (!is_in(row, dialect)) {
    return {};
  }
  std::string_view suffix;
  if (dialect == MetricDialect::kGo) {
    suffix = row.type == kCounter ? "_total" : row.type == kHistogram ? "_seconds" : "";
  }
  return fmt::format("temporal_{}{}", row.name, suffix);
}

std::span<const SdkMetric> all_sdk_metrics() {
  static const std::vector<SdkMetric> all = [] {
    std::vector<SdkMetric> metrics;
    for (const Row& row : table()) {
      metrics.push_back(row.metric);
    }
    return metrics;
  }();
  return all;
}

struct SdkMetrics::Families {
  using Family = std::variant<std::monostate, MetricFamily<Counter>*, MetricFamily<Gauge>*, MetricFamily<Histogram>*>;
  struct Entry {
    Family family;  // nothing: not in this dialect
    Labels labels;
  };

  MetricDialect dialect;
  std::vector<Entry> entries;  // in the order of SdkMetric

  // The series of the metric with these labels; null when the dialect has no such metric.
  template <class Instrument>
  Instrument* find(SdkMetric metric, const SdkMetricLabels& labels) const {
    const Entry& entry = entries[static_cast<std::size_t>(metric)];
    if (std::holds_alternative<std::monostate>(entry.family)) {
      return nullptr;
    }
    std::array<std::string_view, 8> values;
    for (std::size_t i = 0; i < entry.labels.size(); ++i) {
      values[i] = value_of(entry.labels[i], labels, dialect);
    }
    auto* const* family = std::get_if<MetricFamily<Instrument>*>(&entry.family);
    check(family != nullptr, "a metric is used as what it is");
    return &(*family)->with(std::span(values).first(entry.labels.size()));
  }
};

SdkMetrics::SdkMetrics(MetricRegistry& registry, MetricDialect dialect, const SdkMetricOrigin& origin)
    : families_(std::make_shared<Families>(Families{.dialect = dialect, .entries = {}})) {
  for (const Row& row : table()) {
    Families::Entry& entry = families_->entries.emplace_back();
    if (!is_in(row, dialect)) {
      continue;
    }
    entry.labels = labels_of(row, dialect);
    MetricDefinition definition = define(row, dialect, origin);
    switch (row.type) {
      case kCounter:
        entry.family = &registry.counters(std::move(definition));
        break;
      case kGauge:
        entry.family = &registry.gauges(std::move(definition));
        break;
      case kHistogram:
        entry.family = &registry.histograms(std::move(definition));
        break;
    }
  }
}

void SdkMetrics::count(SdkMetric metric, const SdkMetricLabels& labels) const {
  if (families_ == nullptr) {
    return;
  }
  if (auto* counter = families_->find<Counter>(metric, labels)) {
    counter->add();
  }
}

void SdkMetrics::set(SdkMetric metric, double value, const SdkMetricLabels& labels) const {
  if (families_ == nullptr) {
    return;
  }
  if (auto* gauge = families_->find<Gauge>(metric, labels)) {
    gauge->set(value);
  }
}

void SdkMetrics::observe(SdkMetric metric, Duration duration, const SdkMetricLabels& labels) const {
  if (families_ == nullptr) {
    return;
  }
  // A clock that jumped between two machines' readings must not count backwards.
  const double nanoseconds = static_cast<double>(std::max(duration, Duration::zero()).count());
  if (auto* histogram = families_->find<Histogram>(metric, labels)) {
    histogram->observe(nanoseconds / (families_->dialect == MetricDialect::kGo ? 1e9 : 1e6));
  }
}

}  // namespace lifecycle
