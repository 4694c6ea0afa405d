#include "rpc/service_stack.h"

#include <utility>

#include "rpc/connection_diagnosis.h"
#include "rpc/credential_files.h"
#include "rpc/diagnosing_workflow_service.h"
#include "rpc/grpc_workflow_service.h"
#include "rpc/logging_workflow_service.h"
#include "rpc/retrying_workflow_service.h"
#include "rpc/rotating_workflow_service.h"

namespace lifecycle::rpc {
namespace {

constexpr Duration kDiagnosisTimeMax = std::chrono::seconds(3);

// One connection that can say why it fails.
Result<std::unique_ptr<WorkflowService>> connect_diagnosed(const ConnectionOptions& options, GrpcEventLoop& loop, const Logger& logger) {
  Result<std::unique_ptr<WorkflowService>> transport = connect(options, loop, logger);
  if (!transport) {
    return transport;
  }
  return std::make_unique<DiagnosingWorkflowService>(*std::move(transport), loop, [options, &loop](const std::stop_token& stop) {
    return diagnose_connection(options, kDiagnosisTimeMax, loop.clock(), stop);
  });
}

}  // namespace

Result<std::unique_ptr<WorkflowService>> make_workflow_service(const ConnectionOptions& options, GrpcEventLoop& loop, const Logger& logger,
                                                               RandomStream random) {
  Result<std::unique_ptr<WorkflowService>> connected = connect_diagnosed(options, loop, logger);
  if (!connected) {
    return connected;
  }
  std::shared_ptr<WorkflowService> service = *std::move(connected);
  if (has_credential_files(options)) {
    const auto connect_again = [&loop, logger](const ConnectionOptions& changed) { return connect_diagnosed(changed, loop, logger); };
    service = std::make_shared<RotatingWorkflowService>(options, std::move(service), connect_again, loop.clock(), logger);
  }
  service = std::make_shared<LoggingWorkflowService>(std::move(service), loop.clock(), logger);
  return std::make_unique<RetryingWorkflowService>(std::move(service), loop, random);
}

}  // namespace lifecycle::rpc
