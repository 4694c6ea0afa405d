// Whole files, for what is small: settings, certificates, keys.
#pragma once

#include <string>

#include "base/error.h"

namespace lifecycle {

// The file's content. Errors: kNotFound when there is none, kPermissionDenied or kInternal when it cannot be read, with the reason alone.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace lifecycle
