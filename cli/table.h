// Columns for people.
#pragma once

#include <string>
#include <vector>

namespace lifecycle::cli {

using Row = std::vector<std::string>;

// One line for each row, each column as wide as its widest cell, two spaces between them and none at the end. All rows have as many cells
// as the first.
[[nodiscard]] std::vector<std::string> aligned(const std::vector<Row>& rows);

}  // namespace lifecycle::cli
