// Kubernetes objects as far as this program reads them. `raw` is the whole object as the API server sent it, for everything else.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lifecycle::kubernetes {

using Json = nlohmann::json;
using Labels = std::map<std::string, std::string>;

struct OwnerReference {
  std::string kind = {};
  std::string name = {};
  std::string uid = {};
  bool controller = false;
};

struct ObjectMeta {
  std::string name = {};
  std::string name_space = {};
  std::string uid = {};
  std::string resource_version = {};
  std::int64_t generation = 0;
  Labels labels = {};
  Labels annotations = {};
  std::vector<OwnerReference> owners = {};
  std::optional<WallTime> creation_time = {};
  std::optional<WallTime> deletion_time = {};  // when its grace period ends: it is being deleted

  // The owner that manages it (a pod's ReplicaSet), or null.
  [[nodiscard]] const OwnerReference* controller() const;
};

// How a container's process ended.
struct ContainerTermination {
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  std::string reason = {};  // "Completed", "Error", "OOMKilled"
  std::optional<WallTime> started_at = {};
  std::optional<WallTime> finished_at = {};
};

struct ContainerStatus {
  std::string name = {};
  std::string container_id = {};
  bool ready = false;
  std::int32_t restart_count = 0;
  std::optional<WallTime> running_since = {};           // nothing: not running
  std::string waiting_reason = {};                      // "CrashLoopBackOff", "ImagePullBackOff"; empty: not waiting
  std::optional<ContainerTermination> terminated = {};  // the container as it is now
  std::optional<ContainerTermination> last_state = {};  // the one before the last restart
};

struct Pod {
  ObjectMeta meta = {};
  std::string node = {};
  std::string phase = {};  // "Pending", "Running", "Succeeded", "Failed", "Unknown"
  std::string ip = {};
  bool ready = false;  // its condition Ready is True
  std::vector<ContainerStatus> containers = {};
  Json raw = {};

  [[nodiscard]] const ContainerStatus* container(std::string_view name) const;
};

struct Deployment {
  ObjectMeta meta = {};
  std::string label_selector = {};    // of its pods, as list_pods takes it
  std::int32_t replicas = 1;          // wanted
  std::int32_t current_replicas = 0;  // there are
  std::int32_t updated_replicas = 0;
  std::int32_t ready_replicas = 0;
  std::int32_t available_replicas = 0;
  std::int64_t observed_generation = 0;
  Json raw = {};

  // Whether its controller has seen the last change and every replica is updated and available.
  [[nodiscard]] bool rolled_out() const;
};

struct Scale {
  std::int32_t replicas = 0;          // wanted
  std::int32_t current_replicas = 0;  // there are
  std::string resource_version = {};
};

struct PodDisruptionBudget {
  ObjectMeta meta = {};
  std::string label_selector = {};  // of its pods, as list_pods takes it; empty: all of the namespace, unless `selects_nothing`
  bool selects_nothing = false;
  std::int32_t disruptions_allowed = 0;
  std::int32_t current_healthy = 0;
  std::int32_t desired_healthy = 0;
  std::int32_t expected_pods = 0;
  Json raw = {};
};

struct HorizontalPodAutoscaler {
  ObjectMeta meta = {};
  std::string target_kind = {};  // "Deployment"
  std::string target_name = {};
  Json raw = {};
};

struct Namespace {
  ObjectMeta meta = {};
  std::string phase = {};  // "Active", "Terminating"
};

struct ServerVersion {
  std::string git_version = {};  // "v1.32.4"
};

}  // namespace lifecycle::kubernetes
