// How a worker says which version of which Worker Deployment it is.
#pragma once

#include <temporal/api/enums/v1/deployment.pb.h>
#include <temporal/api/enums/v1/workflow.pb.h>

#include "worker/worker.h"

namespace lifecycle::worker {

// Signs a poll or a response. The server routes by what the poll says and checks each response against it, so all of them say the same; an
// unversioned worker says nothing. RespondQueryTaskCompleted and RecordActivityTaskHeartbeat have no such field.
template <class Request>
void set_deployment_options(Request& request, const WorkerOptions& options) {
  if (!options.deployment) {
    return;
  }
  auto& deployment = *request.mutable_deployment_options();
  deployment.set_deployment_name(options.deployment->name);
  deployment.set_build_id(options.worker_version);
  deployment.set_worker_versioning_mode(temporal::api::enums::v1::WORKER_VERSIONING_MODE_VERSIONED);
}

[[nodiscard]] inline temporal::api::enums::v1::VersioningBehavior to_api(VersioningBehavior behavior) {
  return behavior == VersioningBehavior::kPinned ? temporal::api::enums::v1::VERSIONING_BEHAVIOR_PINNED
                                                 : temporal::api::enums::v1::VERSIONING_BEHAVIOR_AUTO_UPGRADE;
}

}  // namespace lifecycle::worker
