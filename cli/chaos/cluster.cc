#include "cli/chaos/cluster.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "cli/chaos/local_process.h"
#include "cli/version.h"
#include "kubernetes/client.h"
#include "kubernetes/cluster_access.h"

namespace lifecycle::cli::chaos {

Result<Cluster> connect_cluster(const ChaosOptions& options, const ProcessContext& process) {
  const kubernetes::Environment environment = [&process](std::string_view name) -> std::optional<std::string> {
    const auto found = process.environment.variables.find(std::string(name));
    return found == process.environment.variables.end() ? std::nullopt : std::optional(found->second);
  };
  Result<kubernetes::ClusterAccess> access = kubernetes::load_cluster_access(
      {.kubeconfig_path = options.kubeconfig, .context = options.kube_context, .name_space = options.kube_namespace}, environment);
  if (!access) {
    return std::unexpected(std::move(access).error());
  }
  // A pod's host name is its own.
  Cluster cluster{.server = kubernetes::host_and_port(access->server.host, access->server.port),
                  .own_pod = environment("KUBERNETES_SERVICE_HOST") ? host_name() : "",
                  .api = nullptr};
  Result<std::unique_ptr<kubernetes::Api>> api = kubernetes::make_client(
      {.access = *std::move(access), .user_agent = fmt::format("lifecycle/{}", version())}, process.clock, entropy_stream());
  if (!api) {
    return std::unexpected(std::move(api).error());
  }
  cluster.api = *std::move(api);
  return cluster;
}

}  // namespace lifecycle::cli::chaos
