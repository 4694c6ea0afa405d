#include "kubernetes/requests.h"

#include <fmt/format.h>

#include <utility>

namespace lifecycle::kubernetes {
namespace {

constexpr std::string_view kFieldManager = "lifecycle";

std::string body_text(const Json& body) { return body.dump(-1, ' ', false, Json::error_handler_t::replace); }

HttpRequest get(std::string path, const std::vector<QueryParameter>& query = {}) { return {.target = std::move(path) + query_text(query)}; }

HttpRequest with_body(std::string method, std::string path, const std::vector<QueryParameter>& query, const Json& body,
                      std::string content_type = "application/json") {
  return {.method = std::move(method),
          .target = std::move(path) + query_text(query),
          .content_type = std::move(content_type),
          .body = body_text(body)};
}

// "/api/v1/namespaces/workers/pods"; without a namespace those of all.
std::string collection_path(std::string_view api, const std::string& name_space, std::string_view resource) {
  const std::string within = name_space.empty() ? "" : "/namespaces/" + percent_encoded(name_space);
  return fmt::format("{}{}/{}", api, within, resource);
}

Result<std::string> object_path(std::string_view api, const Operation& operation) {
  if (operation.name.empty() || operation.name_space.empty()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} {}: a name and a namespace are needed", operation.verb, operation.resource));
  }
  const std::size_t slash = operation.resource.find('/');
  const std::string subresource = slash == std::string::npos ? "" : operation.resource.substr(slash);
  return fmt::format("{}/{}{}", collection_path(api, operation.name_space, operation.resource.substr(0, slash)),
                     percent_encoded(operation.name), subresource);
}

constexpr std::string_view kCore = "/api/v1";
constexpr std::string_view kApps = "/apis/apps/v1";
constexpr std::string_view kPolicy = "/apis/policy/v1";
constexpr std::string_view kAutoscaling = "/apis/autoscaling/v2";

Operation on_pod(std::string verb, std::string resource, const PodRef& pod) {
  return {.verb = std::move(verb), .resource = std::move(resource), .name_space = pod.name_space, .name = pod.name};
}

Operation on_deployment(std::string verb, std::string resource, const DeploymentRef& deployment) {
  return {.verb = std::move(verb), .resource = std::move(resource), .name_space = deployment.name_space, .name = deployment.name};
}

Json delete_options(const PodRef& pod, const DeleteOptions& options) {
  Json body{{"kind", "DeleteOptions"}, {"apiVersion", "v1"}};
  if (!pod.uid.empty()) {
    body["preconditions"] = {{"uid", pod.uid}};
  }
  if (options.grace_period) {
    body["gracePeriodSeconds"] = options.grace_period->count();
  }
  if (options.dry_run) {
    body["dryRun"] = Json::array({"All"});
  }
  return body;
}

std::vector<QueryParameter> change_parameters(bool dry_run) {
  std::vector<QueryParameter> parameters{{.name = "fieldManager", .value = std::string(kFieldManager)},
                                         {.name = "fieldValidation", .value = "Strict"}};
  if (dry_run) {
    parameters.push_back({.name = "dryRun", .value = "All"});
  }
  return parameters;
}

ApiRequest list_request(std::string_view api, std::string resource, const std::string& name_space, std::vector<QueryParameter> query,
                        const std::vector<QueryParameter>& more) {
  std::erase_if(query, [](const QueryParameter& each) { return each.value.empty(); });
  query.insert(query.end(), more.begin(), more.end());
  HttpRequest http = get(collection_path(api, name_space, resource), query);
  return {.operation = {.verb = "list", .resource = std::move(resource), .name_space = name_space}, .http = std::move(http)};
}

Result<ApiRequest> named_request(std::string_view api, Operation operation, const std::vector<QueryParameter>& query = {}) {
  Result<std::string> path = object_path(api, operation);
  if (!path) {
    return std::unexpected(path.error());
  }
  return ApiRequest{.operation = std::move(operation), .http = get(*std::move(path), query)};
}

Result<ApiRequest> named_change(std::string_view api, Operation operation, HttpRequest http) {
  Result<std::string> path = object_path(api, operation);
  if (!path) {
    return std::unexpected(path.error());
  }
  http.target = *path + http.target;
  return ApiRequest{.operation = std::move(operation), .http = std::move(http)};
}

}  // namespace

ApiRequest version_request() { return {.operation = {.verb = "get", .resource = "/version"}, .http = get("/version")}; }

