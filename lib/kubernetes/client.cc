#include "kubernetes/client.h"

#include <fmt/format.h>

#include <utility>

#include "kubernetes/api_caller.h"
#include "kubernetes/curl_library.h"
#include "kubernetes/json_access.h"
#include "kubernetes/object_views.h"
#include "kubernetes/pod_exec.h"
#include "kubernetes/pod_watch.h"
#include "kubernetes/requests.h"

namespace lifecycle::kubernetes {
namespace {

// What `view` makes of the value, or the same error.
template <class Value, class View>
auto seen(Result<Value> value, View view) -> Result<decltype(view(*std::move(value)))> {
  if (!value) {
    return std::unexpected(value.error());
  }
  return view(*std::move(value));
}

class Client final : public Api {
 public:
  Client(const CurlLibrary& curl, const ClientOptions& options, const Clock& clock, RandomStream randomness)
      : clock_(clock), caller_(curl, options.access, options.user_agent, clock), randomness_(randomness) {}

  Result<ServerVersion> version(const Call& call) override {
    return seen(caller_.ask_for_object(version_request(), Deadline(clock_, call)),
                [](const Json& object) { return ServerVersion{.git_version = text_at(object, "gitVersion")}; });
  }

  Result<AccessAnswer> may(const AccessQuestion& question, const Call& call) override {
    return seen(caller_.ask_for_object(access_review_request(question), Deadline(clock_, call)), [](const Json& object) {
      const Json& status = child(object, "status");
      return AccessAnswer{.allowed = bool_at(status, "allowed"), .reason = text_at(status, "reason")};
    });
  }

  Result<PodList> list_pods(const PodQuery& query, const Call& call) override {
    Result<ObjectList> list =
        caller_.ask_for_list([&query](const auto& page) { return list_pods_request(query, page); }, Deadline(clock_, call));
    if (!list) {
      return std::unexpected(list.error());
    }
    std::string resource_version = list->resource_version;
    return PodList{.pods = views(*std::move(list), pod_of), .resource_version = std::move(resource_version)};
  }

  Result<Pod> get_pod(const PodRef& pod, const Call& call) override {
    Result<Pod> found = seen(object(get_pod_request(pod), call), pod_of);
    if (found && !pod.uid.empty() && found->meta.uid != pod.uid) {
      return fail(ErrorCode::kFailedPrecondition, fmt::format("get pod {}/{}: another pod has this name now (uid {} instead of {})",
                                                              pod.name_space, pod.name, found->meta.uid, pod.uid));
    }
    return found;
  }

  Result<void> delete_pod(const PodRef& pod, const DeleteOptions& options, const Call& call) override {
    const Result<Json> deleted = object(delete_pod_request(pod, options), call);
    return deleted ? Result<void>() : std::unexpected(deleted.error());
  }

  Result<EvictionOutcome> evict_pod(const PodRef& pod, const DeleteOptions& options, const Call& call) override;

  Result<ExecOutcome> exec(const ExecRequest& request, const Call& call) override {
    const Deadline deadline(clock_, call);
    if (!request.pod.uid.empty()) {
      if (const Result<Pod> same = get_pod(request.pod, deadline.rest()); !same) {
        return std::unexpected(same.error());
      }
    }
    RandomStream randomness = fork();
    return run_in_container(caller_, request, deadline, randomness);
  }

  Result<void> watch_pods(const PodQuery& query, const std::function<WatchStep(const PodEvent&)>& on_event, const Call& call) override {
    const Deadline deadline(clock_, call);
    return PodWatch(caller_, query, on_event, deadline).run();
  }

  Result<Deployment> get_deployment(const DeploymentRef& deployment, const Call& call) override {
    return seen(object(get_deployment_request(deployment), call), deployment_of);
  }

  Result<std::vector<Deployment>> list_deployments(const std::string& name_space, const std::string& label_selector,
                                                   const Call& call) override {
    return seen(caller_.ask_for_list([&](const auto& page) { return list_deployments_request(name_space, label_selector, page); },
                                     Deadline(clock_, call)),
                [](ObjectList list) { return views(std::move(list), deployment_of); });
  }

  Result<Deployment> patch_deployment(const DeploymentRef& deployment, const Patch& patch, const Call& call) override {
    return seen(object(patch_deployment_request(deployment, patch), call), deployment_of);
  }

