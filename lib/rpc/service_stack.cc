#include "rpc/service_stack.h"

#include <utility>

#include "rpc/grpc_workflow_service.h"
#include "rpc/logging_workflow_service.h"
#include "rpc/retrying_workflow_service.h"

namespace lifecycle::rpc {

Result<std::unique_ptr<WorkflowService>> make_workflow_service(const ConnectionOptions& options, GrpcEventLoop& loop, const Logger& logger,
                                                               RandomStream random) {
  Result<std::unique_ptr<WorkflowService>> transport = connect(options, loop, logger);
  if (!transport) {
    return transport;
  }
  auto logging = std::make_shared<LoggingWorkflowService>(*std::move(transport), loop.clock(), logger);
  return std::make_unique<RetryingWorkflowService>(std::move(logging), loop, random);
}

}  // namespace lifecycle::rpc
