#include "client/deployment_version.h"

#include <fmt/format.h>

namespace lifecycle::client {
namespace {

constexpr const char* kReservedPrefix = "__";

Result<void> check_part(std::string_view what, const std::string& text) {
  if (text.empty()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is empty", what));
  }
  if (text.starts_with(kReservedPrefix)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} '{}': begins with '__', which Temporal keeps for itself", what, text));
  }
  return {};
}

}  // namespace

Result<void> check_deployment_name(const std::string& name) {
  if (name.find_first_of(".:") != std::string::npos) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("deployment name '{}': has a '.' or ':', which separate name and version where Temporal writes both", name),
                "use '-' or '_' in the name; the version may have dots");
  }
  return check_part("deployment name", name);
}

Result<void> check_version(const DeploymentVersion& version) {
  Result<void> name = check_deployment_name(version.deployment_name);
  return name ? check_part("version", version.build_id) : name;
}

std::string to_text(const DeploymentVersion& version) { return fmt::format("{}:{}", version.deployment_name, version.build_id); }

temporal::api::deployment::v1::WorkerDeploymentVersion to_api(const DeploymentVersion& version) {
  temporal::api::deployment::v1::WorkerDeploymentVersion out;
  out.set_deployment_name(version.deployment_name);
  out.set_build_id(version.build_id);
  return out;
}

DeploymentVersion from_api(const temporal::api::deployment::v1::WorkerDeploymentVersion& version) {
  return {.deployment_name = version.deployment_name(), .build_id = version.build_id()};
}

}  // namespace lifecycle::client
