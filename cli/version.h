// What this binary was built from.
#pragma once

#include <string>
#include <string_view>

namespace lifecycle::cli {

// "lifecycle 0.1.0 (git abcdef0, clang 19.1.7, gRPC 1.51.1, protobuf 3.21.12)"; "git unknown" when it was not built from a checkout.
[[nodiscard]] std::string version_line();

// "0.1.0", and the git revision it was built from: "abcdef0", or "unknown".
[[nodiscard]] std::string_view version();
[[nodiscard]] std::string_view revision();

// The version that a worker says it is when nobody tells it: set at build time with -DLIFECYCLE_DEFAULT_WORKER_VERSION.
[[nodiscard]] std::string_view default_worker_version();

}  // namespace lifecycle::cli
