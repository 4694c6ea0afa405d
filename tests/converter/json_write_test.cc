#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "converter/json.h"
#include "tests/converter/shapes.h"

namespace lifecycle::converter {
namespace {

using shapes::Celsius;
using shapes::Input;
using shapes::Nothing;
using shapes::Retry;
using shapes::Weather;

template <class T>
std::string written(const T& value) {
  std::string out;
  write_json(out, value);
  return out;
}

TEST(WriteJson, WritesScalars) {
  EXPECT_EQ(written(true), "true");
  EXPECT_EQ(written(false), "false");
  EXPECT_EQ(written(0), "0");
  EXPECT_EQ(written(std::uint8_t{200}), "200");
  EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(written(std::string("text")), "\"text\"");
  EXPECT_EQ(written("literal"), "\"literal\"");
}

TEST(WriteJson, WritesTheShortestNumberThatReadsBack) {
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(0.1F), "0.1");
  EXPECT_EQ(written(2.0), "2");
  EXPECT_EQ(written(1e300), "1e+300");
  for (const double value : {0.1 + 0.2, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, -0.0, 123456789.125}) {
    const Result<double> read = read_json<double>(written(value));
    ASSERT_TRUE(read) << written(value);
    EXPECT_EQ(*read, value);
    EXPECT_EQ(std::signbit(*read), std::signbit(value));
  }
}

TEST(WriteJson, RefusesWhatJsonDoesNotHave) {
  std::string out;
  EXPECT_THROW(write_json(out, std::nan("")), EncodingError);
  EXPECT_THROW(write_json(out, std::numeric_limits<double>::infinity()), EncodingError);
  EXPECT_THROW(write_json(out, -std::numeric_limits<float>::infinity()), EncodingError);
}

TEST(WriteJson, EscapesWhatMustBeEscapedAndNothingElse) {
  const std::vector<std::pair<std::string, std::string>> cases{{"\"", R"("\"")"},
                                                               {"\\", R"("\\")"},
                                                               {"\b", R"("\b")"},
                                                               {"\f", R"("\f")"},
                                                               {"\n", R"("\n")"},
                                                               {"\r", R"("\r")"},
                                                               {"\t", R"("\t")"},
                                                               {"\x1f", R"("\u001f")"},
                                                               {std::string(1, '\0'), R"("\u0000")"},
                                                               {"/", R"("/")"},
                                                               {"\x7f", "\"\x7f\""},
                                                               {"a\"b\\c", R"("a\"b\\c")"},
                                                               {"\xE2\x82\xAC\n", "\"\xE2\x82\xAC\\n\""}};
  for (const auto& [text, json] : cases) {
    EXPECT_EQ(written(text), json);
  }
}

TEST(WriteJson, WritesValidUtf8WhateverItIsGiven) { EXPECT_EQ(written(std::string("a\xFF\"")), "\"a\xEF\xBF\xBD\\\"\""); }

TEST(WriteJson, EveryByteOfAStringReadsBack) {
  std::string all;
  for (char byte = 0; byte < 0x7F; ++byte) {
    all += byte;
  }
  EXPECT_EQ(read_json<std::string>(written(all)).value(), all);
}

TEST(WriteJson, WritesAStructInTheOrderOfItsFields) {
  EXPECT_EQ(written(Retry{.maximum_attempts = 1, .backoff_coefficient = 1.5}), R"({"maximum_attempts":1,"backoff_coefficient":1.5})");
  EXPECT_EQ(written(Nothing{}), "{}");
}

struct OptionalFirst {
  std::optional<int> first;
  std::optional<std::string> second;
  static constexpr auto json_fields() { return std::tuple(field("first", &OptionalFirst::first), field("second", &OptionalFirst::second)); }
};

TEST(WriteJson, OmitsOptionalMembersThatAreNotSet) {
  EXPECT_EQ(written(OptionalFirst{}), "{}");
  EXPECT_EQ(written(OptionalFirst{.first = 1}), R"({"first":1})");
  EXPECT_EQ(written(OptionalFirst{.second = "x"}), R"({"second":"x"})");
  EXPECT_EQ(written(OptionalFirst{.first = 1, .second = "x"}), R"({"first":1,"second":"x"})");
}

TEST(WriteJson, WritesNullForAnOptionalThatIsNoMember) {
  EXPECT_EQ(written(std::optional<int>()), "null");
  EXPECT_EQ(written(std::vector<std::optional<int>>{1, std::nullopt}), "[1,null]");
}

TEST(WriteJson, WritesContainers) {
  EXPECT_EQ(written(std::vector<int>{}), "[]");
  EXPECT_EQ(written(std::vector<int>{1, 2, 3}), "[1,2,3]");
  EXPECT_EQ(written(std::vector<bool>{true, false}), "[true,false]");
  EXPECT_EQ(written(std::map<std::string, int>{}), "{}");
  EXPECT_EQ(written(std::map<std::string, int>{{"a\"", 1}, {"b", 2}}), R"({"a\"":1,"b":2})");
}

TEST(WriteJson, AppendsToWhatIsThere) {
  std::string out = "data: ";
  write_json(out, Retry{});
  EXPECT_EQ(out, R"(data: {"maximum_attempts":3,"backoff_coefficient":2})");
}

TEST(WriteJson, UsesNlohmannForTypesThatItConverts) {
  EXPECT_EQ(written(Celsius{21.5}), R"({"celsius":21.5})");
  EXPECT_EQ(written(nlohmann::json{{"a", {1, nullptr}}}), R"({"a":[1,null]})");
  EXPECT_EQ(written(Weather{.temperature = {1}, .anything = "x"}), R"({"temperature":{"celsius":1.0},"anything":"x"})");
  EXPECT_EQ(written(std::array<int, 2>{4, 5}), "[4,5]");
}

TEST(WriteJson, ReadsBackAsTheSameValue) {
  const Input input{.steps = -1,
                    .duration_ms = std::numeric_limits<std::int64_t>::max(),
                    .fail_step = 4,
                    .name = "gr\xC3\xBC\xC3\x9F \"\\\n",
                    .verbose = true,
                    .retry = {.maximum_attempts = 0, .backoff_coefficient = 0.1},
                    .attempts = {{}, {.maximum_attempts = 9}},
                    .groups = {{"", {}}, {"odd", {1, 3}}}};
  EXPECT_EQ(read_json<Input>(written(input)).value(), input);
  EXPECT_EQ(read_json<Input>(written(Input{})).value(), Input{});
  const Weather weather{.temperature = {-40}, .anything = {{"list", {1, 2.5, "x", nullptr}}}};
  EXPECT_EQ(read_json<Weather>(written(weather)).value(), weather);
}

}  // namespace
}  // namespace lifecycle::converter
