#include "kubernetes/kubeconfig.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/file.h"
#include "kubernetes/encoding.h"
#include "kubernetes/json_access.h"
#include "kubernetes/yaml.h"

namespace lifecycle::kubernetes {
namespace {

constexpr std::string_view kExecConfigExtension = "client.authentication.k8s.io/exec";

// Reads the fields of one entry and keeps the first thing that does not fit.
class Fields {
 public:
  Fields(const Json& object, std::string where, const std::string& path, std::optional<Error>& error)
      : object_(object), where_(std::move(where)), path_(path), error_(error) {
    if (!object.is_object() && !object.is_null()) {
      refuse("must be a map");
    }
  }

  [[nodiscard]] std::string text(std::string_view name) const {
    const Json& value = child(object_, name);
    if (!value.is_string() && !value.is_null()) {
      refuse(fmt::format("{} must be text: quote it", name));
    }
    return value.is_string() ? value.get<std::string>() : std::string();
  }

  [[nodiscard]] bool boolean(std::string_view name) const {
    const Json& value = child(object_, name);
    if (!value.is_boolean() && !value.is_null()) {
      refuse(fmt::format("{} must be true or false", name));
    }
    return value.is_boolean() && value.get<bool>();
  }

  // Resolved against the folder of the file that it stands in.
  [[nodiscard]] std::string path(std::string_view name) const {
    const std::string value = text(name);
    return value.empty() ? value : (std::filesystem::path(path_).parent_path() / value).string();
  }

  [[nodiscard]] std::string bytes(std::string_view name) const {
    std::optional<std::string> decoded = from_base64(text(name));
    if (!decoded) {
      refuse(fmt::format("{} is not base 64", name));
    }
    return std::move(decoded).value_or(std::string());
  }

  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const {
    std::vector<std::string> out;
    for (const Json& item : list(name)) {
      if (!item.is_string()) {
        refuse(fmt::format("{} must be a list of texts: quote them", name));
        break;
      }
      out.push_back(item.get<std::string>());
    }
    return out;
  }

  [[nodiscard]] const Json& list(std::string_view name) const {
    const Json& value = child(object_, name);
    if (!value.is_array() && !value.is_null()) {
      refuse(fmt::format("{} must be a list", name));
    }
    return items_at(object_, name);
  }

  [[nodiscard]] Fields at(std::string_view name) const { return of(child(object_, name), fmt::format("{}: {}", where_, name)); }
  [[nodiscard]] Fields of(const Json& object, std::string where) const { return {object, std::move(where), path_, error_}; }
  [[nodiscard]] bool has(std::string_view name) const { return member(object_, name) != nullptr; }
  [[nodiscard]] const Json& raw(std::string_view name) const { return child(object_, name); }

  void refuse(std::string_view reason) const {
    if (!error_) {
      error_ = Error{.code = ErrorCode::kInvalidConfig,
                     .message = fmt::format("kubeconfig '{}'{}{}: {}", path_, where_.empty() ? "" : ": ", where_, reason)};
    }
  }

