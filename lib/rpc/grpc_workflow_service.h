// WorkflowService over the network: one gRPC channel to one Temporal server.
#pragma once

#include <memory>

#include "base/error.h"
#include "rpc/connection_options.h"
#include "rpc/grpc_event_loop.h"
#include "rpc/workflow_service.h"
#include "telemetry/log.h"

namespace lifecycle::rpc {

// Makes the channel and does not wait for the server: the first call connects. Calls are made once each, see service_stack.h for what belongs
// above. `loop` outlives the service. Errors: kInvalidArgument for an address or certificates that cannot work.
[[nodiscard]] Result<std::unique_ptr<WorkflowService>> connect(const ConnectionOptions& options, GrpcEventLoop& loop, const Logger& logger);

// Sends the lines that gRPC and protobuf would write to standard error to `logger`, for the rest of the process. Called once, by main, before the
// first connect(): both libraries have one such hook per process.
void route_library_logs(const Logger& logger);

}  // namespace lifecycle::rpc
