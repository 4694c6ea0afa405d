// A history as it lies in a file, whatever wrote it.
#pragma once

#include <string>
#include <string_view>

#include "api/api.h"
#include "base/error.h"

namespace lifecycle::history {

// Reads what history_from_json() and history_from_binary() read, and finds out which of the two it is. Errors: kDataLoss.
[[nodiscard]] Result<api::History> history_from_bytes(std::string_view bytes);

// The same from a file. Errors: read_file()'s and the above, with the path.
[[nodiscard]] Result<api::History> read_history_file(const std::string& path);

}  // namespace lifecycle::history
