// kubeconfig files: reading, merging and choosing as kubectl does.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "kubernetes/environment.h"
#include "kubernetes/secret.h"
#include "kubernetes/types.h"

namespace lifecycle::kubernetes {

// Paths are absolute, or relative to the working folder: what a file says relative to itself has been resolved.
struct ClusterEntry {
  std::string server = {};
  std::string tls_server_name = {};
  std::string certificate_authority_path = {};
  std::string certificate_authority_pem = {};
  std::string proxy_url = {};
  bool insecure_skip_tls_verify = false;
  Json exec_config = {};  // what the cluster's extension client.authentication.k8s.io/exec has for credential plugins
};

enum class InteractiveMode : std::uint8_t { kNever, kIfAvailable, kAlways };

// A program that prints credentials.
struct ExecPlugin {
  std::string api_version = {};
  std::string command = {};
  std::vector<std::string> arguments = {};
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string install_hint = {};
  InteractiveMode interactive_mode = InteractiveMode::kIfAvailable;
  bool provide_cluster_info = false;
};

struct UserEntry {
  std::string client_certificate_path = {};
  std::string client_certificate_pem = {};
  std::string client_key_path = {};
  Secret client_key_pem = {};
  Secret token = {};
  std::string token_path = {};
  std::string username = {};
  Secret password = {};
  std::string impersonated_user = {};
  std::string impersonated_uid = {};
  std::vector<std::string> impersonated_groups = {};
  std::map<std::string, std::vector<std::string>> impersonated_extra = {};
  std::vector<ExecPlugin> exec = {};  // none or one
  std::string auth_provider = {};     // its name: kubectl no longer has any
};

struct ContextEntry {
  std::string cluster = {};
  std::string user = {};
  std::string name_space = {};
};

struct Kubeconfig {
  std::string current_context = {};
  std::map<std::string, ClusterEntry> clusters = {};
  std::map<std::string, UserEntry> users = {};
  std::map<std::string, ContextEntry> contexts = {};

  [[nodiscard]] bool empty() const { return current_context.empty() && clusters.empty() && users.empty() && contexts.empty(); }
};

// What the text of `path` says; `path` is for relative paths and messages. Errors: kInvalidConfig.
[[nodiscard]] Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::string& path);

// Of each cluster, user and context the whole of the first that has the name, and the first current context that is set.
void merge_into(Kubeconfig& first, Kubeconfig next);

struct KubeconfigFiles {
  Kubeconfig config = {};
  std::vector<std::string> paths = {};  // that were looked for
  std::vector<std::string> read = {};   // that were there
};

// `path` alone, if it is given; otherwise the files of KUBECONFIG that exist, merged; otherwise ~/.kube/config, if it exists. Errors:
// kInvalidConfig for a file that cannot be read or understood; kNotFound when `path` does not exist.
[[nodiscard]] Result<KubeconfigFiles> load_kubeconfig(const std::string& path, const Environment& environment);

// What one context leads to.
struct ChosenContext {
  std::string name = {};
  ContextEntry context = {};
  ClusterEntry cluster = {};
  UserEntry user = {};
};

// `context` wins over the current one. Errors: kInvalidConfig with the reason and, for names that do not exist, those that do.
[[nodiscard]] Result<ChosenContext> choose_context(const KubeconfigFiles& files, const std::string& context);

}  // namespace lifecycle::kubernetes
