// A run as a chart of text: a row for each span, a letter for each version, readable without colour.
//
//                 0s        10s       20s
//   workflow task A    A   .....B     B
//   step 0        AAAAAA                    7
//   step 1             ~~~~~~~~~BBBBBBB      9  (attempt 2)
//   no worker          #######
//   fault              !
#pragma once

#include <string>
#include <vector>

#include "cli/describe/story.h"

namespace lifecycle::cli {

struct TimelineOptions {
  std::size_t width = 100;    // of the whole lines
  std::size_t rows_max = 60;  // of spans; the newest are shown
  bool color = false;
};

// Axis, rows, and a legend of the signs that are used. Empty for a story without a beginning.
[[nodiscard]] std::vector<std::string> timeline_lines(const Story& story, const TimelineOptions& options);

// The text in the colour of the version that was used as the index-th; the same in tables and charts.
[[nodiscard]] std::string in_version_color(std::string_view text, const Story& story, std::string_view version, bool color);

// Distance between ticks such that about `ticks` of them fit: 1, 2 or 5 times a power of ten, or halves and quarters of minutes and hours.
[[nodiscard]] Duration tick_interval(Duration total, int ticks);

// "5s", "2m30s", "1h05m".
[[nodiscard]] std::string tick_text(Duration offset);

}  // namespace lifecycle::cli
