// A cluster that the test plays: pods and Deployments whose ends and restarts it brings about itself.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/chaos/victims.h"
#include "kubernetes/api.h"

namespace lifecycle::cli::chaos::test {

inline kubernetes::Pod make_pod(const std::string& name, const std::string& uid, const std::string& name_space = "workers") {
  kubernetes::Pod pod;
  pod.meta.name = name;
  pod.meta.name_space = name_space;
  pod.meta.uid = uid;
  pod.meta.labels = {{"app", "lifecycle-workers"}, {"version", "v1.0.0"}, {std::string(kOptInLabel), "true"}};
  pod.node = "node-1";
  pod.phase = "Running";
  pod.ready = true;
  pod.containers.push_back({.name = "worker", .container_id = "containerd://1", .ready = true});
  return pod;
}

// Answers from `pods`, `deployments`, `budgets` and `autoscalers`, and writes down what it was asked to change.
class FakeCluster final : public kubernetes::Api {
 public:
  using Call = kubernetes::Call;

  std::map<std::string, kubernetes::Pod> pods;  // by name
  std::map<std::string, kubernetes::Deployment> deployments;
  std::vector<kubernetes::PodDisruptionBudget> budgets;
  std::vector<kubernetes::HorizontalPodAutoscaler> autoscalers;
  std::vector<std::string> changes;  // "delete a", "evict a (dry run)", "exec a kill", "scale d to 0"
  // What becomes of a change; a deleted pod is gone at once otherwise.
  std::function<void(const std::string& change)> on_change = [](const std::string&) {};
  std::optional<Error> refusal;     // of every change
  std::optional<Error> list_error;  // of every list of pods
  bool loses_answers = false;       // changes are made, and nobody hears of it
  kubernetes::EvictionOutcome eviction{.evicted = true};
  kubernetes::ExecOutcome exec_outcome{.exit_code = 0, .standard_output = "{\"pid\":7,\"state\":\"T\"}\n"};
  bool allowed = true;
  std::string last_selector;

  void add(kubernetes::Pod pod) {
    const std::string name = pod.meta.name;
    pods[name] = std::move(pod);
  }

