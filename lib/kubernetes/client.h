// The Api of a real cluster, over HTTP/1.1 and WebSocket.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "kubernetes/api.h"
#include "kubernetes/cluster_access.h"

namespace lifecycle::kubernetes {

struct ClientOptions {
  ClusterAccess access = {};
  std::string user_agent = {};  // "lifecycle/0.1.0"
};

// Loads libcurl, and speaks to nobody yet. `clock` outlives the client. Errors: kFailedPrecondition when libcurl is not installed.
[[nodiscard]] Result<std::unique_ptr<Api>> make_client(ClientOptions options, const Clock& clock, RandomStream randomness);

}  // namespace lifecycle::kubernetes
