// WorkflowService over the network: one gRPC channel to one Temporal server.
#pragma once

#include <memory>

#include "base/error.h"
#include "rpc/connection_options.h"
#include "rpc/grpc_event_loop.h"
#include "rpc/workflow_service.h"
#include "telemetry/log.h"

namespace lifecycle::rpc {

// Makes the channel and does not wait for the server: the first call connects. Calls are made once each, see service_stack.h for what
// belongs above. `loop` outlives the service. Errors: kInvalidArgument for an address or certificates that cannot work.
[[nodiscard]] Result<std::unique_ptr<WorkflowService>> connect(const ConnectionOptions& options, GrpcEventLoop& loop, const Logger& logger);

}  // namespace lifecycle::rpc
