#include "cli/chaos/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/worker_identity.h"

namespace lifecycle::cli::chaos {
namespace {

constexpr std::size_t kHostNameMax = 63;  // a pod with a longer name has a host name that is cut

// "host" of "host@queue": the Go SDK has the queue in its identity.
std::string_view host_of(const WorkerIdentity& identity) {
  const std::string_view machine = identity.machine;
  return machine.substr(0, machine.find('@'));
}

bool is_pod(std::string_view pod, const WorkerIdentity& identity) {
  // A pod's own name is what its worker calls itself, or the host that the worker sees. A process id is no name of a pod.
  return identity.process == pod || host_of(identity) == pod.substr(0, kHostNameMax);
}

}  // namespace

bool is_behind(const Target& target, std::string_view identity) {
  const WorkerIdentity parsed = parse_worker_identity(identity);
  switch (target.kind) {
    case TargetKind::kPod:
      return is_pod(target.name, parsed);
    case TargetKind::kDeployment:
      return std::ranges::any_of(target.pod_names, [&](const std::string& pod) { return is_pod(pod, parsed); });
    case TargetKind::kProcess:
      return parsed.process == target.name && host_of(parsed) == target.node;
  }
  return false;
}

std::string describe(const Target& target) {
  std::string facts = target.version;
  const auto add = [&facts](std::string_view word, std::string_view value) {
    if (!value.empty()) {
      facts += fmt::format("{}{} {}", facts.empty() ? "" : ", ", word, value);
    }
  };
  add("on", target.kind == TargetKind::kProcess ? "" : target.node);
  return fmt::format("{} {}{}", name_of(target.kind), target.name, facts.empty() ? "" : fmt::format(" ({})", facts));
}

}  // namespace lifecycle::cli::chaos
