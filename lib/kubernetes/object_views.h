// The typed views of what the API server sends. Lenient: an object of a newer server is read as far as it is known. Private to
// lib/kubernetes.
#pragma once

#include <string>

#include "kubernetes/types.h"

namespace lifecycle::kubernetes {

[[nodiscard]] ObjectMeta object_meta_of(const Json& object);
[[nodiscard]] Pod pod_of(Json object);
[[nodiscard]] Deployment deployment_of(Json object);
[[nodiscard]] Scale scale_of(const Json& object);
[[nodiscard]] PodDisruptionBudget pod_disruption_budget_of(Json object);
[[nodiscard]] HorizontalPodAutoscaler horizontal_pod_autoscaler_of(Json object);
[[nodiscard]] Namespace namespace_of(const Json& object);

// A LabelSelector object as the text that list requests take: "app=x,tier in (a,b),!legacy".
[[nodiscard]] std::string label_selector_text(const Json& selector);

}  // namespace lifecycle::kubernetes
