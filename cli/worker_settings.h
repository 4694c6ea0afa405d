// What `lifecycle worker` can be told, by flags, variables and lifecycle.toml, and the worker's options made of it.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/settings.h"
#include "client/connection_config.h"
#include "worker/worker.h"

namespace lifecycle::cli {

[[nodiscard]] std::vector<SettingDefinition> worker_setting_definitions();

// What tells this start of the process apart from every other.
struct ProcessFacts {
  std::string host_name;
  int process_id = 0;
  std::string nonce;
};

// `environment` gives the pod's and the node's name. Errors: kInvalidArgument for a version that is empty or longer than
// kWorkerVersionBytesMax, an empty task queue, names that a Worker Deployment may not have (client::check_version()), a versioning
// behavior without a deployment, eager activities with a rate limit, and a heartbeat interval that the server would not wait for.
[[nodiscard]] Result<worker::WorkerOptions> make_worker_options(const Settings& settings, const client::Environment& environment,
                                                                const ProcessFacts& facts);

}  // namespace lifecycle::cli
