#include "kubernetes/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace lifecycle::kubernetes {
namespace {

constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_unreserved(char each) { return std::isalnum(static_cast<unsigned char>(each)) != 0 || std::string_view("-._~").contains(each); }

bool is_host_character(char each) { return std::isalnum(static_cast<unsigned char>(each)) != 0 || std::string_view("-._").contains(each); }

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, [](char each) { return each >= '0' && each <= '9'; });
}

// Reads host and port into `url`; false when they are none.
bool read_authority(std::string_view authority, Url& url) {
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return false;
    }
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    const bool is_address = std::ranges::all_of(
        url.host, [](char each) { return std::isxdigit(static_cast<unsigned char>(each)) != 0 || each == ':' || each == '.'; });
    if (!is_address) {
      return false;
    }
  } else {
    url.host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(url.host.size());
    if (!std::ranges::all_of(url.host, is_host_character)) {
      return false;
    }
  }
  if (authority.starts_with(':')) {
    url.port = authority.substr(1);
    return !url.host.empty() && is_port(url.port);
  }
  return !url.host.empty() && authority.empty();
}

}  // namespace

std::string base64_of(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (i < three.size() ? static_cast<std::uint8_t>(three[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= three.size() ? kBase64Digits[bits >> (18U - 6U * i) & 63U] : '=';
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char each) { return each != '\n' && each != '\r'; });
  std::string_view rest = digits;
  const std::size_t padding = rest.ends_with("==") ? 2 : rest.ends_with('=') ? 1 : 0;
  if (rest.size() % 4 != 0) {
    return std::nullopt;
  }
  rest.remove_suffix(padding);
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char each : rest) {
    const std::size_t digit = kBase64Digits.find(each);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    bits = (bits << 6U | static_cast<std::uint32_t>(digit)) & 0xFFFFFFU;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes += static_cast<char>(bits >> bit_count & 0xFFU);
    }
  }
  return bytes;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char each : text) {
    if (is_unreserved(each)) {
      encoded += each;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<std::uint8_t>(each));
    }
  }
  return encoded;
}

std::string query_text(const std::vector<QueryParameter>& parameters) {
  std::string text;
  for (const QueryParameter& each : parameters) {
    text += fmt::format("{}{}={}", text.empty() ? '?' : '&', percent_encoded(each.name), percent_encoded(each.value));
  }
  return text;
}

std::optional<Url> parse_url(std::string_view text) {
  const std::size_t end_of_scheme = text.find("://");
  const bool is_plain = std::ranges::all_of(text, [](char each) { return each > ' ' && each < '\x7f'; });
  if (end_of_scheme == std::string_view::npos || !is_plain || text.find_first_of("?#@\\\"<>^`{|}") != std::string_view::npos) {
    return std::nullopt;
  }
  Url url;
  std::ranges::transform(text.substr(0, end_of_scheme), std::back_inserter(url.scheme),
                         [](char each) { return static_cast<char>(std::tolower(static_cast<unsigned char>(each))); });
  text.remove_prefix(end_of_scheme + 3);
  const std::size_t slash = std::min(text.find('/'), text.size());
  url.path = text.substr(slash);
  while (url.path.ends_with('/')) {
    url.path.pop_back();
  }
  if (!read_authority(text.substr(0, slash), url)) {
    return std::nullopt;
  }
  return url;
}

std::string host_and_port(std::string_view host, std::string_view port) {
  const bool is_address = host.contains(':');  // an IPv6 one
  return fmt::format("{}{}{}{}{}", is_address ? "[" : "", host, is_address ? "]" : "", port.empty() ? "" : ":", port);
}

}  // namespace lifecycle::kubernetes