 private:
  const Json& object_;
  std::string where_;
  const std::string& path_;
  std::optional<Error>& error_;
};

ClusterEntry cluster_of(const Fields& fields) {
  ClusterEntry cluster{.server = fields.text("server"),
                       .tls_server_name = fields.text("tls-server-name"),
                       .certificate_authority_path = fields.path("certificate-authority"),
                       .certificate_authority_pem = fields.bytes("certificate-authority-data"),
                       .proxy_url = fields.text("proxy-url"),
                       .insecure_skip_tls_verify = fields.boolean("insecure-skip-tls-verify")};
  for (const Json& extension : fields.list("extensions")) {
    if (text_at(extension, "name") == kExecConfigExtension) {
      cluster.exec_config = child(extension, "extension");
    }
  }
  return cluster;
}

std::vector<std::pair<std::string, std::string>> exec_environment_of(const Fields& exec) {
  std::vector<std::pair<std::string, std::string>> environment;
  for (const Json& item : exec.list("env")) {
    const Fields variable = exec.of(item, "exec: env");
    environment.emplace_back(variable.text("name"), variable.text("value"));
    if (environment.back().first.empty() || environment.back().first.contains('=')) {
      variable.refuse("a variable needs a name without '='");
    }
  }
  return environment;
}

ExecPlugin exec_plugin_of(const Fields& exec) {
  ExecPlugin plugin{.api_version = exec.text("apiVersion"),
                    .command = exec.text("command"),
                    .arguments = exec.texts("args"),
                    .environment = exec_environment_of(exec),
                    .install_hint = exec.text("installHint"),
                    .provide_cluster_info = exec.boolean("provideClusterInfo")};
  if (plugin.command.contains('/')) {
    plugin.command = exec.path("command");
  }
  const std::string mode = exec.text("interactiveMode");
  if (mode == "Never" || mode == "Always") {
    plugin.interactive_mode = mode == "Never" ? InteractiveMode::kNever : InteractiveMode::kAlways;
  } else if (!mode.empty() && mode != "IfAvailable") {
    exec.refuse("interactiveMode must be Never, IfAvailable or Always");
  } else if (mode.empty() && plugin.api_version == "client.authentication.k8s.io/v1") {
    exec.refuse("interactiveMode is missing (Never, IfAvailable or Always); client.authentication.k8s.io/v1 wants it");
  }
  return plugin;
}

UserEntry user_of(const Fields& fields) {
  UserEntry user{.client_certificate_path = fields.path("client-certificate"),
                 .client_certificate_pem = fields.bytes("client-certificate-data"),
                 .client_key_path = fields.path("client-key"),
                 .client_key_pem = Secret(fields.bytes("client-key-data")),
                 .token = Secret(fields.text("token")),
                 .token_path = fields.path("tokenFile"),
                 .username = fields.text("username"),
                 .password = Secret(fields.text("password")),
                 .impersonated_user = fields.text("as"),
                 .impersonated_uid = fields.text("as-uid"),
                 .impersonated_groups = fields.texts("as-groups")};
  const Json& extra = fields.raw("as-user-extra");
  if (extra.is_object()) {
    const Fields extras = fields.of(extra, "as-user-extra");
    for (const auto& [key, values] : extra.items()) {
      user.impersonated_extra[key] = extras.texts(key);
    }
  }
  if (fields.has("exec")) {
    user.exec.push_back(exec_plugin_of(fields.at("exec")));
  }
  if (fields.has("auth-provider")) {
    user.auth_provider = fields.at("auth-provider").text("name");
  }
  return user;
}

ContextEntry context_of(const Fields& fields) {
  return {.cluster = fields.text("cluster"), .user = fields.text("user"), .name_space = fields.text("namespace")};
}

// The entries of `list`, each {name: ..., `kind`: {...}}.
template <class Entry>
std::map<std::string, Entry> named_entries(const Fields& root, std::string_view list, std::string_view kind, Entry (*read)(const Fields&)) {
  std::map<std::string, Entry> entries;
  for (const Json& item : root.list(list)) {
    const Fields outer = root.of(item, std::string(kind));
    const std::string name = outer.text("name");
    const Fields inner = outer.of(outer.raw(kind), fmt::format("{} '{}'", kind, name));
    if (!entries.emplace(name, read(inner)).second) {
      inner.refuse("it is there twice");
    }
  }
  return entries;
}

std::vector<std::string> listed_paths(std::string_view list) {
  std::vector<std::string> paths;
  while (!list.empty()) {
    const std::string path(list.substr(0, list.find(':')));
    if (!path.empty() && std::ranges::find(paths, path) == paths.end()) {
      paths.push_back(path);
    }
    list.remove_prefix(std::min(path.size() + 1, list.size()));
  }
  return paths;
}

std::vector<std::string> default_paths(const Environment& environment) {
  if (const std::string list = variable(environment, "KUBECONFIG"); !list.empty()) {
    return listed_paths(list);
  }
  const std::string home = variable(environment, "HOME");
  return home.empty() ? std::vector<std::string>() : std::vector<std::string>{home + "/.kube/config"};
}

std::string names_of(const auto& entries) {
  std::vector<std::string_view> names;
  for (const auto& [name, entry] : entries) {
    names.push_back(name);
  }
  return names.empty() ? "there are none" : fmt::format("there are: {}", fmt::join(names, ", "));
}

std::unexpected<Error> unusable(const KubeconfigFiles& files, std::string_view reason, std::string hint = {}) {
  return fail(ErrorCode::kInvalidConfig, fmt::format("kubeconfig {}: {}", fmt::join(files.read, ", "), reason), std::move(hint));
}

// Why kubectl would not use this cluster, or nothing.
std::string cluster_fault(const ClusterEntry& cluster) {
  const bool has_authority = !cluster.certificate_authority_path.empty() || !cluster.certificate_authority_pem.empty();
  if (cluster.server.empty()) {
    return "it has no server";
  }
  if (!cluster.certificate_authority_path.empty() && !cluster.certificate_authority_pem.empty()) {
    return "certificate-authority and certificate-authority-data are both set";
  }
  if (cluster.insecure_skip_tls_verify && has_authority) {
    return "insecure-skip-tls-verify and a certificate authority exclude each other";
  }
  return {};
}

std::string certificate_fault(const UserEntry& user) {
  const bool has_certificate = !user.client_certificate_path.empty() || !user.client_certificate_pem.empty();
  const bool has_key = !user.client_key_path.empty() || !user.client_key_pem.empty();
  if (!user.client_certificate_path.empty() && !user.client_certificate_pem.empty()) {
    return "client-certificate and client-certificate-data are both set";
  }
  if (!user.client_key_path.empty() && !user.client_key_pem.empty()) {
    return "client-key and client-key-data are both set";
  }
  return has_certificate == has_key ? "" : "a client certificate and its key belong together, and one of them is missing";
}

std::string exec_fault(const ExecPlugin& exec) {
  if (exec.command.empty()) {
    return "exec needs a command";
  }
  if (exec.api_version != "client.authentication.k8s.io/v1" && exec.api_version != "client.authentication.k8s.io/v1beta1") {
    return fmt::format("exec has apiVersion '{}'; client.authentication.k8s.io/v1 and v1beta1 are known", exec.api_version);
  }
  return {};
}

std::string user_fault(const UserEntry& user) {
  const bool has_token = !user.token.empty() || !user.token_path.empty();
  if (has_token && (!user.username.empty() || !user.password.empty())) {
    return "it has a token and a password: one of them is too much";
  }
  if (!user.auth_provider.empty()) {
    return user.exec.empty()
               ? fmt::format("auth-provider '{}' is no longer supported by Kubernetes' clients: use a credential plugin (exec)",
                             user.auth_provider)
               : "auth-provider and exec exclude each other";
  }
  const bool impersonates_by_more = !user.impersonated_uid.empty() || !user.impersonated_groups.empty() || !user.impersonated_extra.empty();
  if (impersonates_by_more && user.impersonated_user.empty()) {
    return "as-uid, as-groups and as-user-extra need as";
  }
  const std::string fault = certificate_fault(user);
  return fault.empty() && !user.exec.empty() ? exec_fault(user.exec.front()) : fault;
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::string& path) {
  const Result<Json> root = json_from_yaml(text);
  if (!root) {
    return fail(root.error().code, fmt::format("kubeconfig '{}': {}", path, root.error().message), root.error().hint);
  }
  std::optional<Error> error;
  const Fields fields(*root, "", path, error);
  const std::string kind = fields.text("kind");
  const std::string api_version = fields.text("apiVersion");
  if (!(kind.empty() || kind == "Config") || !(api_version.empty() || api_version == "v1")) {
    fields.refuse(fmt::format("it is a {} of {}, not a Config of v1", kind, api_version));
  }
  Kubeconfig config{.current_context = fields.text("current-context"),
                    .clusters = named_entries<ClusterEntry>(fields, "clusters", "cluster", cluster_of),
                    .users = named_entries<UserEntry>(fields, "users", "user", user_of),
                    .contexts = named_entries<ContextEntry>(fields, "contexts", "context", context_of)};
  if (error) {
    return std::unexpected(*std::move(error));
  }
  return config;
}

void merge_into(Kubeconfig& first, Kubeconfig next) {
  if (first.current_context.empty()) {
    first.current_context = std::move(next.current_context);
  }
  first.clusters.merge(next.clusters);
  first.users.merge(next.users);
  first.contexts.merge(next.contexts);
}

Result<KubeconfigFiles> load_kubeconfig(const std::string& path, const Environment& environment) {
  KubeconfigFiles files{.paths = path.empty() ? default_paths(environment) : std::vector<std::string>{path}};
  for (const std::string& each : files.paths) {
    const Result<std::string> text = read_file(each);
    if (!text && text.error().code == ErrorCode::kNotFound && path.empty()) {
      continue;
    }
    if (!text) {
      const bool missing = text.error().code == ErrorCode::kNotFound;
      return fail(missing ? ErrorCode::kNotFound : ErrorCode::kInvalidConfig,
                  fmt::format("kubeconfig '{}': {}", each, text.error().message),
                  missing ? "give an existing file, or leave --kubeconfig out" : "");
    }
    Result<Kubeconfig> parsed = parse_kubeconfig(*text, each);
    if (!parsed) {
      return std::unexpected(parsed.error());
    }
    merge_into(files.config, *std::move(parsed));
    files.read.push_back(each);
  }
  return files;
}

Result<ChosenContext> choose_context(const KubeconfigFiles& files, const std::string& context) {
  const Kubeconfig& config = files.config;
  ChosenContext chosen{.name = context.empty() ? config.current_context : context};
  if (chosen.name.empty()) {
    return unusable(files, "no current context is set", fmt::format("choose one with --kube-context; {}", names_of(config.contexts)));
  }
  const auto entry = config.contexts.find(chosen.name);
  if (entry == config.contexts.end()) {
    return unusable(files, fmt::format("there is no context '{}'", chosen.name), names_of(config.contexts));
  }
  chosen.context = entry->second;
  const auto cluster = config.clusters.find(chosen.context.cluster);
  if (cluster == config.clusters.end()) {
    return unusable(files, fmt::format("context '{}' names cluster '{}', which is not there", chosen.name, chosen.context.cluster),
                    names_of(config.clusters));
  }
  chosen.cluster = cluster->second;
  if (!chosen.context.user.empty()) {
    const auto user = config.users.find(chosen.context.user);
    if (user == config.users.end()) {
      return unusable(files, fmt::format("context '{}' names user '{}', which is not there", chosen.name, chosen.context.user),
                      names_of(config.users));
    }
    chosen.user = user->second;
  }
  if (const std::string fault = cluster_fault(chosen.cluster); !fault.empty()) {
    return unusable(files, fmt::format("cluster '{}': {}", chosen.context.cluster, fault));
  }
  if (const std::string fault = user_fault(chosen.user); !fault.empty()) {
    return unusable(files, fmt::format("user '{}': {}", chosen.context.user, fault));
  }
  return chosen;
}

}  // namespace lifecycle::kubernetes
