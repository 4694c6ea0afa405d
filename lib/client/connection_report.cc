#include "client/connection_report.h"

#include <fmt/format.h>

#include <utility>

#include "client/http_proxy.h"

namespace lifecycle::client {
namespace {

constexpr const char* kDefault = "default";
constexpr const char* kHidden = "set (hidden)";

std::string origin_of(const ConnectionSettings& settings, const std::string& key) {
  const auto found = settings.origins.find(key);
  return found == settings.origins.end() || found->second.empty() ? kDefault : found->second;
}

// A text that may be missing; a text that was taken back by an empty one is missing, too.
ConnectionSetting text(std::string key, const std::string& value, std::string origin) {
  if (value.empty()) {
    return {.key = std::move(key), .value = {}, .origin = kDefault};
  }
  return {.key = std::move(key), .value = value, .origin = std::move(origin)};
}

ConnectionSetting pem(std::string key, const PemSource& source) {
  const std::string path = source.path.value_or("");
  return text(std::move(key), path.empty() && !source.data.value_or("").empty() ? kHidden : path, source.origin);
}

ConnectionSetting secret(std::string key, const std::string& value, std::string origin) {
  return text(std::move(key), value.empty() ? "" : kHidden, std::move(origin));
}

bool is_loopback(std::string_view address) {
  return address.starts_with("localhost:") || address.starts_with("127.") || address.starts_with("[::1]:") || address.starts_with("unix:");
}

}  // namespace

std::vector<ConnectionSetting> report_of(const ConnectionConfig& config, const ConnectionSettings& settings,
                                         const ConnectionDecisions& decisions) {
  const bool is_default_address = settings.address.value_or("").empty();
  const bool is_default_namespace = settings.name_space.value_or("").empty();
  std::vector<ConnectionSetting> report{
      text("config_file", decisions.config_file, decisions.config_file_origin),
      {.key = "profile", .value = decisions.profile, .origin = decisions.profile_origin},
      {.key = "address", .value = config.address, .origin = is_default_address ? kDefault : origin_of(settings, "address")},
      {.key = "namespace", .value = config.name_space, .origin = is_default_namespace ? kDefault : origin_of(settings, "namespace")},
      secret("api_key", config.api_key, origin_of(settings, "api_key")),
      text("authority", config.authority, origin_of(settings, "authority")),
      {.key = "tls", .value = config.tls.enabled, .origin = decisions.tls_origin},
      pem("tls.server_ca_cert", settings.server_ca_certificate),
      pem("tls.client_cert", settings.client_certificate),
      pem("tls.client_key", settings.client_key),
      text("tls.server_name", settings.server_name.value_or(""), origin_of(settings, "tls.server_name")),
      {.key = "tls.disable_host_verification",
       .value = settings.disable_host_verification.value_or(false),
       .origin = origin_of(settings, "tls.disable_host_verification")},
      text("http_proxy", without_credentials(config.http_proxy), decisions.http_proxy_origin),
  };
  if (const std::string endpoint = settings.codec_endpoint.value_or(""); !endpoint.empty()) {
    report.push_back(text("codec.endpoint", "not used", origin_of(settings, "codec.endpoint")));
  }
  for (const auto& [name, value] : config.metadata) {  // a header may carry a password as well as anything else
    report.push_back(secret("grpc_meta." + name, value, origin_of(settings, "grpc_meta." + name)));
  }
  return report;
}

std::vector<std::string> warnings_of(const ConnectionConfig& config, const ConnectionSettings& settings,
                                     const ConnectionDecisions& decisions) {
  std::vector<std::string> warnings;
  if (!settings.codec_endpoint.value_or("").empty()) {
    warnings.push_back(
        fmt::format("{}: the remote codec is not used: payloads are sent and shown as they are", origin_of(settings, "codec.endpoint")));
  }
  if (!config.api_key.empty() && !config.tls.enabled && !is_loopback(config.address)) {
    warnings.push_back(fmt::format("the API key ({}) goes to {} unencrypted, because TLS is off ({})", origin_of(settings, "api_key"),
                                   config.address, decisions.tls_origin));
  }
  return warnings;
}

}  // namespace lifecycle::client
