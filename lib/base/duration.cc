#include "base/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace lifecycle {
namespace {

using std::chrono::nanoseconds;

struct Unit {
  std::string_view name;
  double nanos;
};

// Longer names first: "ms" must not be read as "m".
constexpr std::array<Unit, 7> kUnits{{{"ns", 1.0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}}};
constexpr double kMaxNanos = 9.2e18;  // about 292 years: what 64 bits of nanoseconds hold

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("duration '{}': {}", text, why), "write it like 500ms, 30s, 1m30s or 2h");
}

std::string with_fraction(double value, std::string_view unit) {
  std::string digits = fmt::format("{:.3f}", value);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) {
    digits.pop_back();
  }
  return digits + std::string(unit);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") {
    return Duration::zero();
  }
  if (text.empty()) {
    return bad(text, "is empty");
  }
  double total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    double value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, std::chars_format::fixed);
    if (error != std::errc() || std::signbit(value) || !std::isfinite(value)) {
      return bad(text, "is not a duration");
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const Unit* found = nullptr;
    for (const Unit& unit : kUnits) {
      if (rest.starts_with(unit.name)) {
        found = &unit;
        break;
      }
    }
    if (found == nullptr) {
      return bad(text, rest.empty() ? "has no unit" : "has an unknown unit");
    }
    rest.remove_prefix(found->name.size());
    total += value * found->nanos;
    if (total > kMaxNanos) {
      return bad(text, "is too long");
    }
  }
  return Duration(std::llround(total));
}

std::string format_duration(Duration duration) {
  const auto nanos = static_cast<double>(duration.count());
  if (nanos < 0) {
    return "-" + format_duration(-duration);
  }
  if (nanos == 0) {
    return "0s";
  }
  if (nanos < 1e6) {
    return with_fraction(nanos / 1e3, "us");
  }
  if (nanos < 1e9) {
    return with_fraction(nanos / 1e6, "ms");
  }
  std::string text;
  auto seconds = static_cast<std::int64_t>(nanos / 1e9);
  for (const auto& [name, length] : {std::pair{"d", 86400}, {"h", 3600}, {"m", 60}}) {
    if (seconds >= length) {
      text += fmt::format("{}{}", seconds / length, name);
      seconds %= length;
    }
  }
  const double left = static_cast<double>(seconds) + (nanos / 1e9 - std::floor(nanos / 1e9));
  return left > 0 || text.empty() ? text + with_fraction(left, "s") : text;
}

}  // namespace lifecycle
