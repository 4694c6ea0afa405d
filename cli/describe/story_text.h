// A story for people: what it is, what is wrong, who ran what, and the chart.
#pragma once

#include <string>
#include <vector>

#include "cli/describe/story.h"
#include "cli/time_text.h"

namespace lifecycle::cli {

struct StoryTextOptions {
  std::size_t width = 100;
  std::size_t rows_max = 200;  // of each table; the newest are shown, and what is left out is said
  std::size_t timeline_rows_max = 60;
  TimeFormat time_format = TimeFormat::kRelative;
  bool color = false;
};

[[nodiscard]] std::vector<std::string> story_lines(const Story& story, const StoryTextOptions& options);

}  // namespace lifecycle::cli
