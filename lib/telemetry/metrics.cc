#include "telemetry/metrics.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/text.h"

namespace lifecycle {
namespace {

// The shortest text that reads back as the same number, as the format wants it.
std::string number(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

std::string escaped_label(std::string_view value) {
  std::string out;
  for (const char byte : value) {
    if (byte == '\n') {
      out += "\\n";
      continue;
    }
    if (byte == '\\' || byte == '"') {
      out += '\\';
    }
    out += byte;
  }
  return out;
}

std::string escaped_help(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    out += byte == '\n' ? "\\n" : byte == '\\' ? "\\\\" : std::string_view(&byte, 1);
  }
  return out;
}

bool is_name(std::string_view name, bool colon_allowed) {
  const auto is_letter = [colon_allowed](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon_allowed && c == ':');
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); });
}

void check_definition(const MetricDefinition& definition) {
  check(is_name(definition.name, true), "a metric's name is one that Prometheus takes");
  for (const MetricLabel& label : definition.labels) {
    check(is_name(label.name, false), "a label's name is one that Prometheus takes");
  }
  for (const auto& [name, value] : definition.constant_labels) {
    check(is_name(name, false), "a label's name is one that Prometheus takes");
  }
  check(std::ranges::is_sorted(definition.bounds, std::less_equal<>()), "a histogram's bounds ascend");
}

std::size_t combine(std::size_t hash, std::string_view value) { return hash * 0x100000001b3ULL ^ std::hash<std::string_view>()(value); }

template <class Instrument>
constexpr std::string_view kTypeName = "";
template <>
constexpr std::string_view kTypeName<Counter> = "counter";
template <>
constexpr std::string_view kTypeName<Gauge> = "gauge";
template <>
constexpr std::string_view kTypeName<Histogram> = "histogram";

}  // namespace

void Histogram::observe(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<std::uint64_t> Histogram::counts() const {
  std::vector<std::uint64_t> out;
  for (const auto& count : counts_) {
    out.push_back(count.load(std::memory_order_relaxed));
  }
  return out;
}

std::size_t MetricFamilyBase::Hash::operator()(Values values) const {
  return std::accumulate(values.begin(), values.end(), std::size_t{1}, combine);
}

std::size_t MetricFamilyBase::Hash::operator()(const std::vector<std::string>& values) const {
  return std::accumulate(values.begin(), values.end(), std::size_t{1}, combine);
}

std::vector<std::string> MetricFamilyBase::key_of(Values values, bool is_full) const {
  check(values.size() == definition_.labels.size(), "a series has one value for each label");
  std::vector<std::string> key;
  for (std::size_t i = 0; i < values.size(); ++i) {
    key.push_back(is_full && definition_.labels[i].open ? std::string(kOtherLabelValue) : std::string(values[i]));
  }
  return key;
}

std::string MetricFamilyBase::series_prefix(std::string_view name, const std::vector<std::string>& values) const {
  std::string out(name);
  char before = '{';
  const auto append = [&](std::string_view label, std::string_view value) {
    out += before;
    before = ',';
    out += label;
    out += "=\"";
    out += escaped_label(shortened(valid_utf8(value), kMetricLabelBytesMax));
    out += '"';
  };
  for (const auto& [label, value] : definition_.constant_labels) {
    append(label, value);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    append(definition_.labels[i].name, values[i]);
  }
  return out;
}

void MetricFamilyBase::append_header(std::string& out, std::string_view type) const {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", definition_.name, escaped_help(definition_.help), definition_.name, type);
}

template <class Instrument>
std::unique_ptr<Instrument> MetricFamily<Instrument>::make() const {
  if constexpr (std::is_same_v<Instrument, Histogram>) {
    return std::make_unique<Histogram>(definition().bounds);
  } else {
    return std::make_unique<Instrument>();
  }
}

template <class Instrument>
void MetricFamily<Instrument>::append_text(std::string& out) const {
  std::vector<std::pair<std::vector<std::string>, const Instrument*>> all;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [values, series] : series_) {
      all.emplace_back(values, series.get());
    }
  }
  if (all.empty()) {
    return;
  }
  std::ranges::sort(all);
  append_header(out, kTypeName<Instrument>);
  const std::string& name = definition().name;
  const auto append_sample = [&out](const std::string& prefix, const std::string& value) {
    out += prefix;
    out += prefix.contains('{') ? "} " : " ";
    out += value;
    out += '\n';
  };
  for (const auto& [values, series] : all) {
    if constexpr (std::is_same_v<Instrument, Counter>) {
      append_sample(series_prefix(name, values), fmt::format("{}", series->value()));
    } else if constexpr (std::is_same_v<Instrument, Gauge>) {
      append_sample(series_prefix(name, values), number(series->value()));
    } else {
      const std::string bucket = series_prefix(name + "_bucket", values);
      const std::vector<std::uint64_t> counts = series->counts();
      std::uint64_t so_far = 0;
      for (std::size_t i = 0; i < counts.size(); ++i) {
        so_far += counts[i];
        const std::string bound = i < definition().bounds.size() ? number(definition().bounds[i]) : "+Inf";
        append_sample(fmt::format("{}{}le=\"{}\"", bucket, bucket.contains('{') ? ',' : '{', bound), fmt::format("{}", so_far));
      }
      append_sample(series_prefix(name + "_sum", values), number(series->sum()));
      append_sample(series_prefix(name + "_count", values), fmt::format("{}", so_far));
    }
  }
}

template class MetricFamily<Counter>;
template class MetricFamily<Gauge>;
template class MetricFamily<Histogram>;

template <class Instrument>
MetricFamily<Instrument>& MetricRegistry::add(MetricDefinition definition) {
  check_definition(definition);
  auto family = std::make_unique<MetricFamily<Instrument>>(std::move(definition));
  MetricFamily<Instrument>& added = *family;
  const std::scoped_lock lock(mutex_);
  const auto name_of = [](const std::unique_ptr<MetricFamilyBase>& each) -> const std::string& { return each->definition().name; };
  const auto place = std::ranges::lower_bound(families_, added.definition().name, {}, name_of);
  check(place == families_.end() || name_of(*place) != added.definition().name, "a metric is defined once");
  families_.insert(place, std::move(family));
  return added;
}

MetricFamily<Counter>& MetricRegistry::counters(MetricDefinition definition) { return add<Counter>(std::move(definition)); }
MetricFamily<Gauge>& MetricRegistry::gauges(MetricDefinition definition) { return add<Gauge>(std::move(definition)); }
MetricFamily<Histogram>& MetricRegistry::histograms(MetricDefinition definition) { return add<Histogram>(std::move(definition)); }

std::string MetricRegistry::text() const {
  const std::scoped_lock lock(mutex_);
  std::string out;
  for (const auto& family : families_) {
    family->append_text(out);
  }
  return out;
}

}  // namespace lifecycle
