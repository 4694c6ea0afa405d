#include "cli/completion/fetch_kubernetes.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/random.h"
#include "cli/version.h"
#include "kubernetes/client.h"
#include "kubernetes/cluster_access.h"

namespace lifecycle::cli {
namespace {

constexpr const char* kDefaultNamespace = "workers";  // of the demonstration, as in k8s/

kubernetes::Environment kubernetes_environment(const ProcessContext& process) {
  return [&process](std::string_view name) -> std::optional<std::string> {
    const auto found = process.environment.variables.find(std::string(name));
    return found == process.environment.variables.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace

std::vector<Candidate> context_candidates(const kubernetes::Kubeconfig& config) {
  std::vector<Candidate> found;
  for (const auto& [name, context] : config.contexts) {
    found.push_back({.value = name,
                     .description = name == config.current_context ? fmt::format("cluster {}, current", context.cluster)
                                                                   : fmt::format("cluster {}", context.cluster)});
  }
  return found;
}

std::vector<Candidate> pod_candidates(kubernetes::Api& api, const std::string& name_space, Duration timeout) {
  std::vector<Candidate> found;
  if (const auto list = api.list_pods({.name_space = name_space}, {.timeout = timeout})) {
    for (const kubernetes::Pod& pod : list->pods) {
      found.push_back(
          {.value = pod.meta.name,
           .description = fmt::format("{}{} on {}", pod.phase, pod.ready ? ", Ready" : "", pod.node.empty() ? "no node" : pod.node)});
    }
  }
  return found;
}

std::vector<Candidate> fetch_from_kubernetes(const Completion& completion, const ProcessContext& process, Duration timeout) {
  const kubernetes::Environment environment = kubernetes_environment(process);
  const std::string path = completion.given_value("--kubeconfig").value_or("");
  if (completion.source == ValueSource::kKubeContexts) {
    const auto files = kubernetes::load_kubeconfig(path, environment);
    return files ? context_candidates(files->config) : std::vector<Candidate>();
  }
  const std::string name_space = completion.given_value("--kube-namespace").value_or(kDefaultNamespace);
  auto access = kubernetes::load_cluster_access(
      {.kubeconfig_path = path, .context = completion.given_value("--kube-context").value_or(""), .name_space = name_space}, environment);
  if (!access) {
    return {};
  }
  const auto api = kubernetes::make_client({.access = *std::move(access), .user_agent = fmt::format("lifecycle/{}", version())},
                                           process.clock, entropy_stream());
  return api ? pod_candidates(**api, name_space, timeout) : std::vector<Candidate>();
}

}  // namespace lifecycle::cli
