// Keeps up with certificates, keys and API keys that change in their files while the connection is used.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "rpc/connection_options.h"
#include "rpc/workflow_service.h"
#include "telemetry/log.h"

namespace lifecycle::rpc {

// The files are looked at when a call starts and the last look is ten seconds old, or when a call has failed for want of a connection. When
// they have changed, this call and those after it go over a new connection; those under way keep theirs. A call that the server refuses
// (UNAUTHENTICATED, PERMISSION_DENIED) is made once more if the files turn out to have changed. Files that cannot be used are logged, and
// what they said before stays in use.
class RotatingWorkflowService final : public WorkflowService {
 public:
  using Connect = std::function<Result<std::unique_ptr<WorkflowService>>(const ConnectionOptions& options)>;

  // `first` was connected with `options`; `clock` outlives the service and its calls.
  RotatingWorkflowService(ConnectionOptions options, std::shared_ptr<WorkflowService> first, Connect connect, const Clock& clock,
                          Logger logger);
  ~RotatingWorkflowService() override;

  [[nodiscard]] CallHandle start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) override;

 private:
  class State;
  class RefusedOnceCall;
  std::shared_ptr<State> state_;
};

}  // namespace lifecycle::rpc
