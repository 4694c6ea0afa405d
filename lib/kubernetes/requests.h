// The requests of the API: which method and path, and what an error calls it. Private to lib/kubernetes.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "kubernetes/api.h"
#include "kubernetes/encoding.h"
#include "kubernetes/http_client.h"
#include "kubernetes/status_error.h"

namespace lifecycle::kubernetes {

struct ApiRequest {
  Operation operation = {};
  HttpRequest http = {};
};

// Errors of those that take a name: kInvalidArgument when the name or the namespace is empty, because the request would mean all of them.

[[nodiscard]] ApiRequest version_request();
[[nodiscard]] ApiRequest access_review_request(const AccessQuestion& question);
[[nodiscard]] ApiRequest list_pods_request(const PodQuery& query, const std::vector<QueryParameter>& more);
[[nodiscard]] Result<ApiRequest> get_pod_request(const PodRef& pod);
[[nodiscard]] Result<ApiRequest> delete_pod_request(const PodRef& pod, const DeleteOptions& options);
[[nodiscard]] Result<ApiRequest> evict_pod_request(const PodRef& pod, const DeleteOptions& options);
[[nodiscard]] Result<ApiRequest> exec_request(const ExecRequest& request);
[[nodiscard]] Result<ApiRequest> get_deployment_request(const DeploymentRef& deployment);
[[nodiscard]] ApiRequest list_deployments_request(const std::string& name_space, const std::string& label_selector,
                                                  const std::vector<QueryParameter>& more);
[[nodiscard]] Result<ApiRequest> patch_deployment_request(const DeploymentRef& deployment, const Patch& patch);
[[nodiscard]] Result<ApiRequest> get_scale_request(const DeploymentRef& deployment);
[[nodiscard]] Result<ApiRequest> set_scale_request(const DeploymentRef& deployment, const ScaleChange& change);
[[nodiscard]] ApiRequest list_pod_disruption_budgets_request(const std::string& name_space, const std::vector<QueryParameter>& more);
[[nodiscard]] ApiRequest list_horizontal_pod_autoscalers_request(const std::string& name_space, const std::vector<QueryParameter>& more);
[[nodiscard]] Result<ApiRequest> get_namespace_request(const std::string& name);

}  // namespace lifecycle::kubernetes
