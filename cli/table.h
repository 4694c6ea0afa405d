// Columns for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lifecycle::cli {

// How many columns of a terminal the text takes: characters, of which those of East Asian scripts and pictures take two, and colours none.
[[nodiscard]] std::size_t display_width(std::string_view text);

// The beginning of the text that fits into that many columns; colours that it began are ended.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t columns);

using Row = std::vector<std::string>;

// One line for each row, each column as wide as its widest cell, two spaces between them and none at the end. All rows have as many cells
// as the first.
[[nodiscard]] std::vector<std::string> aligned(const std::vector<Row>& rows);

}  // namespace lifecycle::cli
