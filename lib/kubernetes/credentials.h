// What is shown to the API server, and what it is trusted by, as it is now: tokens and certificates change while a program runs.
// Private to lib/kubernetes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "kubernetes/cluster_access.h"
#include "kubernetes/credential_plugin.h"
#include "kubernetes/deadline.h"
#include "kubernetes/secret.h"

namespace lifecycle::kubernetes {

struct CredentialSnapshot {
  std::vector<Secret> headers = {};  // "Authorization: Bearer ...", "Impersonate-User: ..."
  std::string certificate_authority_pem = {};
  std::string client_certificate_pem = {};
  Secret client_key_pem = {};

  bool operator==(const CredentialSnapshot&) const = default;
};

using Snapshot = std::shared_ptr<const CredentialSnapshot>;

// Thread-safe: of several callers one refreshes, and the others wait for it.
class Credentials {
 public:
  Credentials(const ClusterAccess& access, const Clock& clock);

  // Files are read again after a minute, as kubelet and others replace them; one that cannot be read then leaves what it said before.
  // Plugins run when their credentials expire. Errors: kInvalidConfig for a file that cannot be read or used; what
  // run_credential_plugin says.
  [[nodiscard]] Result<Snapshot> current(const Deadline& deadline);
  // After the server refused `refused`: what is new, or nothing when there is nothing new.
  [[nodiscard]] Result<std::optional<Snapshot>> after_refusal(const Snapshot& refused, const Deadline& deadline);

 private:
  [[nodiscard]] Result<Snapshot> refreshed(bool anew, const Deadline& deadline);
  [[nodiscard]] Result<void> read_files();
  [[nodiscard]] Result<void> run_plugin(bool anew, const Deadline& deadline);
  [[nodiscard]] bool uses_plugin() const;
  [[nodiscard]] Result<CredentialSnapshot> assembled() const;

  const ClusterAccess access_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<SteadyTime> read_at_;
  std::string certificate_authority_pem_;
  std::string client_certificate_pem_;
  Secret client_key_pem_;
  Secret token_;
  std::optional<PluginCredentials> from_plugin_;
  Snapshot current_;
};

}  // namespace lifecycle::kubernetes
