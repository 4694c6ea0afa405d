// One call as the clients of this library make it: within the command time-out, and a failure says what was attempted.
#pragma once

#include <string_view>
#include <utility>

#include "client/client_options.h"
#include "rpc/await.h"

namespace lifecycle::client {

// The error of a call; for a server that did not answer it names the address.
[[nodiscard]] Error error_of(const ClientOptions& options, const rpc::Status& status, std::string_view attempt);

// `attempt` is what the error begins with: "describe workflow 'w'".
template <class Rpc>
[[nodiscard]] Result<typename Rpc::Response> ask(rpc::WorkflowService& service, rpc::RunnableEventLoop& loop, const ClientOptions& options,
                                                 typename Rpc::Request request, std::string_view attempt) {
  rpc::Reply<Rpc> reply = rpc::await<Rpc>(service, loop, std::move(request), {.timeout = options.command_timeout});
  if (!reply) {
    return std::unexpected(error_of(options, reply.error(), attempt));
  }
  return std::move(**reply);
}

// For calls whose answer says nothing beyond that they succeeded.
template <class Response>
[[nodiscard]] Result<void> without_answer(Result<Response> response) {
  if (!response) {
    return std::unexpected(std::move(response.error()));
  }
  return {};
}

// Runs the loop for that long.
void wait(rpc::RunnableEventLoop& loop, Duration duration);

}  // namespace lifecycle::client
