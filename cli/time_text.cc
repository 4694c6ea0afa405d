#include "cli/time_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

namespace lifecycle::cli {
namespace {

using std::chrono::seconds;

struct SplitTime {
  std::tm calendar;
  std::int64_t nanos;  // of the second
};

SplitTime split(WallTime time) {
  const auto whole = std::chrono::floor<seconds>(time);
  return {.calendar = fmt::gmtime(whole.time_since_epoch().count()), .nanos = (time - whole).count()};
}

}  // namespace

std::string iso_time(WallTime time) {
  const SplitTime parts = split(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", parts.calendar, parts.nanos / 1'000'000);
}

std::string time_text(TimeFormat format, WallTime time, WallTime origin) {
  switch (format) {
    case TimeFormat::kRelative:
      // A worker's clock may be behind the client's by more than the workflow is old.
      return time < origin ? "-" + short_duration(origin - time) : "+" + short_duration(time - origin);
    case TimeFormat::kIso:
      return iso_time(time);
    case TimeFormat::kRaw: {
      const SplitTime parts = split(time);
      return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:09} +0000 UTC", parts.calendar, parts.nanos);
    }
  }
  std::unreachable();
}

std::string short_duration(Duration duration) {
  using Tenths = std::chrono::duration<std::int64_t, std::deci>;
  const std::int64_t tenths = std::chrono::round<Tenths>(duration).count();
  const std::int64_t minutes = tenths / 600;
  const std::int64_t rest = tenths % 600;
  if (minutes == 0) {
    return fmt::format("{}.{}s", rest / 10, rest % 10);
  }
  if (minutes < 60) {
    return fmt::format("{}m{:02}.{}s", minutes, rest / 10, rest % 10);
  }
  return fmt::format("{}h{:02}m{:02}.{}s", minutes / 60, minutes % 60, rest / 10, rest % 10);
}

std::int64_t to_millis(Duration duration) { return std::chrono::round<std::chrono::milliseconds>(duration).count(); }

}  // namespace lifecycle::cli
