// What a fault can hit: a pod, a process of this machine, or a Deployment; and which of Temporal's workers is behind it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/chaos/journal.h"

namespace lifecycle::cli::chaos {

struct Target {
  TargetKind kind = TargetKind::kPod;
  std::string key;         // one for each life: a pod's UID, "<pid>:<start>" of a process
  std::string name;        // of the pod or the Deployment, or the process id
  std::string name_space;  // Kubernetes'
  std::string node;        // or host
  std::string version;     // the label `version`, or what the worker's identity says
  std::string owner;       // "deployment/lifecycle-workers-v1"; empty: none
  std::map<std::string, std::string> labels;
  WallTime created;
  bool ready = true;
  std::string untouchable;  // why it is never hit, whatever was asked for; empty: it may be

  // Pods: the container that the worker runs in, and how often it was started again so far.
  std::string container;
  int restart_count = 0;
  std::optional<WallTime> last_end;  // when its process before the present one ended
  Duration liveness_patience = {};   // a worker that stands still for longer is started anew by the kubelet; zero: it has no such probe

  // Processes.
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;  // when it began, by the kernel's count: another process that gets the same id has another

  bool supervised = false;      // its parent tells the server of its death at once
  std::string worker_identity;  // by which Temporal knows it, where that is known

  // Deployments.
  std::vector<std::string> pod_names;
  int replicas = 0;
};

// Whether Temporal's worker `identity` is this target: "<pod>@<node>/..." or "<pid>@<pod>" of any SDK for a pod (and a Deployment's pods),
// "<pid>@<host>..." for a process.
[[nodiscard]] bool is_behind(const Target& target, std::string_view identity);

// "pod lifecycle-workers-v1-7d9f (v1.0.0, node minikube)", "process 4711 (v1.0.0)".
[[nodiscard]] std::string describe(const Target& target);

}  // namespace lifecycle::cli::chaos
