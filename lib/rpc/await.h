// A call that is waited for: for programs that have nothing else to do meanwhile.
#pragma once

#include <optional>
#include <utility>

#include "rpc/runnable_event_loop.h"
#include "rpc/workflow_service.h"

namespace lifecycle::rpc {

// Starts the call and runs `loop` until it is answered; whatever else is on the loop runs meanwhile. Not to be called from a task of the
// loop.
template <class Rpc>
[[nodiscard]] Reply<Rpc> await(WorkflowService& service, RunnableEventLoop& loop, typename Rpc::Request request, CallOptions options = {}) {
  std::optional<Reply<Rpc>> answer;
  service.call<Rpc>(std::move(request), options, [&answer](Reply<Rpc> reply) { answer = std::move(reply); });
  loop.run_until([&answer] { return answer.has_value(); });
  return *std::move(answer);
}

}  // namespace lifecycle::rpc
