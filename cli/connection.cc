#include "cli/connection.h"

#include <utility>

#include "rpc/process.h"
#include "rpc/service_stack.h"

namespace lifecycle::cli {

Result<std::unique_ptr<Connection>> make_connection(const GlobalOptions& options, const ProcessContext& process, const Logger& logger) {
  Result<client::LoadedConnection> loaded = client::load_connection(options.connection, process.environment);
  if (!loaded) {
    return std::unexpected(std::move(loaded).error());
  }
  for (const Error& unknown : loaded->unknown_keys) {
    logger.warn("a key of the profile file is ignored", {{"error", std::string_view(unknown.message)}});
  }
  for (const std::string& warning : loaded->warnings) {
    logger.warn(warning);
  }
  auto connection = std::make_unique<Connection>(process.clock);
  connection->config = std::move(loaded->config);
  connection->warnings = std::move(loaded->warnings);
  Result<std::unique_ptr<rpc::WorkflowService>> service = rpc::make_workflow_service(connection->config, connection->loop, logger);
  if (!service) {
    return std::unexpected(std::move(service).error());
  }
  connection->service = *std::move(service);
  return connection;
}

Result<std::unique_ptr<Connection>> connect_command(const GlobalOptions& options, const ProcessContext& process, Output& output) {
  const Logger log = command_log(options);
  rpc::prepare_process(log);
  Result<std::unique_ptr<Connection>> connection = make_connection(options, process, log);
  if (connection) {
    for (const std::string& warning : (*connection)->warnings) {
      output.warning(warning);
    }
  }
  return connection;
}

client::Client make_client(Connection& connection) {
  return {*connection.service, connection.loop, {.name_space = connection.config.name_space, .address = connection.config.address}};
}

}  // namespace lifecycle::cli
