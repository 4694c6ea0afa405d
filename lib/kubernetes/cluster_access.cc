#include "kubernetes/cluster_access.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/file.h"

namespace lifecycle::kubernetes {
namespace {

bool is_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) && !std::filesystem::is_directory(path, ignored);
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

// Errors name no URL that could hold a password.
Result<Url> server_url(const std::string& text, const std::string& origin) {
  std::optional<Url> url = parse_url(text);
  if (!url || (url->scheme != "https" && url->scheme != "http")) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: server is not a URL like https://host:6443", origin));
  }
  return *std::move(url);
}

bool has_credentials(const UserEntry& user) {
  return !user.token.empty() || !user.token_path.empty() || !user.username.empty() || !user.exec.empty() || !user.client_key_path.empty() ||
         !user.client_key_pem.empty();
}

std::string default_namespace(const AccessOptions& options, const std::string& context_namespace, const Environment& environment) {
  if (!options.name_space.empty()) {
    return options.name_space;
  }
  if (!context_namespace.empty()) {
    return context_namespace;
  }
  if (std::string of_pod = variable(environment, "POD_NAMESPACE"); !of_pod.empty()) {
    return of_pod;
  }
  const std::string mounted = trimmed(read_file(options.service_account_directory + "/namespace").value_or(std::string()));
  return mounted.empty() ? "default" : mounted;
}

Result<ClusterAccess> from_kubeconfig(const AccessOptions& options, const KubeconfigFiles& files, const Environment& environment) {
  Result<ChosenContext> chosen = choose_context(files, options.context);
  if (!chosen) {
    return std::unexpected(chosen.error());
  }
  const std::string origin = fmt::format("context '{}' of {}", chosen->name, fmt::join(files.read, ", "));
  Result<Url> server = server_url(chosen->cluster.server, origin);
  if (!server) {
    return std::unexpected(server.error());
  }
  if (server->scheme == "http" && has_credentials(chosen->user)) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: credentials are not sent to a server without TLS", origin),
                "use an https:// server, or a user without credentials");
  }
  return ClusterAccess{.origin = origin,
                       .context = chosen->name,
                       .cluster_name = chosen->context.cluster,
                       .name_space = default_namespace(options, chosen->context.name_space, environment),
                       .server = *std::move(server),
                       .cluster = std::move(chosen->cluster),
                       .user = std::move(chosen->user)};
}

Result<ClusterAccess> from_service_account(const AccessOptions& options, const std::string& host, const std::string& port,
                                           const Environment& environment) {
  const std::string origin = "the pod's service account";
  const std::string address = "https://" + host_and_port(host, port);
  Result<Url> server = server_url(address, origin + ": KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT");
  if (!server) {
    return std::unexpected(server.error());
  }
  const std::string token_path = options.service_account_directory + "/token";
  if (!is_file(token_path)) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("this pod has no service account token ({} is not there)", token_path),
                "set automountServiceAccountToken: true for this pod, or give a kubeconfig");
  }
  const std::string authority_path = options.service_account_directory + "/ca.crt";
  return ClusterAccess{.origin = origin,
                       .cluster_name = "this pod's cluster",
                       .name_space = default_namespace(options, "", environment),
                       .server = *std::move(server),
                       .cluster = {.server = address, .certificate_authority_path = is_file(authority_path) ? authority_path : ""},
                       .user = {.token_path = token_path}};
}

}  // namespace

Result<ClusterAccess> load_cluster_access(const AccessOptions& options, const Environment& environment) {
  const Result<KubeconfigFiles> files = load_kubeconfig(options.kubeconfig_path, environment);
  if (!files) {
    return std::unexpected(files.error());
  }
  const std::string host = variable(environment, "KUBERNETES_SERVICE_HOST");
  const std::string port = variable(environment, "KUBERNETES_SERVICE_PORT");
  const bool in_pod = !host.empty() && !port.empty();
  if (!files->config.empty() || (!files->read.empty() && !in_pod) || !options.kubeconfig_path.empty()) {
    return from_kubeconfig(options, *files, environment);
  }
  if (!options.context.empty()) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("there is no context '{}': no kubeconfig has been found", options.context),
                fmt::format("looked for: {}", fmt::join(files->paths, ", ")));
  }
  if (in_pod) {
    return from_service_account(options, host, port, environment);
  }
  return fail(ErrorCode::kKubernetesUnreachable,
              fmt::format("no Kubernetes cluster is known: {} is not there, and this is not a pod", fmt::join(files->paths, ", ")),
              "give --kubeconfig, or set KUBECONFIG");
}

}  // namespace lifecycle::kubernetes
