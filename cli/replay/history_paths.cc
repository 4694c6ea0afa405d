#include "cli/replay/history_paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace lifecycle::cli {
namespace {

namespace fs = std::filesystem;

bool is_history_name(const fs::path& path) {
  constexpr std::array<std::string_view, 4> kExtensions{".json", ".binpb", ".pb", ".bin"};
  return std::ranges::find(kExtensions, path.extension().string()) != kExtensions.end();
}

Result<std::vector<std::string>> files_of_folder(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error); !error && entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    if (entry->is_regular_file(error) && is_history_name(entry->path())) {
      files.push_back(entry->path().string());
    }
  }
  if (error) {
    return fail(ErrorCode::kInternal, fmt::format("{}: {}", folder, error.message()));
  }
  if (files.empty()) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: no history in this folder", folder),
                "histories are *.json, *.binpb, *.pb and *.bin");
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

Result<std::vector<std::string>> history_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
      return fail(ErrorCode::kNotFound, fmt::format("{}: {}", path, error ? error.message() : "no such file"));
    }
    if (!fs::is_directory(status)) {
      files.push_back(path);
      continue;
    }
    const Result<std::vector<std::string>> found = files_of_folder(path);
    if (!found) {
      return std::unexpected(found.error());
    }
    files.insert(files.end(), found->begin(), found->end());
  }
  return files;
}

}  // namespace lifecycle::cli
