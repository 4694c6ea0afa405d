// Counters, gauges and histograms for Prometheus, and their text form (exposition format 0.0.4).
//
//   MetricRegistry registry;
//   MetricFamily<Counter>& tasks = registry.counters({.name = "tasks_total", .help = "Tasks.", .labels = {{.name = "queue"}}});
//   tasks.with({"q1"}).add();
//   registry.text();  // # HELP tasks_total Tasks. ...
//
// Any thread may count, and any thread may ask for the text. Counting is one atomic addition; finding a series by its labels takes a lock
// for the time of one look-up, so whoever counts often keeps the reference.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lifecycle {

class Counter {
 public:
  void add(std::uint64_t count = 1) { count_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  // Upper bounds of the buckets, ascending, without the last one, which is infinite. They outlive the histogram.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void observe(double value);
  // How many values fell into each bucket alone, the infinite one last.
  [[nodiscard]] std::vector<std::uint64_t> counts() const;
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::span<const double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

struct MetricLabel {
  std::string name;
  // Its values come from outside (workflow types, say), so that their number is not ours to know.
  bool open = false;
};

struct MetricDefinition {
  std::string name;  // as it is exposed, with "_total" or unit where the dialect wants it
  std::string help = {};
  std::vector<MetricLabel> labels = {};
  std::vector<std::pair<std::string, std::string>> constant_labels = {};  // the same for every series
  std::vector<double> bounds = {};                                        // of a histogram
};

// Series of one metric beyond this count together, under this value of their open labels: a client that starts workflows of ever new
// types must not cost memory, here or in Prometheus.
inline constexpr std::size_t kMetricSeriesMax = 200;
inline constexpr std::string_view kOtherLabelValue = "_other_";
// Longer values are shortened.
inline constexpr std::size_t kMetricLabelBytesMax = 200;

// What all families have in common: their definition, and the finding of a series by its label values.
class MetricFamilyBase {
 public:
  explicit MetricFamilyBase(MetricDefinition definition) : definition_(std::move(definition)) {}
  MetricFamilyBase(const MetricFamilyBase&) = delete;
  MetricFamilyBase& operator=(const MetricFamilyBase&) = delete;
  virtual ~MetricFamilyBase() = default;

  [[nodiscard]] const MetricDefinition& definition() const { return definition_; }
  // Appends HELP, TYPE and the series, in the order of their labels; nothing when there is no series.
  virtual void append_text(std::string& out) const = 0;

 protected:
  using Values = std::span<const std::string_view>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(Values values) const;
    std::size_t operator()(const std::vector<std::string>& values) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(Values left, const std::vector<std::string>& right) const { return std::ranges::equal(left, right); }
    bool operator()(const std::vector<std::string>& left, Values right) const { return std::ranges::equal(left, right); }
    bool operator()(const std::vector<std::string>& left, const std::vector<std::string>& right) const { return left == right; }
  };

  // The values under which a new series is kept.
  [[nodiscard]] std::vector<std::string> key_of(Values values, bool is_full) const;
  // "name{constant="x",label="value"", without the closing brace, or "name" when there is no label.
  [[nodiscard]] std::string series_prefix(std::string_view name, const std::vector<std::string>& values) const;
  void append_header(std::string& out, std::string_view type) const;

 private:
  MetricDefinition definition_;
};

template <class Instrument>
class MetricFamily final : public MetricFamilyBase {
 public:
  using MetricFamilyBase::MetricFamilyBase;

  // One value for each label, in the definition's order. The series is good as long as the registry.
  Instrument& with(std::span<const std::string_view> values) {
    const std::scoped_lock lock(mutex_);
    if (const auto found = series_.find(values); found != series_.end()) {
      return *found->second;
    }
    std::vector<std::string> key = key_of(values, series_.size() >= kMetricSeriesMax);
    auto& series = series_[std::move(key)];
    if (series == nullptr) {
      series = make();
    }
    return *series;
  }
  Instrument& with(std::initializer_list<std::string_view> values) { return with(std::span(values.begin(), values.size())); }

  void append_text(std::string& out) const override;

 private:
  [[nodiscard]] std::unique_ptr<Instrument> make() const;

  mutable std::mutex mutex_;
  std::unordered_map<std::vector<std::string>, std::unique_ptr<Instrument>, Hash, Equal> series_;
};

class MetricRegistry {
 public:
  MetricRegistry() = default;
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // Families are good as long as the registry. A name twice, or one that Prometheus does not take, is a bug of the program and ends it.
  MetricFamily<Counter>& counters(MetricDefinition definition);
  MetricFamily<Gauge>& gauges(MetricDefinition definition);
  MetricFamily<Histogram>& histograms(MetricDefinition definition);

  // All metrics in text form, by name.
  [[nodiscard]] std::string text() const;

 private:
  template <class Instrument>
  MetricFamily<Instrument>& add(MetricDefinition definition);

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<MetricFamilyBase>> families_;
};

}  // namespace lifecycle
