// Credentials from a program, as kubeconfig's `exec` asks for them: client.authentication.k8s.io v1 and v1beta1. Private to lib/kubernetes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "kubernetes/cluster_access.h"
#include "kubernetes/deadline.h"
#include "kubernetes/secret.h"

namespace lifecycle::kubernetes {

struct PluginCredentials {
  Secret token = {};
  std::string client_certificate_pem = {};
  Secret client_key_pem = {};
  std::optional<WallTime> expiration = {};
};

// Runs the plugin of `access`, which has one. `certificate_authority_pem` is for plugins that want to know the cluster. Errors:
// kPermissionDenied when it fails, is not there or gives no credentials. What it printed is in no message.
[[nodiscard]] Result<PluginCredentials> run_credential_plugin(const ClusterAccess& access, std::string_view certificate_authority_pem,
                                                              const Deadline& deadline);

// The plugin's answer. Errors: kPermissionDenied with the reason alone.
[[nodiscard]] Result<PluginCredentials> parse_exec_credential(std::string_view text, std::string_view api_version);

}  // namespace lifecycle::kubernetes
