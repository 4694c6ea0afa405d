#include "base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace lifecycle {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(ValidUtf8, LeavesValidTextAlone) {
  const std::vector<std::string> texts{"",
                                       "plain",
                                       "gr\xC3\xBC\xC3\x9F",
                                       "\xE2\x82\xAC",
                                       "\xF0\x9F\x98\x80",
                                       std::string("a\0b", 3),
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xF4\x8F\xBF\xBF"};
  for (const std::string& text : texts) {
    EXPECT_EQ(valid_utf8(text), text);
  }
}

TEST(ValidUtf8, ReplacesEachByteThatDoesNotBelong) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"a\xFFz", "a" + kReplacement + "z"},                                             // never in UTF-8
      {"\x80", kReplacement},                                                           // a continuation without a lead
      {"\xC3", kReplacement},                                                           // cut
      {"\xC3(", kReplacement + "("},                                                    // a lead without its continuation
      {"\xE2\x82", kReplacement + kReplacement},                                        // cut later
      {"\xC0\xAF", kReplacement + kReplacement},                                        // overlong in two bytes
      {"\xE0\x80\xAF", kReplacement + kReplacement + kReplacement},                     // overlong in three
      {"\xED\xA0\x80", kReplacement + kReplacement + kReplacement},                     // a surrogate
      {"\xF4\x90\x80\x80", kReplacement + kReplacement + kReplacement + kReplacement},  // over U+10FFFF
  };
  for (const auto& [text, mended] : cases) {
    EXPECT_EQ(valid_utf8(text), mended);
    EXPECT_EQ(valid_utf8(mended), mended);
  }
}

TEST(Shortened, KeepsWhatFits) {
  EXPECT_EQ(shortened("12345", 5), "12345");
  EXPECT_EQ(shortened("", 0), "");
}

TEST(Shortened, MarksWhatIsCutAndStaysWithinTheLimit) { EXPECT_EQ(shortened("1234567890", 8), "12345..."); }

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("a\xE2\x82\xAC\xE2\x82\xAC", 6), "a...");  // the first euro sign would end at byte 4
  EXPECT_EQ(shortened("a\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC", 7), "a\xE2\x82\xAC...");
}

TEST(ShortenedToEnd, KeepsTheEndWithinTheLimitAndCutsBetweenCharacters) {
  EXPECT_EQ(shortened_to_end("12345", 5), "12345");
  EXPECT_EQ(shortened_to_end("1234567890", 8), "...67890");
  EXPECT_EQ(shortened_to_end("\xE2\x82\xAC\xE2\x82\xAC"
                             "a",
                             6),
            "...a");  // the last euro sign would begin a byte before the cut
  EXPECT_EQ(shortened_to_end("1234", 3), "...");
}

}  // namespace
}  // namespace lifecycle