  Result<Scale> get_scale(const DeploymentRef& deployment, const Call& call) override {
    return seen(object(get_scale_request(deployment), call), scale_of);
  }

  Result<Scale> set_scale(const DeploymentRef& deployment, const ScaleChange& change, const Call& call) override {
    return seen(object(set_scale_request(deployment, change), call), scale_of);
  }

  Result<std::vector<PodDisruptionBudget>> list_pod_disruption_budgets(const std::string& name_space, const Call& call) override {
    return seen(caller_.ask_for_list([&](const auto& page) { return list_pod_disruption_budgets_request(name_space, page); },
                                     Deadline(clock_, call)),
                [](ObjectList list) { return views(std::move(list), pod_disruption_budget_of); });
  }

  Result<std::vector<HorizontalPodAutoscaler>> list_horizontal_pod_autoscalers(const std::string& name_space, const Call& call) override {
    return seen(caller_.ask_for_list([&](const auto& page) { return list_horizontal_pod_autoscalers_request(name_space, page); },
                                     Deadline(clock_, call)),
                [](ObjectList list) { return views(std::move(list), horizontal_pod_autoscaler_of); });
  }

  Result<Namespace> get_namespace(const std::string& name, const Call& call) override {
    return seen(object(get_namespace_request(name), call), namespace_of);
  }

 private:
  Result<Json> object(const Result<ApiRequest>& request, const Call& call) {
    return request ? caller_.ask_for_object(*request, Deadline(clock_, call)) : std::unexpected(request.error());
  }

  template <class View>
  static std::vector<View> views(ObjectList list, View (*view)(Json)) {
    std::vector<View> out;
    out.reserve(list.items.size());
    for (Json& item : list.items) {
      out.push_back(view(std::move(item)));
    }
    return out;
  }

  // The name of a budget that forbids it, as far as that can be found out.
  std::string refusing_budget(const PodRef& pod, const Deadline& deadline);

  // A stream for one call: calls run side by side.
  RandomStream fork() {
    const std::lock_guard lock(mutex_);
    return RandomStream(randomness_.next());
  }

  const Clock& clock_;
  ApiCaller caller_;
  std::mutex mutex_;
  RandomStream randomness_;
};

Result<EvictionOutcome> Client::evict_pod(const PodRef& pod, const DeleteOptions& options, const Call& call) {
  const Result<ApiRequest> request = evict_pod_request(pod, options);
  if (!request) {
    return std::unexpected(request.error());
  }
  const Deadline deadline(clock_, call);
  const Result<HttpAnswer> answer = caller_.ask(*request, deadline);
  if (!answer) {
    return std::unexpected(answer.error());
  }
  if (answer->status >= 200 && answer->status <= 299) {
    return EvictionOutcome{.evicted = true};
  }
  const Json status = parse_json(answer->body);
  std::optional<BudgetRefusal> refusal = budget_refusal_of(status);
  if (!refusal) {
    return std::unexpected(caller_.error_of(*request, *answer));
  }
  if (refusal->disruption_budget.empty()) {
    refusal->disruption_budget = refusing_budget(pod, deadline);
  }
  return EvictionOutcome{.evicted = false,
                         .disruption_budget = std::move(refusal->disruption_budget),
                         .reason = std::move(refusal->reason),
                         .retry_after = retry_after_of(answer->retry_after, status)};
}

std::string Client::refusing_budget(const PodRef& pod, const Deadline& deadline) {
  const Result<std::vector<PodDisruptionBudget>> budgets = list_pod_disruption_budgets(pod.name_space, deadline.rest());
  if (!budgets) {
    return {};
  }
  for (const PodDisruptionBudget& budget : *budgets) {
    if (budget.disruptions_allowed > 0 || budget.selects_nothing) {
      continue;
    }
    // Whether its selector takes this pod in is the server's to say.
    const Result<PodList> selected =
        list_pods({.name_space = pod.name_space, .label_selector = budget.label_selector, .field_selector = "metadata.name=" + pod.name},
                  deadline.rest());
    if (selected && !selected->pods.empty()) {
      return budget.meta.name;
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Api>> make_client(const ClientOptions& options, const Clock& clock, RandomStream randomness) {
  const Result<CurlLibrary> curl = load_curl_library();
  if (!curl) {
    return std::unexpected(curl.error());
  }
  return std::make_unique<Client>(*curl, options, clock, randomness);
}

}  // namespace lifecycle::kubernetes
