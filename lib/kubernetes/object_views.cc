#include "kubernetes/object_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kubernetes/json_access.h"
#include "kubernetes/time_text.h"

namespace lifecycle::kubernetes {
namespace {

Labels labels_at(const Json& object, std::string_view name) {
  Labels labels;
  const Json& members = child(object, name);
  if (members.is_object()) {
    for (const auto& [key, value] : members.items()) {
      if (value.is_string()) {
        labels.emplace(key, value.get<std::string>());
      }
    }
  }
  return labels;
}

std::optional<WallTime> time_at(const Json& object, std::string_view name) { return parse_time(text_at(object, name)); }

std::optional<ContainerTermination> termination_of(const Json& state) {
  const Json* terminated = member(state, "terminated");
  if (terminated == nullptr) {
    return std::nullopt;
  }
  return ContainerTermination{.exit_code = integer_at<std::int32_t>(*terminated, "exitCode"),
                              .signal = integer_at<std::int32_t>(*terminated, "signal"),
                              .reason = text_at(*terminated, "reason"),
                              .started_at = time_at(*terminated, "startedAt"),
                              .finished_at = time_at(*terminated, "finishedAt")};
}

ContainerStatus container_status_of(const Json& status) {
  const Json& state = child(status, "state");
  return {.name = text_at(status, "name"),
          .container_id = text_at(status, "containerID"),
          .ready = bool_at(status, "ready"),
          .restart_count = integer_at<std::int32_t>(status, "restartCount"),
          .running_since = time_at(child(state, "running"), "startedAt"),
          .waiting_reason = text_at(child(state, "waiting"), "reason"),
          .terminated = termination_of(state),
          .last_state = termination_of(child(status, "lastState"))};
}

bool condition_is_true(const Json& status, std::string_view type) {
  return std::ranges::any_of(items_at(status, "conditions"), [type](const Json& condition) {
    return text_at(condition, "type") == type && text_at(condition, "status") == "True";
  });
}

std::string joined_values(const Json& expression) {
  std::string text;
  for (const Json& value : items_at(expression, "values")) {
    if (value.is_string()) {
      text += (text.empty() ? "" : ",") + value.get<std::string>();
    }
  }
  return text;
}

std::string requirement_text(const Json& expression) {
  const std::string key = text_at(expression, "key");
  const std::string kind = text_at(expression, "operator");
  if (kind == "In" || kind == "NotIn") {
    return fmt::format("{} {} ({})", key, kind == "In" ? "in" : "notin", joined_values(expression));
  }
  return kind == "DoesNotExist" ? "!" + key : key;
}

}  // namespace

const OwnerReference* ObjectMeta::controller() const {
  const auto found = std::ranges::find_if(owners, &OwnerReference::controller);
  return found != owners.end() ? &*found : nullptr;
}

const ContainerStatus* Pod::container(std::string_view name) const {
  const auto found = std::ranges::find(containers, name, &ContainerStatus::name);
  return found != containers.end() ? &*found : nullptr;
}

bool Deployment::rolled_out() const {
  return observed_generation >= meta.generation && updated_replicas == replicas && current_replicas == replicas &&
         available_replicas == replicas;
}

std::string label_selector_text(const Json& selector) {
  std::string text;
  const auto add = [&text](const std::string& requirement) { text += (text.empty() ? "" : ",") + requirement; };
  for (const auto& [key, value] : labels_at(selector, "matchLabels")) {
    add(fmt::format("{}={}", key, value));
  }
  for (const Json& expression : items_at(selector, "matchExpressions")) {
    add(requirement_text(expression));
  }
  return text;
}

ObjectMeta object_meta_of(const Json& object) {
  const Json& metadata = child(object, "metadata");
  ObjectMeta meta{.name = text_at(metadata, "name"),
                  .name_space = text_at(metadata, "namespace"),
                  .uid = text_at(metadata, "uid"),
                  .resource_version = text_at(metadata, "resourceVersion"),
                  .generation = integer_at<std::int64_t>(metadata, "generation"),
                  .labels = labels_at(metadata, "labels"),
                  .annotations = labels_at(metadata, "annotations"),
                  .creation_time = time_at(metadata, "creationTimestamp"),
                  .deletion_time = time_at(metadata, "deletionTimestamp")};
  for (const Json& owner : items_at(metadata, "ownerReferences")) {
    meta.owners.push_back({.kind = text_at(owner, "kind"),
                           .name = text_at(owner, "name"),
                           .uid = text_at(owner, "uid"),
                           .controller = bool_at(owner, "controller")});
  }
  return meta;
}

Pod pod_of(Json object) {
  const Json& status = child(object, "status");
  Pod pod{.meta = object_meta_of(object),
          .node = text_at(child(object, "spec"), "nodeName"),
          .phase = text_at(status, "phase"),
          .ip = text_at(status, "podIP"),
          .ready = condition_is_true(status, "Ready")};
  for (const Json& container : items_at(status, "containerStatuses")) {
    pod.containers.push_back(container_status_of(container));
  }
  pod.raw = std::move(object);
  return pod;
}

Deployment deployment_of(Json object) {
  const Json& spec = child(object, "spec");
  const Json& status = child(object, "status");
  Deployment deployment{.meta = object_meta_of(object),
                        .label_selector = label_selector_text(child(spec, "selector")),
                        .replicas = integer_at<std::int32_t>(spec, "replicas", 1),
                        .current_replicas = integer_at<std::int32_t>(status, "replicas"),
                        .updated_replicas = integer_at<std::int32_t>(status, "updatedReplicas"),
                        .ready_replicas = integer_at<std::int32_t>(status, "readyReplicas"),
                        .available_replicas = integer_at<std::int32_t>(status, "availableReplicas"),
                        .observed_generation = integer_at<std::int64_t>(status, "observedGeneration")};
  deployment.raw = std::move(object);
  return deployment;
}

Scale scale_of(const Json& object) {
  return {.replicas = integer_at<std::int32_t>(child(object, "spec"), "replicas"),
          .current_replicas = integer_at<std::int32_t>(child(object, "status"), "replicas"),
          .resource_version = text_at(child(object, "metadata"), "resourceVersion")};
}

PodDisruptionBudget pod_disruption_budget_of(Json object) {
  const Json& spec = child(object, "spec");
  const Json& status = child(object, "status");
  PodDisruptionBudget budget{.meta = object_meta_of(object),
                             .label_selector = label_selector_text(child(spec, "selector")),
                             .selects_nothing = member(spec, "selector") == nullptr,
                             .disruptions_allowed = integer_at<std::int32_t>(status, "disruptionsAllowed"),
                             .current_healthy = integer_at<std::int32_t>(status, "currentHealthy"),
                             .desired_healthy = integer_at<std::int32_t>(status, "desiredHealthy"),
                             .expected_pods = integer_at<std::int32_t>(status, "expectedPods")};
  budget.raw = std::move(object);
  return budget;
}

HorizontalPodAutoscaler horizontal_pod_autoscaler_of(Json object) {
  const Json& target = child(child(object, "spec"), "scaleTargetRef");
  HorizontalPodAutoscaler autoscaler{
      .meta = object_meta_of(object), .target_kind = text_at(target, "kind"), .target_name = text_at(target, "name")};
  autoscaler.raw = std::move(object);
  return autoscaler;
}

Namespace namespace_of(const Json& object) { return {.meta = object_meta_of(object), .phase = text_at(child(object, "status"), "phase")}; }

}  // namespace lifecycle::kubernetes
