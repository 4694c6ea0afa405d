// Histories named on a command line: files as they are, folders for the histories in them.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace lifecycle::cli {

// The files, in the order in which they were named, those of a folder and the folders in it by name: *.json, *.binpb, *.pb and *.bin.
// Errors: kNotFound for a path that is not there, and for a folder without a history, which must not pass for one whose histories are fine.
[[nodiscard]] Result<std::vector<std::string>> history_files(const std::vector<std::string>& paths);

}  // namespace lifecycle::cli
