#include "kubernetes/time_text.h"

#include <charconv>
#include <chrono>
#include <cstddef>

namespace lifecycle::kubernetes {
namespace {

// Takes `digits` digits off the front.
std::optional<int> take_number(std::string_view& rest, std::size_t digits) {
  int number = 0;
  if (rest.size() < digits || rest[0] == '-') {
    return std::nullopt;
  }
  const std::string_view text = rest.substr(0, digits);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  rest.remove_prefix(digits);
  return number;
}

bool take(std::string_view& rest, char expected) {
  if (!rest.starts_with(expected)) {
    return false;
  }
  rest.remove_prefix(1);
  return true;
}

std::chrono::nanoseconds take_fraction(std::string_view& rest) {
  std::chrono::nanoseconds fraction{0};
  if (!take(rest, '.')) {
    return fraction;
  }
  for (std::int64_t unit = 100'000'000; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; unit /= 10) {
    fraction += std::chrono::nanoseconds((rest[0] - '0') * unit);
    rest.remove_prefix(1);
  }
  return fraction;
}

std::optional<std::chrono::minutes> take_offset(std::string_view& rest) {
  if (take(rest, 'Z') || take(rest, 'z')) {
    return std::chrono::minutes(0);
  }
  const bool west = rest.starts_with('-');
  if (!west && !rest.starts_with('+')) {
    return std::nullopt;
  }
  rest.remove_prefix(1);
  const std::optional<int> hours = take_number(rest, 2);
  const bool colon = take(rest, ':');
  const std::optional<int> minutes = take_number(rest, 2);
  if (!hours || !colon || !minutes) {
    return std::nullopt;
  }
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return west ? -offset : offset;
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
  const std::optional<int> year = take_number(text, 4);
  const std::optional<int> month = take(text, '-') ? take_number(text, 2) : std::nullopt;
  const std::optional<int> day = take(text, '-') ? take_number(text, 2) : std::nullopt;
  const std::optional<int> hour = take(text, 'T') || take(text, 't') ? take_number(text, 2) : std::nullopt;
  const std::optional<int> minute = take(text, ':') ? take_number(text, 2) : std::nullopt;
  const std::optional<int> second = take(text, ':') ? take_number(text, 2) : std::nullopt;
  if (!year || !month || !day || !hour || !minute || !second) {
    return std::nullopt;
  }
  const std::chrono::nanoseconds fraction = take_fraction(text);
  const std::optional<std::chrono::minutes> offset = take_offset(text);
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // Beyond these years nanoseconds since 1970 do not fit into 64 bits.
  const bool representable = *year >= 1678 && *year <= 2261;
  if (!offset || !text.empty() || !date.ok() || !representable || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) - *offset +
         std::chrono::seconds(*second) + fraction;
}

}  // namespace lifecycle::kubernetes
