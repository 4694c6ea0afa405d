// Why no connection to the server comes about. gRPC 1.51 says of every failed handshake only that it failed; here it is tried once more
// with OpenSSL alone, which knows.
#pragma once

#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "base/error.h"
#include "rpc/connection_options.h"

namespace lifecycle::rpc {

// Blocks until the answer is known, `time_limit` has passed or it is told to stop. Nothing when the attempt shows no fault, or none that
// gRPC does not name itself (a refused connection, a name that is not known).
//
// kPermissionDenied: one side does not trust the other's certificate. kUnavailable: they do not speak the same protocol, or a proxy is in
// the way.
[[nodiscard]] std::optional<Error> diagnose_connection(const ConnectionOptions& options, Duration time_limit, const Clock& clock,
                                                       const std::stop_token& stop);

}  // namespace lifecycle::rpc
