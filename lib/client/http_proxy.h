// Which HTTP proxy leads to a server, by the variables that other programs read.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "client/connection_config.h"

namespace lifecycle::client {

struct HttpProxy {
  std::string url = {};     // "http://[user:password@]host:port"; empty: none
  std::string origin = {};  // the variable that named it, or that excluded the server
};

// The first that is set of grpc_proxy, https_proxy, HTTPS_PROXY and http_proxy decides, an empty one against a proxy. Servers on this
// machine, and those whose host ends in an entry of no_grpc_proxy, no_proxy or NO_PROXY, are reached without. Errors: kInvalidConfig for a
// proxy that gRPC cannot use: it would go past it without a word.
[[nodiscard]] Result<HttpProxy> http_proxy_for(std::string_view address, const Environment& environment);

// Without user and password.
[[nodiscard]] std::string without_credentials(std::string_view proxy_url);

}  // namespace lifecycle::client
