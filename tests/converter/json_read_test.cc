#include <gtest/gtest.h>

#include <cstdint>
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
T read(std::string_view text) {
  Result<T> out = read_json<T>(text);
  EXPECT_TRUE(out) << text << ": " << out.error().message;
  return out ? *std::move(out) : T{};
}

TEST(ReadJson, ReadsFieldsInAnyOrder) {
  const Input input = read<Input>(R"( { "name" : "x", "verbose":true,
      "groups":{"odd":[1,3],"none":[]},	"attempts":[{"maximum_attempts":1},{}], "fail_step":2, "duration_ms":5, "steps":1 } )");
  EXPECT_EQ(input, (Input{.steps = 1,
                          .duration_ms = 5,
                          .fail_step = 2,
                          .name = "x",
                          .verbose = true,
                          .attempts = {{.maximum_attempts = 1}, {}},
                          .groups = {{"odd", {1, 3}}, {"none", {}}}}));
}

TEST(ReadJson, KeepsTheDefaultOfAMissingField) {
  EXPECT_EQ(read<Input>("{}"), Input{});
  EXPECT_EQ(read<Input>(R"({"retry":{"backoff_coefficient":1}})").retry, (Retry{.maximum_attempts = 7, .backoff_coefficient = 1}));
  EXPECT_EQ(read<Nothing>("{}"), Nothing{});
}

TEST(ReadJson, KeepsTheDefaultWhereAMemberIsNull) {
  EXPECT_EQ(
      read<Input>(
          R"({"steps":null,"duration_ms":null,"fail_step":null,"name":null,"verbose":null,"retry":null,"attempts":null,"groups":null})"),
      Input{});
}

struct WithDefault {
  std::optional<int> limit = 5;
  static constexpr auto json_fields() { return std::tuple(field("limit", &WithDefault::limit)); }
};

TEST(ReadJson, MakesAnOptionalMemberEmptyWhereItIsNull) {
  EXPECT_EQ(read<WithDefault>("{}").limit, 5);
  EXPECT_EQ(read<WithDefault>(R"({"limit":null})").limit, std::nullopt);
  EXPECT_EQ(read<WithDefault>(R"({"limit":6})").limit, 6);
}

TEST(ReadJson, SkipsUnknownFieldsOfEveryKind) {
  const Input input = read<Input>(
      R"({"a":1,"b":-1.5e3,"c":"\u00e9\"","d":true,"e":null,"f":[],"g":[[{}],{"h":[1]}],"i":{},"steps":4,"step":9,"stepss":9})");
  EXPECT_EQ(input, Input{.steps = 4});
}

TEST(ReadJson, TakesTheLastOfRepeatedFields) {
  EXPECT_EQ(read<Input>(R"({"steps":1,"steps":2})").steps, 2);
  EXPECT_EQ(read<Input>(R"({"retry":{"maximum_attempts":1},"retry":{"backoff_coefficient":5}})").retry,
            (Retry{.maximum_attempts = 7, .backoff_coefficient = 5}));
  EXPECT_EQ(read<Input>(R"({"steps":1,"steps":null})").steps, 10);
  EXPECT_EQ((read<std::map<std::string, int>>(R"({"a":1,"a":2})")), (std::map<std::string, int>{{"a", 2}}));
}

TEST(ReadJson, ReadsKeysWithEscapes) {
  EXPECT_EQ(read<Input>(R"({"\u0073teps":3})").steps, 3);
  EXPECT_EQ((read<std::map<std::string, std::map<std::string, int>>>(R"({"\u0061":{"\u0062":1}})")),
            (std::map<std::string, std::map<std::string, int>>{{"a", {{"b", 1}}}}));
}

template <class T>
void expect_limits() {
  constexpr T kMin = std::numeric_limits<T>::min();
  constexpr T kMax = std::numeric_limits<T>::max();
  EXPECT_EQ(read<T>(std::to_string(kMin)), kMin);
  EXPECT_EQ(read<T>(std::to_string(kMax)), kMax);
  std::string over = std::to_string(kMax);
  ++over.back();  // no maximum ends in 9
  EXPECT_FALSE(read_json<T>(over)) << over;
  std::string under = std::signed_integral<T> ? std::to_string(kMin) : "-0";
  ++under.back();  // no minimum ends in 9
  EXPECT_FALSE(read_json<T>(under)) << under;
}

