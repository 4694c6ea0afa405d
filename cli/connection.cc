#include "cli/connection.h"

#include <utility>

#include "rpc/service_stack.h"

namespace lifecycle::cli {

Result<std::unique_ptr<Connection>> make_connection(const GlobalOptions& options, const ProcessContext& process, const Logger& logger) {
  Result<client::ConnectionConfig> config = client::load_connection_config(options.connection, process.environment);
  if (!config) {
    return std::unexpected(std::move(config).error());
  }
  auto connection = std::make_unique<Connection>(process.clock);
  connection->config = *std::move(config);
  Result<std::unique_ptr<rpc::WorkflowService>> service = rpc::make_workflow_service(connection->config, connection->loop, logger);
  if (!service) {
    return std::unexpected(std::move(service).error());
  }
  connection->service = *std::move(service);
  return connection;
}

client::Client make_client(Connection& connection) {
  return {*connection.service, connection.loop, {.name_space = connection.config.name_space, .address = connection.config.address}};
}

}  // namespace lifecycle::cli
