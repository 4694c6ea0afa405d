// The name of one version of a Worker Deployment.
#pragma once

#include <temporal/api/deployment/v1/message.pb.h>

#include <string>

#include "base/error.h"

namespace lifecycle::client {

struct DeploymentVersion {
  std::string deployment_name;
  std::string build_id;

  bool operator==(const DeploymentVersion&) const = default;
};

// The server's rule (server: common/worker_versioning, ValidateDeploymentVersionFields): neither part is empty or begins with "__", and the
// name has neither '.' nor ':', which separate the parts where Temporal writes both as one text. Errors: kInvalidArgument with the rule.
[[nodiscard]] Result<void> check_version(const DeploymentVersion& version);
// The rule of the name alone.
[[nodiscard]] Result<void> check_deployment_name(const std::string& name);

// "lifecycle:v1.0.0", as search attributes and the Web UI write it.
[[nodiscard]] std::string to_text(const DeploymentVersion& version);

[[nodiscard]] temporal::api::deployment::v1::WorkerDeploymentVersion to_api(const DeploymentVersion& version);
[[nodiscard]] DeploymentVersion from_api(const temporal::api::deployment::v1::WorkerDeploymentVersion& version);

}  // namespace lifecycle::client
