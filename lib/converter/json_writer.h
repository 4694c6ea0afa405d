// The parts of JSON text that need care: strings and numbers. json.h composes them into values.
#pragma once

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lifecycle::converter {

// A value that has no encoding. It is thrown into the user code that passed the value (a workflow's or an activity's argument or result),
// where the mistake is; nothing that was received can cause it.
class EncodingError final : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// Appends `text` in quotes. Bytes that are not UTF-8 become U+FFFD, as in Go's encoding: every reader, ours too, refuses them otherwise.
void append_json_string(std::string& out, std::string_view text);

// Appends the shortest text that reads back as the same number. Throws EncodingError for NaN and infinity, which JSON does not have.
void append_json_number(std::string& out, double value);
void append_json_number(std::string& out, float value);

template <std::integral T>
void append_json_number(std::string& out, T value) {
  char digits[24];
  const std::to_chars_result written = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, written.ptr);
}

}  // namespace lifecycle::converter
