// A story as facts and tables, before anybody has decided how they are drawn: text and page show the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/describe/story.h"
#include "cli/time_text.h"

namespace lifecycle::cli {

enum class Tone : std::uint8_t { kPlain, kStrong, kGood, kWarning, kBad };

struct Cell {
  std::string text = {};  // one line, without control characters
  Tone tone = Tone::kPlain;
  std::string version = {};  // whose colour it has; empty: none
};

struct Fact {
  std::string name;
  std::vector<Cell> cells;  // shown one after the other
};

struct StoryTable {
  std::vector<std::string> columns;  // "STEP", "STATUS" and so on
  std::vector<std::vector<Cell>> rows;
  std::string left_out;  // says which rows are not there; empty: all are
};

// "COMPLETED in 48.2s", and how good that is.
[[nodiscard]] Cell status_cell(const Story& story);

// Run, type, task queue, versions, result and so on: those that there are.
[[nodiscard]] std::vector<Fact> story_facts(const Story& story, TimeFormat format);

// What is wrong, most urgent first.
[[nodiscard]] std::vector<Cell> story_problems(const Story& story, TimeFormat format);

// Steps, pending activities, workflow tasks by worker, and what else happened: those that have rows, each with the newest `rows_max` of
// them.
[[nodiscard]] std::vector<StoryTable> story_tables(const Story& story, TimeFormat format, std::size_t rows_max);

}  // namespace lifecycle::cli
