#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "converter/json.h"
#include "tests/converter/shapes.h"

namespace lifecycle::converter {
namespace {

using shapes::Celsius;
using shapes::Input;

struct Refused {
  std::string text;
  std::string message;
};

template <class T>
void expect_refused(const std::vector<Refused>& cases) {
  for (const Refused& refused : cases) {
    const Result<T> read = read_json<T>(refused.text);
    ASSERT_FALSE(read) << refused.text;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(read.error().message, refused.message) << refused.text;
  }
}

TEST(ReadJsonErrors, TellThePathAndTheByte) {
  expect_refused<Input>({
      {R"({"retry":{"backoff_coefficient":"2"}})", "JSON at $.retry.backoff_coefficient (byte 32): expected a number, found a string"},
      {R"({"attempts":[{},{"maximum_attempts":true}]})",
       "JSON at $.attempts[1].maximum_attempts (byte 36): expected a number, found a boolean"},
      {R"({"groups":{"a b":[1,null]}})", "JSON at $.groups[\"a b\"][1] (byte 20): expected a number, found null"},
      {R"({"other":{"x":[1,nul]}})", "JSON at $.other.x[1] (byte 17): expected a value, found 'n'"},
      {R"({"\u0073teps":{}})", "JSON at $[\"\\u0073teps\"] (byte 14): expected a number, found an object"},
  });
}

TEST(ReadJsonErrors, TellWhatWasExpectedAndWhatWasFound) {
  expect_refused<Input>({
      {"", "JSON at $ (byte 0): expected an object, found the end of the text"},
      {"null", "JSON at $ (byte 0): expected an object, found null"},
      {"[]", "JSON at $ (byte 0): expected an object, found an array"},
      {" 7", "JSON at $ (byte 1): expected an object, found a number"},
      {R"({"steps":1,})", "JSON at $ (byte 11): expected a key in quotes, found '}'"},
      {R"({"steps" 1})", "JSON at $ (byte 9): expected ':', found a number"},
      {R"({"steps":1 "name":""})", "JSON at $ (byte 11): expected ',' or '}', found a string"},
      {R"({"steps":1)", "JSON at $ (byte 10): expected ',' or '}', found the end of the text"},
      {R"({"steps":)", "JSON at $.steps (byte 9): expected a number, found the end of the text"},
      {R"({"verbose":1})", "JSON at $.verbose (byte 11): expected a boolean, found a number"},
      {R"({"verbose":True})", "JSON at $.verbose (byte 11): expected a boolean, found 'T'"},
      {R"({"name":7})", "JSON at $.name (byte 8): expected a string, found a number"},
      {R"({"attempts":{}})", "JSON at $.attempts (byte 12): expected an array, found an object"},
      {R"({"groups":{"a":[1,]}})", "JSON at $.groups.a[1] (byte 18): expected a number, found ']'"},
      {R"({"groups":{"a":[1}})", "JSON at $.groups.a (byte 17): expected ',' or ']', found '}'"},
      {R"({} {})", "JSON at $ (byte 3): expected the end of the text, found an object"},
      {"{}\xFF", "JSON at $ (byte 2): expected the end of the text, found byte 0xFF"},
      {R"({"a":})", "JSON at $.a (byte 5): expected a value, found '}'"},
      {R"({"a":)", "JSON at $.a (byte 5): expected a value, found the end of the text"},
      {R"({"a":[1)", "JSON at $.a (byte 7): expected ',' or ']', found the end of the text"},
  });
}

TEST(ReadJsonErrors, NameTheNumberThatDoesNotFit) {
  expect_refused<std::int8_t>({
      {"300", "JSON at $ (byte 0): 300 does not fit into a signed 8-bit integer"},
      {" -129", "JSON at $ (byte 1): -129 does not fit into a signed 8-bit integer"},
      {"18446744073709551616", "JSON at $ (byte 0): the number does not fit into 64 bits"},
      {"1.5", "JSON at $ (byte 0): expected a whole number, found 1.5"},
      {"1e999", "JSON at $ (byte 0): expected a whole number, found 1e999"},
      {"3e2", "JSON at $ (byte 0): 3e2 does not fit into a signed 8-bit integer"},
  });
  expect_refused<std::uint32_t>({{"-1", "JSON at $ (byte 0): -1 does not fit into an unsigned 32-bit integer"}});
  expect_refused<std::int64_t>({{"9007199254740994.0", "JSON at $ (byte 0): expected a whole number, found 9007199254740994.0"}});
  expect_refused<double>({{"1e999", "JSON at $ (byte 0): the number does not fit into 64 bits of floating point"}});
  expect_refused<float>({{"1e39", "JSON at $ (byte 0): the number does not fit into 32 bits of floating point"}});
  expect_refused<nlohmann::json>({{"[1e999]", "JSON at $ (byte 0): a number in this value does not fit into 64 bits of floating point"}});
}

TEST(ReadJsonErrors, RefuseNumbersThatJsonDoesNotHave) {
  for (const std::string text : {"01", "-", "-01", "1.", ".5", "+1", "1e", "1e+", "0x10", "NaN", "Infinity", "--1", "-a"}) {
    EXPECT_FALSE(read_json<int>(text)) << text;
    EXPECT_FALSE(read_json<double>(text)) << text;
    EXPECT_FALSE(read_json<nlohmann::json>(text)) << text;
  }
  expect_refused<int>({{"01", "JSON at $ (byte 0): malformed number"}, {"-", "JSON at $ (byte 0): malformed number"}});
}

TEST(ReadJsonErrors, RefuseBrokenStrings) {
  expect_refused<std::string>({
      {R"("abc)", "JSON at $ (byte 4): the text ends inside a string"},
      {R"("abc\)", "JSON at $ (byte 5): the text ends inside a string"},
      {"\"a\nb\"", "JSON at $ (byte 2): byte 0x0A in a string must be escaped"},
      {R"("a\x")", "JSON at $ (byte 2): unknown escape in a string"},
      {R"("\u12")", "JSON at $ (byte 3): expected four hexadecimal digits"},
      {R"("\u12G4")", "JSON at $ (byte 3): expected four hexadecimal digits"},
      {R"("\u-123")", "JSON at $ (byte 3): expected four hexadecimal digits"},
      {R"("\ud83d")", "JSON at $ (byte 1): half of a surrogate pair in a string"},
      {R"("\ud83dx")", "JSON at $ (byte 1): half of a surrogate pair in a string"},
      {R"("\ud83d\u0041")", "JSON at $ (byte 1): half of a surrogate pair in a string"},
      {R"("\ude00")", "JSON at $ (byte 1): half of a surrogate pair in a string"},
      {"\"ok\xC3(\"", "JSON at $ (byte 3): a string is not valid UTF-8"},
      {"\"\xED\xA0\x80\"", "JSON at $ (byte 1): a string is not valid UTF-8"},
  });
}

TEST(ReadJsonErrors, RefuseBrokenStringsInWhatIsSkippedToo) {
  for (const std::string text : {"{\"a\":\"\xFF\"}", "{\"\xFF\":1}", R"({"a":"\q"})", R"({"a":["x)"}) {
    EXPECT_FALSE(read_json<Input>(text)) << text;
  }
}

TEST(ReadJsonErrors, TellTheDepthLimit) {
  expect_refused<nlohmann::json>({{std::string(101, '['), "JSON at $" + [] {
                                     std::string path;
                                     for (int i = 0; i < 100; ++i) {
                                       path += "[0]";
                                     }
                                     return path;
                                   }() + " (byte 100): nested deeper than 100 levels"}});
}

TEST(ReadJsonErrors, KeepTheReasonOfAConversionAndThePlaceOfItsValue) {
  const Result<std::vector<Celsius>> read = read_json<std::vector<Celsius>>(R"([{"celsius":1}, {"kelvin":1}])");
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().message.starts_with("JSON at $[1] (byte 16): ")) << read.error().message;
  EXPECT_NE(read.error().message.find("celsius"), std::string::npos) << read.error().message;
}

}  // namespace
}  // namespace lifecycle::converter
