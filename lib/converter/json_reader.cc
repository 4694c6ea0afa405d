#include "converter/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace lifecycle::converter {
namespace {

constexpr std::size_t kQuotedKeyBytesMax = 64;

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

// True for what stands for itself inside a string. The others end it, or need a closer look.
constexpr std::array<bool, 256> kPlainInString = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) {
    table[byte] = byte != '"' && byte != '\\';
  }
  return table;
}();

bool is_plain(char byte) { return kPlainInString[static_cast<std::uint8_t>(byte)]; }

const char* after_digits(const char* at, const char* end) { return std::find_if_not(at, end, is_digit); }

// The end of the number that begins at `at`, or nullptr when there is none.
const char* number_end(const char* at, const char* end) {
  at += at != end && *at == '-' ? 1 : 0;
  const char* const whole = at;
  at = after_digits(at, end);
  if (at == whole || (*whole == '0' && at - whole > 1)) {
    return nullptr;
  }
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    at = after_digits(at, end);
    if (at == fraction) {
      return nullptr;
    }
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    at += at != end && (*at == '+' || *at == '-') ? 1 : 0;
    const char* const exponent = at;
    at = after_digits(at, end);
    if (at == exponent) {
      return nullptr;
    }
  }
  return at;
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(static_cast<std::uint8_t>(value)); };
  if (code_point < 0x80) {
    out += byte(code_point);
  } else if (code_point < 0x800) {
    out += byte(0xC0U | (code_point >> 6U));
    out += byte(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    out += byte(0xE0U | (code_point >> 12U));
    out += byte(0x80U | ((code_point >> 6U) & 0x3FU));
    out += byte(0x80U | (code_point & 0x3FU));
  } else {
    out += byte(0xF0U | (code_point >> 18U));
    out += byte(0x80U | ((code_point >> 12U) & 0x3FU));
    out += byte(0x80U | ((code_point >> 6U) & 0x3FU));
    out += byte(0x80U | (code_point & 0x3FU));
  }
}

std::string describe(const char* at, const char* end) {
  if (at == end) {
    return "the end of the text";
  }
  const char byte = *at;
  if (byte == '-' || is_digit(byte)) {
    return "a number";
  }
  const std::string_view rest(at, static_cast<std::size_t>(end - at));
  if (rest.starts_with("true") || rest.starts_with("false")) {
    return "a boolean";
  }
  if (rest.starts_with("null")) {
    return "null";
  }
  switch (byte) {
    case '"':
      return "a string";
    case '{':
      return "an object";
    case '[':
      return "an array";
    default:
      return byte > 0x20 && byte < 0x7F ? fmt::format("'{}'", byte) : fmt::format("byte 0x{:02X}", static_cast<std::uint8_t>(byte));
  }
}

bool is_identifier(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char byte) {
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '-';
  });
}

}  // namespace

bool JsonReader::read(bool& out) {
  after_space();
  if (consume_literal("true")) {
    out = true;
    return true;
  }
  if (consume_literal("false")) {
    out = false;
    return true;
  }
  return fail_expected("a boolean");
}

bool JsonReader::read(double& out) { return read_floating(out); }
bool JsonReader::read(float& out) { return read_floating(out); }

template <class T>
bool JsonReader::read_floating(T& out) {
  const char* const start = after_space();
  if (start == end_ || (*start != '-' && !is_digit(*start))) {
    return fail_expected("a number");
  }
  if (!skip_number()) {
    return false;
  }
  if (std::from_chars(start, at_, out).ec != std::errc()) {
    return fail_at(start, fmt::format("the number does not fit into {} bits of floating point", 8 * sizeof(T)));
  }
  return true;
}

bool JsonReader::read_integer(Integer& out) {
  const char* const start = after_space();
  const char* at = start;
  if (at != end_ && *at == '-') {
    out.negative = true;
    ++at;
  }
  const char* const digits = at;
  constexpr std::ptrdiff_t kDigitsThatFit = 19;
  while (at != end_ && is_digit(*at) && at - digits < kDigitsThatFit) {
    out.magnitude = out.magnitude * 10 + static_cast<std::uint64_t>(*at - '0');
    ++at;
  }
  const bool simple =
      at != digits && (*digits != '0' || at - digits == 1) && (at == end_ || (!is_digit(*at) && *at != '.' && *at != 'e' && *at != 'E'));
  if (!simple) [[unlikely]] {
    return read_whole_fraction(out);
  }
  at_ = at;
  return true;
}

