// The way to the cluster that a chaos command works on.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "cli/chaos/chaos_options.h"
#include "cli/global_options.h"
#include "kubernetes/api.h"

namespace lifecycle::cli::chaos {

struct Cluster {
  std::string server;   // its address: the same name may stand for another cluster tomorrow
  std::string own_pod;  // the pod that this command runs in; empty: none
  std::unique_ptr<kubernetes::Api> api;
};

// Speaks to nobody yet. Errors: kInvalidConfig, kNotFound, kKubernetesUnreachable when nothing says where a cluster is.
[[nodiscard]] Result<Cluster> connect_cluster(const ChaosOptions& options, const ProcessContext& process);

}  // namespace lifecycle::cli::chaos
