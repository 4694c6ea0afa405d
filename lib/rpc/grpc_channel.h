// The channel's settings, and the headers that go with each of its calls. Private to lib/rpc/grpc_*.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "rpc/connection_options.h"

namespace lifecycle::rpc {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Errors: kInvalidArgument.
[[nodiscard]] Result<std::shared_ptr<grpc::Channel>> make_channel(const ConnectionOptions& options);

[[nodiscard]] Headers request_headers(const ConnectionOptions& options);

}  // namespace lifecycle::rpc