// The unusual numbers: fractions, exponents, 20 digits and more, and what is no number at all.
bool JsonReader::read_whole_fraction(Integer& out) {
  const char* const start = at_;
  if (start == end_ || (*start != '-' && !is_digit(*start))) {
    return fail_expected("a number");
  }
  if (!skip_number()) {
    return false;
  }
  const char* const digits = start + (out.negative ? 1 : 0);
  const auto [parsed_to, too_long] = std::from_chars(digits, at_, out.magnitude);
  if (parsed_to == at_) {
    return too_long == std::errc() || fail_at(start, "the number does not fit into 64 bits");
  }
  constexpr double kExactMax = 0x1p53;
  double value = 0;
  const std::errc failed = std::from_chars(digits, at_, value).ec;
  if (failed != std::errc() || value > kExactMax || std::trunc(value) != value) {
    return fail_at(start, fmt::format("expected a whole number, found {}", shortened({start, at_}, kQuotedKeyBytesMax)));
  }
  out.magnitude = static_cast<std::uint64_t>(value);
  return true;
}

bool JsonReader::read(std::string& out) {
  std::string_view value;
  if (!read_string(value, out)) {
    return false;
  }
  if (value.data() != out.data()) {
    out.assign(value);
  }
  return true;
}

bool JsonReader::consume_null() {
  after_space();
  return consume_literal("null");
}

JsonReader::Step JsonReader::open(char bracket) {
  if (!next_is(bracket)) {
    fail_expected(bracket == '{' ? "an object" : "an array");
    return Step::kFailed;
  }
  if (depth_ == kJsonDepthMax) {
    fail_at(at_, fmt::format("nested deeper than {} levels", kJsonDepthMax));
    return Step::kFailed;
  }
  ++at_;
  if (next_is(bracket == '{' ? '}' : ']')) {
    ++at_;
    return Step::kEnd;
  }
  ++depth_;
  return Step::kItem;
}

JsonReader::Step JsonReader::advance(char closing_bracket) {
  after_space();
  if (at_ != end_ && *at_ == ',') {
    ++at_;
    return Step::kItem;
  }
  if (at_ != end_ && *at_ == closing_bracket) {
    ++at_;
    --depth_;
    return Step::kEnd;
  }
  fail_expected(closing_bracket == '}' ? "',' or '}'" : "',' or ']'");
  return Step::kFailed;
}

bool JsonReader::read_key(Key& key) {
  if (!next_is('"')) {
    return fail_expected("a key in quotes");
  }
  const char* const start = at_ + 1;
  if (!read_string(key.name, decoded_key_)) {
    return false;
  }
  key.raw = std::string_view(start, at_ - 1);
  if (!next_is(':')) {
    return fail_expected("':'");
  }
  ++at_;
  return true;
}

bool JsonReader::skip_value() {
  after_space();
  if (at_ == end_) {
    return fail_expected("a value");
  }
  switch (*at_) {
    case '{':
      return skip_members();
    case '[':
      return skip_items();
    case '"': {
      std::string_view value;
      std::string decoded;
      return read_string(value, decoded);
    }
    default:
      if (*at_ == '-' || is_digit(*at_)) {
        return skip_number();
      }
      return consume_literal("true") || consume_literal("false") || consume_literal("null") || fail_expected("a value");
  }
}

bool JsonReader::skip_members() {
  Step step = open('{');
  while (step == Step::kItem) {
    Key key;
    if (!read_key(key)) {
      return false;
    }
    if (!skip_value()) {
      prepend_to_path(key.raw);
      return false;
    }
    step = advance('}');
  }
  return step == Step::kEnd;
}

bool JsonReader::skip_items() {
  Step step = open('[');
  for (std::size_t index = 0; step == Step::kItem; ++index) {
    if (!skip_value()) {
      prepend_to_path(index);
      return false;
    }
    step = advance(']');
  }
  return step == Step::kEnd;
}

bool JsonReader::skip_number() {
  const char* const number = number_end(at_, end_);
  if (number == nullptr) {
    return fail_at(at_, "malformed number");
  }
  at_ = number;
  return true;
}

bool JsonReader::read_raw(std::string_view& raw) {
  const char* const start = after_space();
  if (!skip_value()) {
    return false;
  }
  raw = std::string_view(start, at_);
  return true;
}

bool JsonReader::finish() { return after_space() == end_ || fail_expected("the end of the text"); }

bool JsonReader::consume_literal(std::string_view literal) {
  if (!std::string_view(at_, end_).starts_with(literal)) {
    return false;
  }
  at_ += literal.size();
  return true;
}

