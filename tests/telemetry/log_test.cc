#include "telemetry/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace lifecycle {
namespace {

using testing::IsEmpty;
using testing::MatchesRegex;

// What `write` puts on standard error.
std::string logged(LogFormat format, const std::function<void(const Logger&)>& write, LogLevel level = LogLevel::kDebug) {
  testing::internal::CaptureStderr();
  write(Logger(level, format));
  return testing::internal::GetCapturedStderr();
}

std::string without_time(const std::string& line) { return line.substr(line.find(' ') + 1); }

TEST(LogTest, TextLineHasUtcTimeLevelMessageAndFields) {
  const std::string line = logged(LogFormat::kText, [](const Logger& logger) {
    logger.info("worker started", {{"queue", "q"}, {"slots", 5}, {"ratio", 0.5}, {"sticky", true}});
  });
  EXPECT_THAT(line, MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z INFO  worker started "
                                 "queue=q slots=5 ratio=0.5 sticky=true\n"));
}

TEST(LogTest, TextValuesThatCouldBeMisreadAreQuoted) {
  const std::string line = logged(LogFormat::kText, [](const Logger& logger) {
    logger.warn("m", {{"space", "a b"}, {"equals", "a=b"}, {"quote", "a\"b"}, {"backslash", "a\\b"}, {"empty", ""}});
  });
  EXPECT_EQ(without_time(line), "WARN  m space=\"a b\" equals=\"a=b\" quote=\"a\\\"b\" backslash=\"a\\\\b\" empty=\"\"\n");
}

TEST(LogTest, ControlCharactersCannotForgeALine) {
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    const std::string line = logged(
        format, [](const Logger& logger) { logger.error("first\nsecond", {{"field", std::string_view("a\r\n\x1b[31m\0\x7f", 10)}}); });
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
    EXPECT_NE(line.find("first\\nsecond"), std::string::npos) << line;
    EXPECT_NE(line.find("a\\r\\n\\u001b[31m\\u0000\\u007f"), std::string::npos) << line;
  }
}

TEST(LogTest, BytesThatAreNotUtf8AreReplaced) {
  const std::string line = logged(LogFormat::kText, [](const Logger& logger) { logger.info("m", {{"host", "a\xff"}}); });
  EXPECT_EQ(without_time(line), "INFO  m host=a\xEF\xBF\xBD\n");
}

TEST(LogTest, BracesInAMessageAreNotAFormat) {
  EXPECT_EQ(without_time(logged(LogFormat::kText, [](const Logger& logger) { logger.info("{} {0} %v"); })), "INFO  {} {0} %v\n");
}

TEST(LogTest, JsonLineParsesAndKeepsTypes) {
  const std::string line = logged(LogFormat::kJson, [](const Logger& logger) {
    logger.debug("say \"hi\"",
                 {{"text", "tab\there"}, {"count", -3}, {"ratio", 1.5}, {"yes", false}, {"nan", std::numeric_limits<double>::quiet_NaN()}});
  });
  const nlohmann::json document = nlohmann::json::parse(line);
  EXPECT_THAT(document["time"].get<std::string>(), MatchesRegex("[0-9-]{10}T[0-9:]{8}[.][0-9]{3}Z"));
  EXPECT_EQ(document["level"], "debug");
  EXPECT_EQ(document["message"], "say \"hi\"");
  EXPECT_EQ(document["text"], "tab\there");
  EXPECT_EQ(document["count"], -3);
  EXPECT_EQ(document["ratio"], 1.5);
  EXPECT_EQ(document["yes"], false);
  EXPECT_TRUE(document["nan"].is_null());
}

TEST(LogTest, AFieldCannotTakeTheNameOfTheLinesOwn) {
  const std::string line =
      logged(LogFormat::kJson, [](const Logger& logger) { logger.info("mine", {{"message", "yours"}, {"level", 7}}); });
  const nlohmann::json document = nlohmann::json::parse(line);
  EXPECT_EQ(document["message"], "mine");
  EXPECT_EQ(document["message_"], "yours");
  EXPECT_EQ(document["level"], "info");
  EXPECT_EQ(document["level_"], 7);
}

TEST(LogTest, LinesBelowTheLevelAreNotWritten) {
  EXPECT_THAT(logged(LogFormat::kText, [](const Logger& logger) { logger.info("quiet"); }, LogLevel::kWarn), IsEmpty());
  EXPECT_NE(logged(LogFormat::kText, [](const Logger& logger) { logger.warn("loud"); }, LogLevel::kWarn), "");
  EXPECT_THAT(logged(LogFormat::kText, [](const Logger& logger) { logger.error("loud"); }, LogLevel::kNever), IsEmpty());
}

TEST(LogTest, TheLevelChangesForAllCopies) {
  testing::internal::CaptureStderr();
  const Logger logger(LogLevel::kWarn, LogFormat::kText);
  const Logger copy = logger;
  copy.info("too quiet");
  logger.set_level(LogLevel::kDebug);
  EXPECT_EQ(copy.level(), LogLevel::kDebug);
  copy.debug("loud");
  logger.set_level(LogLevel::kWarn);
  copy.debug("quiet again");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::EndsWith("DEBUG loud\n"));
}

TEST(LogTest, LevelsAreReadByName) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::kDebug);
  EXPECT_EQ(parse_log_level("never"), LogLevel::kNever);
  const Result<LogLevel> wrong = parse_log_level("Debug");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(wrong.error().hint, testing::HasSubstr("never"));
}

}  // namespace
}  // namespace lifecycle
