#include "converter/json_writer.h"

#include <array>
#include <cmath>
#include <cstdint>

#include "base/text.h"

namespace lifecycle::converter {
namespace {

enum class ByteClass : std::uint8_t { kPlain, kEscaped, kNotAscii };

constexpr std::array<ByteClass, 256> kByteClass = [] {
  std::array<ByteClass, 256> table{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) {
    table[byte] = ByteClass::kEscaped;
  }
  table['"'] = ByteClass::kEscaped;
  table['\\'] = ByteClass::kEscaped;
  for (std::size_t byte = 0x80; byte < 0x100; ++byte) {
    table[byte] = ByteClass::kNotAscii;
  }
  return table;
}();

ByteClass class_of(char byte) { return kByteClass[static_cast<std::uint8_t>(byte)]; }

void append_escape(std::string& out, char byte) {
  switch (byte) {
    case '"':
    case '\\':
      out += '\\';
      out += byte;
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto value = static_cast<std::uint8_t>(byte);
      out += "\\u00";
      out += kHex[value >> 4U];
      out += kHex[value & 0xFU];
    }
  }
}

// `text` is valid UTF-8.
void append_escaped(std::string& out, std::string_view text) {
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (class_of(text[i]) == ByteClass::kEscaped) {
      out.append(text, copied, i - copied);
      append_escape(out, text[i]);
      copied = i + 1;
    }
  }
  out.append(text, copied);
}

template <class T>
void append_floating(std::string& out, T value) {
  if (!std::isfinite(value)) {
    throw EncodingError("JSON has no NaN and no infinity: the value cannot be encoded");
  }
  char digits[32];
  const std::to_chars_result written = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, written.ptr);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  std::uint8_t seen = 0;
  for (const char byte : text) {
    seen |= static_cast<std::uint8_t>(class_of(byte));
  }
  out += '"';
  if (seen == 0) {
    out += text;
  } else if ((seen & static_cast<std::uint8_t>(ByteClass::kNotAscii)) == 0) {
    append_escaped(out, text);
  } else {
    append_escaped(out, valid_utf8(text));
  }
  out += '"';
}

void append_json_number(std::string& out, double value) { append_floating(out, value); }
void append_json_number(std::string& out, float value) { append_floating(out, value); }

}  // namespace lifecycle::converter