bool JsonReader::read_string(std::string_view& out, std::string& decoded) {
  if (!next_is('"')) {
    return fail_expected("a string");
  }
  const char* const start = ++at_;
  while (at_ != end_ && is_plain(*at_)) {
    ++at_;
  }
  if (at_ == end_ || *at_ != '"') [[unlikely]] {
    if (!decode_string(start, decoded)) {
      return false;
    }
    out = decoded;
    return true;
  }
  out = std::string_view(start, at_);
  ++at_;
  return true;
}

// The strings with escapes or other than ASCII characters, from their first character on.
bool JsonReader::decode_string(const char* start, std::string& decoded) {
  decoded.assign(start, at_);
  while (at_ != end_ && *at_ != '"') {
    if (*at_ == '\\') {
      if (!decode_escape(decoded)) {
        return false;
      }
      continue;
    }
    if (static_cast<std::uint8_t>(*at_) < 0x20) {
      return fail_at(at_, fmt::format("byte 0x{:02X} in a string must be escaped", static_cast<std::uint8_t>(*at_)));
    }
    const char* const run =
        std::find_if(at_, end_, [](char byte) { return byte == '"' || byte == '\\' || static_cast<std::uint8_t>(byte) < 0x20; });
    if (!check_utf8({at_, run})) {
      return false;
    }
    decoded.append(at_, run);
    at_ = run;
  }
  if (at_ == end_) {
    return fail_at(at_, "the text ends inside a string");
  }
  ++at_;
  return true;
}

bool JsonReader::decode_escape(std::string& decoded) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char* const escape = at_++;
  if (at_ == end_) {
    return fail_at(at_, "the text ends inside a string");
  }
  if (*at_ == 'u') {
    ++at_;
    return decode_code_point(decoded);
  }
  const std::size_t letter = kLetters.find(*at_);
  if (letter == std::string_view::npos) {
    return fail_at(escape, "unknown escape in a string");
  }
  decoded += kMeanings[letter];
  ++at_;
  return true;
}

// After the "\u". Characters outside the basic plane are written as two of them, a high and a low surrogate.
bool JsonReader::decode_code_point(std::string& decoded) {
  const char* const escape = at_ - 2;
  std::uint32_t unit = 0;
  if (!read_hex4(unit)) {
    return false;
  }
  if (unit < 0xD800 || unit > 0xDFFF) {
    append_utf8(decoded, unit);
    return true;
  }
  std::uint32_t low = 0;
  const bool high_first = unit < 0xDC00 && consume_literal("\\u");
  if (high_first && !read_hex4(low)) {
    return false;
  }
  if (low < 0xDC00 || low > 0xDFFF) {
    return fail_at(escape, "half of a surrogate pair in a string");
  }
  append_utf8(decoded, 0x10000U + ((unit - 0xD800U) << 10U) + (low - 0xDC00U));
  return true;
}

bool JsonReader::read_hex4(std::uint32_t& out) {
  const char* const digits_end = end_ - at_ < 4 ? end_ : at_ + 4;
  const auto [parsed_to, failed] = std::from_chars(at_, digits_end, out, 16);
  if (failed != std::errc() || parsed_to != at_ + 4) {
    return fail_at(at_, "expected four hexadecimal digits");
  }
  at_ = parsed_to;
  return true;
}

bool JsonReader::check_utf8(std::string_view raw) {
  const std::string mended = valid_utf8(raw);
  if (mended == raw) {
    return true;
  }
  return fail_at(std::ranges::mismatch(raw, mended).in1, "a string is not valid UTF-8");
}

bool JsonReader::fail_expected(std::string_view wanted) {
  return fail_at(at_, fmt::format("expected {}, found {}", wanted, describe(at_, end_)));
}

bool JsonReader::fail_range(const char* where, int bits, bool is_signed) {
  const std::string number = shortened({where, at_}, kQuotedKeyBytesMax);
  return fail_at(where, fmt::format("{} does not fit into {} {}-bit integer", number, is_signed ? "a signed" : "an unsigned", bits));
}

bool JsonReader::fail_at(const char* where, std::string reason) {
  if (reason_.empty()) {
    failed_at_ = where;
    reason_ = std::move(reason);
  }
  return false;
}

void JsonReader::prepend_to_path(std::string_view raw_key) {
  const std::string key = shortened(valid_utf8(raw_key), kQuotedKeyBytesMax);
  path_.insert(0, is_identifier(key) ? "." + key : "[\"" + key + "\"]");
}

void JsonReader::prepend_to_path(std::size_t index) { path_.insert(0, fmt::format("[{}]", index)); }

Error JsonReader::error() const {
  return Error{.code = ErrorCode::kInvalidArgument,
               .message = fmt::format("JSON at ${} (byte {}): {}", path_, failed_at_ - begin_, reason_)};
}

}  // namespace lifecycle::converter
