// The way to the server that a subcommand works over: one event loop, the calls on it, and a client.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/global_options.h"
#include "cli/output.h"
#include "client/client.h"
#include "client/connection_config.h"
#include "rpc/grpc_event_loop.h"
#include "rpc/workflow_service.h"
#include "telemetry/log.h"

namespace lifecycle::cli {

struct Connection {
  explicit Connection(const Clock& clock) : loop(clock) {}

  client::ConnectionConfig config;
  std::vector<std::string> warnings;  // what was asked for and is not done, or is not safe; they are in the log already
  rpc::GrpcEventLoop loop;            // before the service, which ends first
  std::unique_ptr<rpc::WorkflowService> service;
};

// Reads the configuration and makes the service; waits for no server. Errors: kInvalidConfig, kInvalidArgument.
[[nodiscard]] Result<std::unique_ptr<Connection>> make_connection(const GlobalOptions& options, const ProcessContext& process,
                                                                  const Logger& logger);

// make_connection() for a command that answers and ends: its log is silent when nobody asked for it, so that the warnings go to `output`.
[[nodiscard]] Result<std::unique_ptr<Connection>> connect_command(const GlobalOptions& options, const ProcessContext& process,
                                                                  Output& output);

// A client over the connection; the connection outlives it.
[[nodiscard]] client::Client make_client(Connection& connection);

}  // namespace lifecycle::cli
