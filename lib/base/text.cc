#include "base/text.h"

#include <cstdint>

namespace lifecycle {
namespace {

bool is_continuation(char byte) { return (static_cast<std::uint8_t>(byte) & 0xC0U) == 0x80U; }

// Length of the valid character that `rest` begins with, or 0. Overlong forms, surrogates and code points over U+10FFFF are not valid.
std::size_t valid_prefix(std::string_view rest) {
  const auto lead = static_cast<std::uint8_t>(rest[0]);
  if (lead < 0x80U) {
    return 1;
  }
  const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
  if (lead < 0xC2U || lead > 0xF4U || rest.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(rest[i])) {
      return 0;
    }
  }
  const auto second = static_cast<std::uint8_t>(rest[1]);
  const bool overlong = (lead == 0xE0U && second < 0xA0U) || (lead == 0xF0U && second < 0x90U);
  const bool outside = (lead == 0xEDU && second >= 0xA0U) || (lead == 0xF4U && second >= 0x90U);
  return overlong || outside ? 0 : length;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = valid_prefix(text);
    out += length > 0 ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(length > 0 ? length : 1);
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) {
    return std::string(text);
  }
  std::size_t end = bytes_max > 3 ? bytes_max - 3 : 0;
  while (end > 0 && is_continuation(text[end])) {
    --end;
  }
  return std::string(text.substr(0, end)) + "...";
}

std::string shortened_to_end(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) {
    return std::string(text);
  }
  std::size_t begin = bytes_max > 3 ? text.size() - (bytes_max - 3) : text.size();
  while (begin < text.size() && is_continuation(text[begin])) {
    ++begin;
  }
  return "..." + std::string(text.substr(begin));
}

}  // namespace lifecycle
