#include "rpc/header_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace lifecycle::rpc {
namespace {

bool is_name_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
}

bool is_printable(char byte) { return byte >= ' ' && byte <= '~'; }

}  // namespace

Result<void> check_header(std::string_view name, std::string_view value) {
  if (name.empty() || !std::ranges::all_of(name, is_name_byte)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no header's name", name), "a name has letters, digits, '-', '_' and '.'");
  }
  if (!std::ranges::all_of(value, is_printable)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("header '{}' has a character that no header may have", name),
                "values are printable ASCII, without line ends");
  }
  return {};
}

Result<std::string> api_key_in(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "no API key in it");
  }
  const std::string_view key = text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
  if (!std::ranges::all_of(key, is_printable)) {
    return fail(ErrorCode::kInvalidArgument, "an API key is one line of printable ASCII, and this is not");
  }
  return std::string(key);
}

}  // namespace lifecycle::rpc
