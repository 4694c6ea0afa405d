#include "rpc/grpc_channel.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>

namespace lifecycle::rpc {
namespace {

// Temporal's frontend allows one ping each 10 s and closes the connection of a client that pings faster; gRPC's timers round to
// milliseconds.
constexpr int kKeepaliveIntervalMs = 10'500;
constexpr int kKeepaliveTimeoutMs = 5'000;
constexpr int kMessageBytesMax = 128 * 1024 * 1024;  // the official SDKs' limit
// gRPC's own back-off grows to 120 s: a worker would sit out two minutes after a server's restart.
constexpr int kReconnectBackoffInitialMs = 100;
constexpr int kReconnectBackoffMaxMs = 3'000;
constexpr int kConnectTimeoutMs = 5'000;

constexpr std::string_view kClientName = "temporal-cpp-lifecycle";
constexpr std::string_view kSupportedServerVersions = ">=1.0.0 <2.0.0";

std::unexpected<Error> bad_address(std::string_view address, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("address '{}' {}", address, why),
              "write it as host:port, for example localhost:7233");
}

bool is_port(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char byte) { return std::isdigit(byte) != 0; });
}

Result<void> check_address(std::string_view address) {
  for (const std::string_view scheme : {"dns:", "ipv4:", "ipv6:", "unix:"}) {
    if (address.starts_with(scheme)) {
      return {};  // a target of gRPC's, which it checks by itself
    }
  }
  if (address.contains("://")) {
    return bad_address(address, "is a URL");
  }
  const std::size_t colon = address.rfind(':');
  // gRPC would take port 443 without a word, and nothing of Temporal's listens there.
  if (colon == std::string_view::npos || !is_port(address.substr(colon + 1))) {
    return bad_address(address, "has no port");
  }
  const std::string_view host = address.substr(0, colon);
  if (host.empty()) {
    return bad_address(address, "has no host");
  }
  if (host.contains(':') && !(host.starts_with('[') && host.ends_with(']'))) {
    return bad_address(address, "is an IPv6 address without brackets");
  }
  return {};
}

grpc::ChannelArguments channel_arguments(const ConnectionOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveIntervalMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Otherwise gRPC stops pinging after two pings on a connection on which nothing else is sent, which is a long poll's normal state.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectBackoffInitialMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectBackoffMaxMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);  // despite its name the time that one attempt gets
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);                            // RetryingWorkflowService does that
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);                           // measured: costs CPU, gains nothing for small messages
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  if (options.http_proxy.empty()) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // gRPC would read the environment by itself, and not as others do
  } else {
    arguments.SetString(GRPC_ARG_HTTP_PROXY, options.http_proxy);
  }
  if (!options.authority.empty()) {
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, options.authority);
  }
  if (options.tls.enabled && !options.tls.server_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls.server_name);
  }
  return arguments;
}

// Credentials that encrypt and, where the server asks, say who this client is, but take any certificate from the server.
std::shared_ptr<grpc::ChannelCredentials> unverified_credentials(const TlsOptions& tls) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
  if (!tls.client_certificate_pem.empty()) {
    options.set_certificate_provider(std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
        std::vector<grpc::experimental::IdentityKeyCertPair>{{tls.client_key_pem, tls.client_certificate_pem}}));
    options.watch_identity_key_cert_pairs();
  }
  return grpc::experimental::TlsCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsOptions& tls) {
  if (!tls.enabled) {
    return grpc::InsecureChannelCredentials();
  }
  if (tls.disable_host_verification) {
    return unverified_credentials(tls);
  }
  return grpc::SslCredentials({.pem_root_certs = tls.server_ca_certificate_pem,
                               .pem_private_key = tls.client_key_pem,
                               .pem_cert_chain = tls.client_certificate_pem});
}

}  // namespace

Result<std::shared_ptr<grpc::Channel>> make_channel(const ConnectionOptions& options) {
  if (const Result<void> valid = check_address(options.address); !valid) {
    return std::unexpected(valid.error());
  }
  const TlsOptions& tls = options.tls;
  if (tls.client_certificate_pem.empty() != tls.client_key_pem.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a TLS client certificate and its key belong together, and only one of them is given",
                "give both, or none");
  }
  return grpc::CreateCustomChannel(options.address, channel_credentials(tls), channel_arguments(options));
}

Headers request_headers(const ConnectionOptions& options) {
  // The server checks the version only of client names that it knows, so a name of our own is always accepted
  // (temporalio/temporal, common/headers/version_checker.go).
  std::map<std::string, std::string> headers{{"client-name", std::string(kClientName)},
                                             {"client-version", LIFECYCLE_VERSION},
                                             {"supported-server-versions", std::string(kSupportedServerVersions)},
                                             {"temporal-namespace", options.name_space}};
  if (!options.api_key.empty()) {
    headers["authorization"] = "Bearer " + options.api_key;
  }
  for (const auto& [name, value] : options.metadata) {
    headers[name] = value;
  }
  return {headers.begin(), headers.end()};
}

}  // namespace lifecycle::rpc
