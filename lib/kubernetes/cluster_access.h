// Which cluster is meant, and as whom: by kubectl's rules, and inside of a pod by its service account.
#pragma once

#include <string>

#include "base/error.h"
#include "kubernetes/encoding.h"
#include "kubernetes/environment.h"
#include "kubernetes/kubeconfig.h"

namespace lifecycle::kubernetes {

struct AccessOptions {
  std::string kubeconfig_path = {};  // --kubeconfig
  std::string context = {};          // --kube-context
  std::string name_space = {};       // --kube-namespace
  std::string service_account_directory = "/var/run/secrets/kubernetes.io/serviceaccount";
};

struct ClusterAccess {
  std::string origin = {};   // "context 'dev' of /home/a/.kube/config", "the pod's service account"
  std::string context = {};  // empty in a pod
  std::string cluster_name = {};
  std::string name_space = {};
  Url server = {};
  ClusterEntry cluster = {};
  UserEntry user = {};
};

// A kubeconfig that says anything wins over the pod's service account. Errors: kInvalidConfig for a configuration that cannot be used;
// kNotFound when the file of --kubeconfig does not exist; kKubernetesUnreachable when nothing says where a cluster is. No secret is read
// but what the kubeconfig files hold themselves.
[[nodiscard]] Result<ClusterAccess> load_cluster_access(const AccessOptions& options, const Environment& environment);

}  // namespace lifecycle::kubernetes
