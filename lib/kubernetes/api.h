// What this program asks of a Kubernetes API server. Client (client.h) asks a real one; tests answer for themselves.
//
// Every call blocks until it is answered, its time is over, or it is stopped. An Api may be used by several threads at once.
//
// Errors of every call: kKubernetesUnreachable when no API server answers, or only something in front of it; kPermissionDenied when the
// server does not know the caller (401), forbids it (403, with verb, resource and namespace) or is not trusted; kNotFound (404);
// kFailedPrecondition when the object is no longer what the caller saw (409, 410), or the server refuses the change; kAlreadyExists;
// kResourceExhausted when there were too many requests; kInvalidArgument for what the server calls a bad request; kDeadlineExceeded;
// kCancelled when it was stopped. No message has a secret in it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "kubernetes/types.h"

namespace lifecycle::kubernetes {

// How long one call may take, and who may end it earlier.
struct Call {
  Duration timeout = std::chrono::seconds(30);  // for the whole call: pages, retries and credentials included
  std::stop_token stop = {};
};

struct PodRef {
  std::string name_space = {};
  std::string name = {};
  std::string uid = {};  // empty: whichever pod has this name now
};

struct DeploymentRef {
  std::string name_space = {};
  std::string name = {};
};

struct PodQuery {
  std::string name_space = {};      // empty: all namespaces
  std::string label_selector = {};  // "app=lifecycle-workers,version in (v1.0.0)"
  std::string field_selector = {};  // "spec.nodeName=node-1"
};

struct PodList {
  std::vector<Pod> pods = {};
  std::string resource_version = {};
};

struct DeleteOptions {
  std::optional<std::chrono::seconds> grace_period = {};  // nothing: the pod's own
  bool dry_run = false;                                   // the server checks everything and changes nothing
};

// A disruption budget's refusal is an answer, because whoever drains pods must wait for it; whatever else goes wrong is an error.
struct EvictionOutcome {
  bool evicted = false;
  std::string disruption_budget = {};        // that refused, if the server said which
  std::string reason = {};                   // what the server said
  std::optional<Duration> retry_after = {};  // what it asked for
};

struct ExecRequest {
  PodRef pod = {};
  std::string container = {};             // empty: the only one
  std::vector<std::string> command = {};  // program and arguments; no shell is involved
};

struct ExecOutcome {
  // Nothing when the connection ended before the server said how the command ended: the container may have died under it.
  std::optional<std::int32_t> exit_code = {};
  std::string standard_output = {};
  std::string standard_error = {};
};

enum class PodChange : std::uint8_t { kAdded, kModified, kDeleted };
[[nodiscard]] std::string_view name_of(PodChange change);

struct PodEvent {
  PodChange change = PodChange::kAdded;
  Pod pod = {};
};

enum class WatchStep : std::uint8_t { kGoOn, kStop };

enum class PatchKind : std::uint8_t { kStrategicMerge, kMerge };

struct ScaleChange {
  std::int32_t replicas = 0;
  std::string resource_version = {};  // the scale must still be this one; empty: whatever it is
  bool dry_run = false;
};

struct Patch {
  PatchKind kind = PatchKind::kStrategicMerge;
  Json body = {};
  bool dry_run = false;
};

// "May I ...?"
struct AccessQuestion {
  std::string verb = {};      // "get", "list", "watch", "delete", "create", "patch"
  std::string group = {};     // "" for pods, "apps" for deployments
  std::string resource = {};  // "pods"
  std::string subresource = {};
  std::string name_space = {};
  std::string name = {};
};

struct AccessAnswer {
  bool allowed = false;
  std::string reason = {};
};

class Api {
 public:
  Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  virtual ~Api() = default;

  [[nodiscard]] virtual Result<ServerVersion> version(const Call& call) = 0;
  [[nodiscard]] virtual Result<AccessAnswer> may(const AccessQuestion& question, const Call& call) = 0;

  // All of them, whatever the server's pages are.
  [[nodiscard]] virtual Result<PodList> list_pods(const PodQuery& query, const Call& call) = 0;
  // kFailedPrecondition when `pod.uid` is given and another pod has the name now.
  [[nodiscard]] virtual Result<Pod> get_pod(const PodRef& pod, const Call& call) = 0;
  // kFailedPrecondition when `pod.uid` is given and another pod has the name now: that one is left alone.
  [[nodiscard]] virtual Result<void> delete_pod(const PodRef& pod, const DeleteOptions& options, const Call& call) = 0;
  // As delete_pod, if no PodDisruptionBudget forbids it.
  [[nodiscard]] virtual Result<EvictionOutcome> evict_pod(const PodRef& pod, const DeleteOptions& options, const Call& call) = 0;
  // The command's end, whatever its exit code. kResourceExhausted when it writes more than 1 MiB.
  [[nodiscard]] virtual Result<ExecOutcome> exec(const ExecRequest& request, const Call& call) = 0;

  // First each pod that is there (kAdded), then each change, once and in order, also when the connection to the server was lost meanwhile:
  // what happened in between arrives as the difference. Returns when `on_event` says kStop; kDeadlineExceeded when the call's time is over
  // before. `on_event` runs on the caller's thread.
  [[nodiscard]] virtual Result<void> watch_pods(const PodQuery& query, const std::function<WatchStep(const PodEvent&)>& on_event,
                                                const Call& call) = 0;

  [[nodiscard]] virtual Result<Deployment> get_deployment(const DeploymentRef& deployment, const Call& call) = 0;
  [[nodiscard]] virtual Result<std::vector<Deployment>> list_deployments(const std::string& name_space, const std::string& label_selector,
                                                                         const Call& call) = 0;
  // The deployment as it is after the patch.
  [[nodiscard]] virtual Result<Deployment> patch_deployment(const DeploymentRef& deployment, const Patch& patch, const Call& call) = 0;
  [[nodiscard]] virtual Result<Scale> get_scale(const DeploymentRef& deployment, const Call& call) = 0;
  // The scale as it is after the change. kFailedPrecondition when `change.resource_version` is no longer current.
  [[nodiscard]] virtual Result<Scale> set_scale(const DeploymentRef& deployment, const ScaleChange& change, const Call& call) = 0;

  [[nodiscard]] virtual Result<std::vector<PodDisruptionBudget>> list_pod_disruption_budgets(const std::string& name_space,
                                                                                             const Call& call) = 0;
  [[nodiscard]] virtual Result<std::vector<HorizontalPodAutoscaler>> list_horizontal_pod_autoscalers(const std::string& name_space,
                                                                                                     const Call& call) = 0;
  [[nodiscard]] virtual Result<Namespace> get_namespace(const std::string& name, const Call& call) = 0;
};

}  // namespace lifecycle::kubernetes
