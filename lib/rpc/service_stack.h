// How calls reach the server: the decorators of WorkflowService, put together in one place.
#pragma once

#include <memory>

#include "base/error.h"
#include "base/random.h"
#include "rpc/connection_options.h"
#include "rpc/grpc_event_loop.h"
#include "rpc/workflow_service.h"
#include "telemetry/log.h"

namespace lifecycle::rpc {

// retries -> one log line for each try -> new credentials when their files change -> diagnosis of failed connections -> headers and gRPC.
// Does not wait for the server. `loop` outlives the service.
// Errors: kInvalidArgument for an address or certificates that cannot work.
[[nodiscard]] Result<std::unique_ptr<WorkflowService>> make_workflow_service(const ConnectionOptions& options, GrpcEventLoop& loop,
                                                                             const Logger& logger, RandomStream random = entropy_stream());

}  // namespace lifecycle::rpc
