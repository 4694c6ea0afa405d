#include "cli/table.h"

#include <gmock/gmock.h>

#include "cli/failure_text.h"
#include "cli/output.h"

namespace lifecycle::cli {
namespace {

TEST(Table, counts_what_a_terminal_shows) {
  EXPECT_EQ(display_width("step 0"), 6U);
  EXPECT_EQ(display_width("Größe"), 5U);
  EXPECT_EQ(display_width("注文"), 4U);
  EXPECT_EQ(display_width("a\u0301"), 1U);
  EXPECT_EQ(display_width(painted("red", Color::kRed, true)), 3U);
  EXPECT_EQ(display_width("\xff\xc3"), 2U) << "bytes that are no text";
}

TEST(Table, is_aligned_whatever_the_script_and_the_colour) {
  EXPECT_THAT(aligned({{"A", "B"}, {"注文", "x"}, {painted("no", Color::kRed, true), "y"}}),
              testing::ElementsAre("A     B", "注文  x", painted("no", Color::kRed, true) + "    y"));
}

TEST(Table, cuts_at_columns_and_ends_colours) {
  EXPECT_EQ(clipped("step 0", 4), "step");
  EXPECT_EQ(clipped("注文", 3), "注");
  EXPECT_EQ(clipped(painted("failed", Color::kRed, true), 4), "\033[31mfail\033[0m");
  EXPECT_EQ(clipped(painted("no", Color::kRed, true) + " more", 20), painted("no", Color::kRed, true) + " more");
}

TEST(OneLine, takes_out_what_a_terminal_would_obey) {
  EXPECT_EQ(one_line("a\033[2Jb\nc"), "a [2Jb c");
  EXPECT_EQ(one_line("a\xc2\x9bKb"), "a  Kb") << "a control sequence in two bytes";
  EXPECT_EQ(one_line("\xc2\xa7 1"), "\xc2\xa7 1") << "a paragraph sign";
}

}  // namespace
}  // namespace lifecycle::cli
