#include "cli/version.h"

#include <fmt/format.h>

#include "cli/revision.h"  // made by cli/revision.cmake at each build: kGitRevision

namespace lifecycle::cli {

std::string version_line() {
  return fmt::format("lifecycle {} (git {}, clang {}.{}.{}, gRPC {}, protobuf {})", LIFECYCLE_VERSION, kGitRevision, __clang_major__,
                     __clang_minor__, __clang_patchlevel__, LIFECYCLE_GRPC_VERSION, LIFECYCLE_PROTOBUF_VERSION);
}

std::string_view version() { return LIFECYCLE_VERSION; }
std::string_view revision() { return kGitRevision; }

std::string_view default_worker_version() { return LIFECYCLE_DEFAULT_WORKER_VERSION; }

}  // namespace lifecycle::cli
