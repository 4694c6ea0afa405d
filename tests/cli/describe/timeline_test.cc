#include "cli/describe/timeline.h"

#include <gmock/gmock.h>

#include "cli/table.h"
#include "tests/cli/describe/stories.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Timeline, has_ticks_at_round_times) {
  EXPECT_EQ(tick_interval(10s, 5), 2s);
  EXPECT_EQ(tick_interval(31s, 8), 5s);
  EXPECT_EQ(tick_interval(5min, 8), 1min);
  EXPECT_EQ(tick_interval(20ms, 10), 2ms);
  EXPECT_GE(tick_interval(std::chrono::hours(24) * 4000, 8) * 8, std::chrono::hours(24) * 4000);
}

TEST(Timeline, keeps_to_its_width) {
  for (const std::size_t width : {60U, 80U, 100U, 200U}) {
    for (const std::string& line : timeline_lines(test::recorded_story("python_killed_worker"), {.width = width})) {
      if (!line.starts_with("A ")) {  // the legend is as long as it is
        EXPECT_LE(display_width(line), width) << line;
      }
    }
  }
}

TEST(Timeline, says_the_same_with_and_without_colour) {
  const Story story = test::recorded_story("python_killed_worker");
  std::vector<std::string> colored = timeline_lines(story, {.color = true});
  for (std::string& line : colored) {
    for (std::size_t at = line.find('\033'); at != std::string::npos; at = line.find('\033')) {
      line.erase(at, line.find('m', at) - at + 1);
    }
  }
  EXPECT_EQ(colored, timeline_lines(story, {.color = false}));
}

TEST(Timeline, leaves_out_the_oldest_rows_and_says_so) {
  const auto lines = timeline_lines(test::recorded_story("go_complete_10_steps"), {.rows_max = 3});
  EXPECT_THAT(lines, testing::Contains("(7 earlier rows are left out; -o html shows all)"));
  EXPECT_THAT(lines, Each(testing::Not(testing::StartsWith("step 6"))));
  EXPECT_THAT(lines, testing::Contains(testing::StartsWith("step 9")));
}

TEST(Timeline, of_nothing_is_nothing) { EXPECT_THAT(timeline_lines(Story{}, {}), IsEmpty()); }

}  // namespace
}  // namespace lifecycle::cli
