// What can be told about a connection's configuration. Private to lib/client.
#pragma once

#include <string>
#include <vector>

#include "client/connection_config.h"

namespace lifecycle::client {

// What was decided, beside the settings themselves.
struct ConnectionDecisions {
  std::string profile;
  std::string profile_origin;
  std::string config_file;  // that was read; empty: none
  std::string config_file_origin;
  std::string tls_origin;
  std::string http_proxy_origin;
};

[[nodiscard]] std::vector<ConnectionSetting> report_of(const ConnectionConfig& config, const ConnectionSettings& settings,
                                                       const ConnectionDecisions& decisions);

[[nodiscard]] std::vector<std::string> warnings_of(const ConnectionConfig& config, const ConnectionSettings& settings,
                                                   const ConnectionDecisions& decisions);

}  // namespace lifecycle::client
