#include "base/file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace lifecycle {
namespace {

std::unexpected<Error> unreadable(int reason) {
  const ErrorCode code = reason == ENOENT ? ErrorCode::kNotFound : reason == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kInternal;
  return fail(code, std::generic_category().message(reason));
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) {
    return unreadable(errno);
  }
  std::string content;
  std::array<char, 4096> block{};
  while (const std::size_t bytes = std::fread(block.data(), 1, block.size(), file.get())) {
    content.append(block.data(), bytes);
  }
  if (std::ferror(file.get()) != 0) {  // a folder can be opened, and fails here
    return unreadable(errno);
  }
  return content;
}

}  // namespace lifecycle
