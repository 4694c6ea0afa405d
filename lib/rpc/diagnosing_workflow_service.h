// Adds to the failure of a connection what a look at the handshake tells about it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/error.h"
#include "base/event_loop.h"
#include "rpc/workflow_service.h"

namespace lifecycle::rpc {

// A call that ends UNAVAILABLE waits for the diagnosis and gets it as Status::diagnosis, with those that end so meanwhile; those that
// follow get the same, until a call succeeds or the diagnosis is ten seconds old.
class DiagnosingWorkflowService final : public WorkflowService {
 public:
  // Runs on a thread of its own and may block for a few seconds; ends soon when it is told to stop.
  using Diagnose = std::function<std::optional<Error>(const std::stop_token&)>;

  // `loop` outlives the service.
  DiagnosingWorkflowService(std::unique_ptr<WorkflowService> inner, EventLoop& loop, Diagnose diagnose);
  // Waits for a diagnosis under way, which is told to stop. The calls that wait for it end without.
  ~DiagnosingWorkflowService() override;

  [[nodiscard]] CallHandle start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) override;

 private:
  class State;
  std::unique_ptr<WorkflowService> inner_;
  std::shared_ptr<State> state_;
};

}  // namespace lifecycle::rpc
