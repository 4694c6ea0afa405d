#include "base/duration.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lifecycle {
namespace {

using namespace std::chrono_literals;

struct Written {
  std::string text;
  Duration duration;
};

TEST(ParseDuration, ReadsEveryUnitAndTheirSums) {
  const std::vector<Written> cases{{"1ns", 1ns},
                                   {"2us", 2us},
                                   {"500ms", 500ms},
                                   {"5s", 5s},
                                   {"3m", 3min},
                                   {"2h", 2h},
                                   {"1d", 24h},
                                   {"1m30s", 90s},
                                   {"1.5s", 1500ms},
                                   {"0.5m", 30s},
                                   {"1d2h3m4s5ms", 26h + 3min + 4s + 5ms},
                                   {"0", 0ns},
                                   {"0s", 0ns},
                                   {"100000h", 100000h}};
  for (const Written& written : cases) {
    const Result<Duration> parsed = parse_duration(written.text);
    ASSERT_TRUE(parsed) << written.text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, written.duration) << written.text;
  }
}

TEST(ParseDuration, SaysWhatIsWrongAndHowToWriteIt) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "duration '': is empty"},
      {"5", "duration '5': has no unit"},
      {"5x", "duration '5x': has an unknown unit"},
      {"-5s", "duration '-5s': is not a duration"},
      {"-0s", "duration '-0s': is not a duration"},
      {"s", "duration 's': is not a duration"},
      {"5 s", "duration '5 s': has an unknown unit"},
      {"1m30", "duration '1m30': has no unit"},
      {"nans", "duration 'nans': is not a duration"},
      {"infs", "duration 'infs': is not a duration"},
      {"1e3s", "duration '1e3s': has an unknown unit"},
      {"300000d", "duration '300000d': is too long"},
  };
  for (const auto& [text, message] : cases) {
    const Result<Duration> parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(parsed.error().message, message);
    EXPECT_EQ(parsed.error().hint, "write it like 500ms, 30s, 1m30s or 2h");
  }
}

TEST(FormatDuration, WritesTheShortestText) {
  const std::vector<Written> cases{{"0s", 0ns},    {"250ms", 250ms}, {"4.5s", 4500ms},       {"1m30s", 90s},
                                   {"2h", 2h},     {"1d1h", 25h},    {"1h0.5s", 1h + 500ms}, {"1.5us", 1500ns},
                                   {"60ms", 60ms}, {"-5s", -5s},     {"59.999s", 59999ms}};
  for (const Written& written : cases) {
    EXPECT_EQ(format_duration(written.duration), written.text);
  }
}

TEST(FormatDuration, ReadsBackAsTheSameDuration) {
  for (const Duration duration : {Duration(1us), Duration(999us), Duration(1ms), Duration(61s), Duration(3599s), Duration(36h + 250ms)}) {
    EXPECT_EQ(parse_duration(format_duration(duration)).value(), duration) << format_duration(duration);
  }
}

}  // namespace
}  // namespace lifecycle
