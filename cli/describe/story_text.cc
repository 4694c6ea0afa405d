#include "cli/describe/story_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "cli/describe/story_tables.h"
#include "cli/describe/timeline.h"
#include "cli/failure_text.h"
#include "cli/output.h"
#include "cli/table.h"

namespace lifecycle::cli {
namespace {

Color color_of(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return Color::kPlain;
    case Tone::kStrong:
      return Color::kBold;
    case Tone::kGood:
      return Color::kGreen;
    case Tone::kWarning:
      return Color::kYellow;
    case Tone::kBad:
      return Color::kRed;
  }
  std::unreachable();
}

std::string text_of(const Cell& cell, const Story& story, bool color) {
  if (cell.text.empty() || cell.version.empty()) {
    return cell.text.empty() ? "" : painted(cell.text, color_of(cell.tone), color);
  }
  return in_version_color(cell.text, story, cell.version, color);
}

std::vector<std::string> head_of(const Story& story, const StoryTextOptions& options) {
  std::vector<std::string> lines{fmt::format("{}  {}", painted(one_line(story.workflow_id), Color::kBold, options.color),
                                             text_of(status_cell(story), story, options.color))};
  std::vector<Row> rows;
  for (const Fact& fact : story_facts(story, options.time_format)) {
    std::vector<std::string> values;
    for (const Cell& cell : fact.cells) {
      values.push_back(text_of(cell, story, options.color));
    }
    rows.push_back({"  " + fact.name, fmt::format("{}", fmt::join(values, ", "))});
  }
  std::ranges::move(aligned(rows), std::back_inserter(lines));
  for (const Cell& problem : story_problems(story, options.time_format)) {
    lines.push_back("  " + text_of(problem, story, options.color));
  }
  return lines;
}

std::vector<std::string> lines_of(const StoryTable& table, const Story& story, const StoryTextOptions& options) {
  std::vector<Row> rows{table.columns};
  for (const auto& cells : table.rows) {
    Row& row = rows.emplace_back();
    for (const Cell& cell : cells) {
      row.push_back(text_of(cell, story, options.color));
    }
  }
  std::vector<std::string> lines = aligned(rows);
  lines.front() = painted(lines.front(), Color::kDim, options.color);
  if (!table.left_out.empty()) {
    lines.insert(lines.begin() + 1, fmt::format("({})", table.left_out));
  }
  return lines;
}

}  // namespace

std::vector<std::string> story_lines(const Story& story, const StoryTextOptions& options) {
  std::vector<std::string> lines = head_of(story, options);
  const auto add = [&lines](std::vector<std::string> block) {
    if (!block.empty()) {
      lines.emplace_back();
      std::ranges::move(block, std::back_inserter(lines));
    }
  };
  for (const StoryTable& table : story_tables(story, options.time_format, options.rows_max)) {
    add(lines_of(table, story, options));
  }
  add(timeline_lines(story, {.width = options.width, .rows_max = options.timeline_rows_max, .color = options.color}));
  return lines;
}

}  // namespace lifecycle::cli