ApiRequest access_review_request(const AccessQuestion& question) {
  const Json attributes{{"verb", question.verb},
                        {"group", question.group},
                        {"resource", question.resource},
                        {"subresource", question.subresource},
                        {"namespace", question.name_space},
                        {"name", question.name}};
  const Json body{
      {"kind", "SelfSubjectAccessReview"}, {"apiVersion", "authorization.k8s.io/v1"}, {"spec", {{"resourceAttributes", attributes}}}};
  return {.operation = {.verb = "create", .resource = "selfsubjectaccessreviews"},
          .http = with_body("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {}, body)};
}

ApiRequest list_pods_request(const PodQuery& query, const std::vector<QueryParameter>& more) {
  return list_request(kCore, "pods", query.name_space,
                      {{.name = "labelSelector", .value = query.label_selector}, {.name = "fieldSelector", .value = query.field_selector}},
                      more);
}

Result<ApiRequest> get_pod_request(const PodRef& pod) { return named_request(kCore, on_pod("get", "pods", pod)); }

Result<ApiRequest> delete_pod_request(const PodRef& pod, const DeleteOptions& options) {
  return named_change(kCore, on_pod("delete", "pods", pod), with_body("DELETE", "", {}, delete_options(pod, options)));
}

Result<ApiRequest> evict_pod_request(const PodRef& pod, const DeleteOptions& options) {
  const Json body{{"kind", "Eviction"},
                  {"apiVersion", "policy/v1"},
                  {"metadata", {{"name", pod.name}, {"namespace", pod.name_space}}},
                  {"deleteOptions", delete_options(pod, options)}};
  return named_change(kCore, on_pod("create", "pods/eviction", pod), with_body("POST", "", {}, body));
}

Result<ApiRequest> exec_request(const ExecRequest& request) {
  if (request.command.empty()) {
    return fail(ErrorCode::kInvalidArgument, "create pods/exec: a command is needed");
  }
  std::vector<QueryParameter> query;
  if (!request.container.empty()) {
    query.push_back({.name = "container", .value = request.container});
  }
  for (const std::string& word : request.command) {
    query.push_back({.name = "command", .value = word});
  }
  query.push_back({.name = "stdout", .value = "true"});
  query.push_back({.name = "stderr", .value = "true"});
  // "create" is what a role must allow; from Kubernetes 1.35 on that is so for a GET that becomes a WebSocket as well.
  return named_request(kCore, on_pod("create", "pods/exec", request.pod), query);
}

Result<ApiRequest> get_deployment_request(const DeploymentRef& deployment) {
  return named_request(kApps, on_deployment("get", "deployments", deployment));
}

ApiRequest list_deployments_request(const std::string& name_space, const std::string& label_selector,
                                    const std::vector<QueryParameter>& more) {
  return list_request(kApps, "deployments", name_space, {{.name = "labelSelector", .value = label_selector}}, more);
}

Result<ApiRequest> patch_deployment_request(const DeploymentRef& deployment, const Patch& patch) {
  const char* const type =
      patch.kind == PatchKind::kStrategicMerge ? "application/strategic-merge-patch+json" : "application/merge-patch+json";
  return named_change(kApps, on_deployment("patch", "deployments", deployment),
                      with_body("PATCH", "", change_parameters(patch.dry_run), patch.body, type));
}

Result<ApiRequest> get_scale_request(const DeploymentRef& deployment) {
  return named_request(kApps, on_deployment("get", "deployments/scale", deployment));
}

Result<ApiRequest> set_scale_request(const DeploymentRef& deployment, const ScaleChange& change) {
  Json body{{"spec", {{"replicas", change.replicas}}}};
  if (!change.resource_version.empty()) {
    body["metadata"] = {{"resourceVersion", change.resource_version}};
  }
  return named_change(kApps, on_deployment("patch", "deployments/scale", deployment),
                      with_body("PATCH", "", change_parameters(change.dry_run), body, "application/merge-patch+json"));
}

ApiRequest list_pod_disruption_budgets_request(const std::string& name_space, const std::vector<QueryParameter>& more) {
  return list_request(kPolicy, "poddisruptionbudgets", name_space, {}, more);
}

ApiRequest list_horizontal_pod_autoscalers_request(const std::string& name_space, const std::vector<QueryParameter>& more) {
  return list_request(kAutoscaling, "horizontalpodautoscalers", name_space, {}, more);
}

Result<ApiRequest> get_namespace_request(const std::string& name) {
  if (name.empty()) {
    return fail(ErrorCode::kInvalidArgument, "get namespaces: a name is needed");
  }
  return ApiRequest{.operation = {.verb = "get", .resource = "namespaces", .name = name},
                    .http = get(fmt::format("{}/namespaces/{}", kCore, percent_encoded(name)))};
}

}  // namespace lifecycle::kubernetes
