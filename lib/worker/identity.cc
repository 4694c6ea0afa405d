#include <fmt/format.h>

#include "base/text.h"
#include "worker/worker.h"

namespace lifecycle::worker {

std::string make_identity(const IdentityParts& parts) {
  const std::string who = parts.pod_name.empty() ? std::to_string(parts.process_id) : parts.pod_name;
  const std::string& where = parts.pod_name.empty() ? parts.host_name : parts.node_name;
  return valid_utf8(fmt::format("{}@{}/{}#{}", who, where, parts.worker_version, parts.nonce));
}

}  // namespace lifecycle::worker