TEST(ReadJson, ReadsIntegersUpToTheirLimitsAndNotBeyond) {
  expect_limits<std::int8_t>();
  expect_limits<std::uint8_t>();
  expect_limits<std::int16_t>();
  expect_limits<std::uint16_t>();
  expect_limits<std::int32_t>();
  expect_limits<std::uint32_t>();
  expect_limits<std::int64_t>();
  expect_limits<std::uint64_t>();
}

TEST(ReadJson, ReadsWholeNumbersThatAreWrittenAsFractions) {
  EXPECT_EQ(read<int>("5.0"), 5);
  EXPECT_EQ(read<int>("-5.00"), -5);
  EXPECT_EQ(read<int>("1e3"), 1000);
  EXPECT_EQ(read<int>("1.5E+1"), 15);
  EXPECT_EQ(read<int>("-0.0"), 0);
  EXPECT_EQ(read<unsigned>("-0"), 0U);
  EXPECT_EQ(read<std::int64_t>("9007199254740992.0"), 9007199254740992);
}

TEST(ReadJson, ReadsFloatingPoint) {
  EXPECT_EQ(read<double>("0.1"), 0.1);
  EXPECT_EQ(read<double>("-1E-2"), -0.01);
  EXPECT_EQ(read<double>("7"), 7.0);
  EXPECT_EQ(read<double>("123456789012345678901234567890"), 123456789012345678901234567890.0);
  EXPECT_EQ(read<float>("0.1"), 0.1F);
}

TEST(ReadJson, ResolvesEveryEscape) {
  EXPECT_EQ(read<std::string>(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(read<std::string>(R"("\u0041\u00e9\u20AC")"), "A\xC3\xA9\xE2\x82\xAC");
  EXPECT_EQ(read<std::string>(R"("\ud83d\ude00")"), "\xF0\x9F\x98\x80");
  EXPECT_EQ(read<std::string>(R"("\uDBFF\uDFFF")"), "\xF4\x8F\xBF\xBF");
  EXPECT_EQ(read<std::string>(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(read<std::string>("\"gr\xC3\xBC\xC3\x9F\\n\xF0\x9F\x98\x80\""), "gr\xC3\xBC\xC3\x9F\n\xF0\x9F\x98\x80");
  EXPECT_EQ(read<std::string>(R"("")"), "");
}

TEST(ReadJson, ReadsContainersAndOptionals) {
  EXPECT_EQ(read<std::vector<std::string>>(R"(["a", "b"])"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read<std::vector<bool>>("[true,false]"), (std::vector<bool>{true, false}));
  EXPECT_EQ(read<std::vector<std::optional<int>>>("[1,null]"), (std::vector<std::optional<int>>{1, std::nullopt}));
  EXPECT_EQ(read<std::optional<int>>("null"), std::nullopt);
  EXPECT_EQ(read<std::optional<int>>("1"), 1);
}

TEST(ReadJson, UsesNlohmannForTypesThatItConverts) {
  EXPECT_EQ(read<Celsius>(R"({"celsius":3})"), Celsius{3});
  EXPECT_EQ(read<nlohmann::json>(R"([1,{"a":null}])"), nlohmann::json::parse(R"([1,{"a":null}])"));
  EXPECT_EQ(read<Weather>(R"({"anything":null,"temperature":{"celsius":4}})"), (Weather{.temperature = {4}, .anything = nullptr}));
}

TEST(ReadJson, ReadsUpToTheDepthLimit) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(read_json<nlohmann::json>(nested(kJsonDepthMax)));
  EXPECT_FALSE(read_json<nlohmann::json>(nested(kJsonDepthMax + 1)));
  EXPECT_FALSE(read_json<nlohmann::json>(std::string(1'000'000, '[')));
}

TEST(ReadJson, CountsDepthAndNotTheNumberOfContainers) {
  std::string many = "[[]";
  for (int i = 0; i < 10 * kJsonDepthMax; ++i) {
    many += ",[[1]],{\"a\":{}}";
  }
  EXPECT_TRUE(read_json<nlohmann::json>(many + "]"));
}

}  // namespace
}  // namespace lifecycle::converter