  Result<kubernetes::ServerVersion> version(const Call& /*call*/) override { return kubernetes::ServerVersion{}; }
  Result<kubernetes::AccessAnswer> may(const kubernetes::AccessQuestion& /*question*/, const Call& /*call*/) override {
    return kubernetes::AccessAnswer{.allowed = allowed};
  }
  Result<kubernetes::PodList> list_pods(const kubernetes::PodQuery& query, const Call& /*call*/) override {
    last_selector = query.label_selector;
    if (list_error) {
      return std::unexpected(*list_error);
    }
    kubernetes::PodList list;
    for (const auto& [name, pod] : pods) {
      if (pod.meta.name_space == query.name_space && (query.label_selector != "app=other")) {
        list.pods.push_back(pod);
      }
    }
    return list;
  }
  Result<kubernetes::Pod> get_pod(const kubernetes::PodRef& pod, const Call& /*call*/) override {
    const auto found = pods.find(pod.name);
    if (found == pods.end()) {
      return fail(ErrorCode::kNotFound, "pods \"" + pod.name + "\" not found");
    }
    if (!pod.uid.empty() && found->second.meta.uid != pod.uid) {
      return fail(ErrorCode::kFailedPrecondition, "another pod has the name now");
    }
    return found->second;
  }
  Result<void> delete_pod(const kubernetes::PodRef& pod, const kubernetes::DeleteOptions& options, const Call& call) override {
    return remove("delete", pod, options, call);
  }
  Result<kubernetes::EvictionOutcome> evict_pod(const kubernetes::PodRef& pod, const kubernetes::DeleteOptions& options,
                                                const Call& call) override {
    if (!eviction.evicted) {
      return eviction;
    }
    const Result<void> removed = remove("evict", pod, options, call);
    return removed ? Result<kubernetes::EvictionOutcome>(eviction) : std::unexpected(removed.error());
  }
  Result<kubernetes::ExecOutcome> exec(const kubernetes::ExecRequest& request, const Call& call) override {
    const Result<kubernetes::Pod> pod = get_pod(request.pod, call);
    if (!pod) {
      return std::unexpected(pod.error());
    }
    const Result<void> changed = change(fmt::format("exec {} {}", request.pod.name, request.command.back()));
    return changed ? Result<kubernetes::ExecOutcome>(exec_outcome) : std::unexpected(changed.error());
  }
  Result<void> watch_pods(const kubernetes::PodQuery& /*query*/,
                          const std::function<kubernetes::WatchStep(const kubernetes::PodEvent&)>& /*on_event*/,
                          const Call& /*call*/) override {
    return {};
  }
  Result<kubernetes::Deployment> get_deployment(const kubernetes::DeploymentRef& deployment, const Call& /*call*/) override {
    const auto found = deployments.find(deployment.name);
    return found == deployments.end() ? fail(ErrorCode::kNotFound, "deployments \"" + deployment.name + "\" not found")
                                      : Result<kubernetes::Deployment>(found->second);
  }
  Result<std::vector<kubernetes::Deployment>> list_deployments(const std::string& /*name_space*/, const std::string& /*label_selector*/,
                                                               const Call& /*call*/) override {
    return std::vector<kubernetes::Deployment>{};
  }
  Result<kubernetes::Deployment> patch_deployment(const kubernetes::DeploymentRef& deployment, const kubernetes::Patch& patch,
                                                  const Call& call) override {
    const Result<void> changed =
        change(fmt::format("patch {} {}{}", deployment.name, patch.body.dump(), patch.dry_run ? " (dry run)" : ""));
    return changed ? get_deployment(deployment, call) : std::unexpected(changed.error());
  }
  Result<kubernetes::Scale> get_scale(const kubernetes::DeploymentRef& deployment, const Call& call) override {
    const Result<kubernetes::Deployment> found = get_deployment(deployment, call);
    return found ? Result<kubernetes::Scale>(kubernetes::Scale{.replicas = found->replicas, .current_replicas = found->current_replicas})
                 : std::unexpected(found.error());
  }
  Result<kubernetes::Scale> set_scale(const kubernetes::DeploymentRef& deployment, const kubernetes::ScaleChange& scale,
                                      const Call& call) override {
    const Result<void> changed =
        change(fmt::format("scale {} to {}{}", deployment.name, scale.replicas, scale.dry_run ? " (dry run)" : ""));
    if (!changed) {
      return std::unexpected(changed.error());
    }
    if (!scale.dry_run) {
      set_replicas(deployment.name, scale.replicas);
    }
    return get_scale(deployment, call);
  }
  Result<std::vector<kubernetes::PodDisruptionBudget>> list_pod_disruption_budgets(const std::string& /*name_space*/,
                                                                                   const Call& /*call*/) override {
    return budgets;
  }
  Result<std::vector<kubernetes::HorizontalPodAutoscaler>> list_horizontal_pod_autoscalers(const std::string& /*name_space*/,
                                                                                           const Call& /*call*/) override {
    return autoscalers;
  }
  Result<kubernetes::Namespace> get_namespace(const std::string& name, const Call& /*call*/) override {
    kubernetes::Namespace found;
    found.meta.name = name;
    return found;
  }

  // As if its controller had done all its work.
  void set_replicas(const std::string& deployment, int replicas) {
    kubernetes::Deployment& changed = deployments[deployment];
    changed.replicas = changed.current_replicas = changed.updated_replicas = changed.ready_replicas = changed.available_replicas = replicas;
    std::erase_if(pods, [&](const auto& each) { return each.first.starts_with(deployment + "-"); });
    for (int i = 0; i < replicas; ++i) {
      ++made_;
      add(make_pod(fmt::format("{}-{}", deployment, made_), fmt::format("uid-{}", made_)));
    }
  }

 private:
  Result<void> change(const std::string& text) {
    if (refusal) {
      return std::unexpected(*refusal);
    }
    changes.push_back(text);
    on_change(text);
    return {};
  }
  Result<void> remove(std::string_view verb, const kubernetes::PodRef& pod, const kubernetes::DeleteOptions& options, const Call& call) {
    const Result<kubernetes::Pod> found = get_pod(pod, call);
    if (!found) {
      return std::unexpected(found.error());
    }
    const Result<void> changed = change(fmt::format("{} {}{}", verb, pod.name, options.dry_run ? " (dry run)" : ""));
    if (changed && !options.dry_run) {
      pods.erase(pod.name);
    }
    return loses_answers ? fail(ErrorCode::kKubernetesUnreachable, "the connection was reset") : changed;
  }

  int made_ = 0;
};

}  // namespace lifecycle::cli::chaos::test
