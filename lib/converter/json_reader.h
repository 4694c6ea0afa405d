// A cursor over JSON text (RFC 8259). json.h drives it along C++ types, so no tree of values is ever built.
//
// Members return false when the text is not what was asked for; the first failure is kept, and error() tells it. The path to it
// ("$.retry.maximum_attempts") is put together while the callers return, so that reading without errors pays nothing for it.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lifecycle::converter {

// Arrays and objects inside each other. Deeper text is hostile or broken, and readers that recurse would end on it.
inline constexpr int kJsonDepthMax = 100;

class JsonReader {
 public:
  // What follows in an array or object.
  enum class Step : std::uint8_t { kItem, kEnd, kFailed };

  struct Key {
    std::string_view name;  // escapes resolved; valid until the next key is read
    std::string_view raw;   // as it is written; valid as long as the text
  };

  // `text` outlives the reader.
  explicit JsonReader(std::string_view text) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  [[nodiscard]] bool read(bool& out);
  [[nodiscard]] bool read(double& out);
  [[nodiscard]] bool read(float& out);
  [[nodiscard]] bool read(std::string& out);

  // Fractions and exponents are accepted where the value is whole (JavaScript writes 5.0), and at most 2^53, where doubles are exact.
  template <std::integral T>
  [[nodiscard]] bool read(T& out) {
    const char* const start = after_space();
    Integer integer;
    if (!read_integer(integer)) {
      return false;
    }
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    constexpr std::uint64_t kMin = std::signed_integral<T> ? kMax + 1 : 0;  // as a magnitude
    if (integer.magnitude > (integer.negative ? kMin : kMax)) [[unlikely]] {
      return fail_range(start, static_cast<int>(8 * sizeof(T)), std::signed_integral<T>);
    }
    out = static_cast<T>(integer.negative ? 0 - integer.magnitude : integer.magnitude);
    return true;
  }

  // Takes a null if there is one. False is not a failure here.
  [[nodiscard]] bool consume_null();

  // Takes `bracket` ('[' or '{') and says whether an item follows; then the caller reads the item (in an object, its key first), and
  // calls advance() with the closing bracket, until kEnd or kFailed.
  [[nodiscard]] Step open(char bracket);
  [[nodiscard]] Step advance(char closing_bracket);
  // Takes an object's key and the colon after it.
  [[nodiscard]] bool read_key(Key& key);

  // Takes any value, and checks that it is valid. `raw` is its text.
  [[nodiscard]] bool skip_value();
  [[nodiscard]] bool read_raw(std::string_view& raw);

  // Nothing but white space is left.
  [[nodiscard]] bool finish();

  // Where the next value begins, and the failure of a value that began at `where`, for a reason that only the caller knows. Always false.
  [[nodiscard]] const char* next_value() { return after_space(); }
  bool fail_at(const char* where, std::string reason);
  // "expected `wanted`, found ...". Always false.
  bool fail_expected(std::string_view wanted);

  // Called by each level of a failed read on its way out.
  void prepend_to_path(std::string_view raw_key);
  void prepend_to_path(std::size_t index);

  // kInvalidArgument: "JSON at $.retry.backoff_coefficient (byte 41): expected a number, found a string".
  [[nodiscard]] Error error() const;

 private:
  struct Integer {
    std::uint64_t magnitude = 0;
    bool negative = false;
  };

  const char* after_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) {
      ++at_;
    }
    return at_;
  }
  bool next_is(char wanted) { return after_space() != end_ && *at_ == wanted; }
  bool consume_literal(std::string_view literal);
  bool read_integer(Integer& out);
  bool read_whole_fraction(Integer& out);
  template <class T>
  bool read_floating(T& out);
  bool skip_number();
  bool skip_members();
  bool skip_items();
  // Takes a string. `out` is its value: a part of the text, or of `decoded` where that had to be put together.
  bool read_string(std::string_view& out, std::string& decoded);
  bool decode_string(const char* start, std::string& decoded);
  bool decode_escape(std::string& decoded);
  bool decode_code_point(std::string& decoded);
  bool read_hex4(std::uint32_t& out);
  bool check_utf8(std::string_view raw);

  bool fail_range(const char* where, int bits, bool is_signed);

  const char* begin_;
  const char* at_;
  const char* end_;
  int depth_ = 0;
  std::string decoded_key_;
  const char* failed_at_ = nullptr;
  std::string reason_;
  std::string path_;
};

}  // namespace lifecycle::converter
