#include "rpc/connection_diagnosis.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <string>
#include <utility>

#include "rpc/probe_socket.h"
#include "rpc/tls_probe.h"

namespace lifecycle::rpc {
namespace {

constexpr std::string_view kClientCertificateHint = "give the one that the server accepts with --tls-cert-path and --tls-key-path";

Error distrust(std::string message, std::string_view hint) {
  return {.code = ErrorCode::kPermissionDenied, .message = std::move(message), .hint = std::string(hint)};
}

Error misunderstanding(std::string message, std::string_view hint) {
  return {.code = ErrorCode::kUnavailable, .message = std::move(message), .hint = std::string(hint)};
}

std::string authorities_of(const TlsOptions& tls) {
  if (!tls.server_ca_certificate_path.empty()) {
    return fmt::format("in '{}'", tls.server_ca_certificate_path);
  }
  return tls.server_ca_certificate_pem.empty() ? "that this machine trusts" : "that was given";
}

Error untrusted_server(const ConnectionOptions& options, const std::string& host, const TlsTrial& trial) {
  const std::string& address = options.address;
  switch (trial.verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return distrust(fmt::format("the certificate of {} has expired: the server's is valid until {}", address, trial.server.not_after),
                      "renew the server's certificate, or its authority's if that is the older one");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return distrust(
          fmt::format("the certificate of {} is not valid yet: the server's is valid from {}", address, trial.server.not_before),
          "check the clocks of both machines");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return distrust(fmt::format("the certificate of {} is not for '{}': it is for {}", address, host, trial.server.names),
                      "connect by that name, or say with --tls-server-name which name to expect");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return distrust(fmt::format("the certificate of {} is from no authority {}: it was issued by '{}'", address,
                                  authorities_of(options.tls), trial.server.issuer),
                      "give the server's certificate authority with --tls-ca-path");
    default:
      return distrust(fmt::format("the certificate of {} is not trusted: {}", address, X509_verify_cert_error_string(trial.verify_result)),
                      "");
  }
}

Error refused_client(const ConnectionOptions& options, std::string_view why) {
  const CertificateFacts facts = facts_of_certificate(options.tls.client_certificate_pem);
  return distrust(fmt::format("{} refuses the client certificate for {}: {} (issued by '{}', valid until {})", options.address, facts.names,
                              why, facts.issuer, facts.not_after),
                  kClientCertificateHint);
}

Error no_common_version(const std::string& address) {
  return misunderstanding(fmt::format("{} does not speak TLS 1.2 or later", address),
                          "older versions are not safe; the server needs an update");
}

// The server ended the handshake, and said why in its way.
Error refused_by_server(const ConnectionOptions& options, const std::string& host, const TlsTrial& trial) {
  const std::string& address = options.address;
  const bool shows_certificate = !options.tls.client_certificate_pem.empty();
  if (trial.client_certificate_wanted && !shows_certificate) {
    return distrust(fmt::format("{} asks for a client certificate, and none is given", address), kClientCertificateHint);
  }
  if (trial.alert == 0) {
    return refused_client(options, "it asked for it, and then ended the connection without a word");
  }
  switch (trial.alert) {
    case SSL_AD_UNKNOWN_CA:
      return refused_client(options, "it does not know the authority that issued it");
    case SSL_AD_CERTIFICATE_EXPIRED:
      return refused_client(options, "it has expired");
    case SSL_AD_CERTIFICATE_REVOKED:
      return refused_client(options, "it was revoked");
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_ACCESS_DENIED:
      return refused_client(options, SSL_alert_desc_string_long(trial.alert));
    case SSL_AD_PROTOCOL_VERSION:
      return no_common_version(address);
    case SSL_AD_UNRECOGNIZED_NAME:
      return distrust(fmt::format("{} knows no server '{}'", address, host), "say with --tls-server-name which one is meant");
    default:
      return misunderstanding(fmt::format("{} ended the TLS handshake: {}", address, SSL_alert_desc_string_long(trial.alert)), "");
  }
}

enum class PlainAnswer : std::uint8_t { kHttp2, kHttp1, kTls, kOther };

// What a server answers to an HTTP/2 client that does without TLS.
PlainAnswer ask_in_plain(const ProbeSocket& socket, const Patience& patience) {
  constexpr std::size_t kFrameHeaderBytes = 9;
  constexpr char kSettingsFrame = 4;
  if (!socket.send(kHttp2Hello, patience)) {
    return PlainAnswer::kOther;
  }
  const std::string bytes = socket.receive(kFrameHeaderBytes, patience).bytes;
  if (bytes.starts_with("HTTP/1")) {
    return PlainAnswer::kHttp1;
  }
  if (bytes.starts_with('\x15') || bytes.starts_with('\x16')) {
    return PlainAnswer::kTls;
  }
  return bytes.size() >= kFrameHeaderBytes && bytes[3] == kSettingsFrame ? PlainAnswer::kHttp2 : PlainAnswer::kOther;
}

class Diagnosis {
 public:
  Diagnosis(const ConnectionOptions& options, Endpoint endpoint, Patience patience)
      : options_(options),
        endpoint_(std::move(endpoint)),
        host_(options.tls.server_name.empty() ? endpoint_.host : options.tls.server_name),
        patience_(std::move(patience)) {}

  std::optional<Error> make() {
    std::optional<Error> fault = options_.tls.enabled ? with_tls() : without_tls();
    // Time that ran out proves nothing about the server.
    return proxy_fault_ ? std::move(proxy_fault_) : patience_.is_over() ? std::nullopt : std::move(fault);
  }

 private:
  // Straight, or through the proxy as gRPC goes.
  std::optional<ProbeSocket> connected() {
    if (options_.http_proxy.empty()) {
      return ProbeSocket::connect(endpoint_, patience_);
    }
    const std::string proxy = options_.http_proxy.substr(options_.http_proxy.find("://") + 3);
    const std::size_t at = proxy.rfind('@');
    const std::string proxy_address = at == std::string::npos ? proxy : proxy.substr(at + 1);
    const std::optional<Endpoint> endpoint = endpoint_of(proxy_address);
    std::optional<ProbeSocket> socket = endpoint ? ProbeSocket::connect(*endpoint, patience_) : std::nullopt;
    if (!socket) {
      proxy_fault_ = misunderstanding(fmt::format("the HTTP proxy {} does not answer", proxy_address),
                                      "check https_proxy, or name the server in no_proxy");
      return std::nullopt;
    }
    if (at != std::string::npos) {
      return std::nullopt;  // the password is gRPC's to send
    }
    const std::string target = options_.address.substr(options_.address.starts_with("dns:///") ? 7 : 0);
    const bool is_sent = socket->send(fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", target), patience_);
    const std::string answer = is_sent ? socket->receive(std::string_view("HTTP/1.1 200").size(), patience_).bytes : "";
    if (!answer.contains(" 200")) {
      proxy_fault_ = misunderstanding(fmt::format("the HTTP proxy {} does not connect to {}: {}", proxy_address, target,
                                                  answer.empty() ? "no answer" : answer.substr(0, answer.find_first_of("\r\n"))),
                                      "check what the proxy allows, or name the server in no_proxy");
      return std::nullopt;
    }
    return socket;
  }

  std::optional<Error> with_tls() {
    const std::optional<ProbeSocket> socket = connected();
    if (!socket) {
      return std::nullopt;
    }
    const TlsTrial trial = try_tls(*socket, options_.tls, host_, patience_);
    if (!trial.saw_tls) {
      return trial.reason == SSL_R_UNSUPPORTED_PROTOCOL ? std::optional(no_common_version(options_.address)) : no_tls_seen();
    }
    if (trial.verify_result != X509_V_OK && !options_.tls.disable_host_verification) {
      return untrusted_server(options_, host_, trial);
    }
    if (trial.alert != 0 || (trial.client_certificate_wanted && trial.closed)) {
      return refused_by_server(options_, host_, trial);
    }
    if (trial.established && !trial.http2_agreed) {
      return misunderstanding(fmt::format("{} speaks TLS but offers no HTTP/2 (ALPN 'h2'), which gRPC needs", options_.address),
                              "check the proxy or load balancer in front of the server");
    }
    return std::nullopt;
  }

  std::optional<Error> no_tls_seen() {
    const std::optional<ProbeSocket> socket = connected();
    const PlainAnswer answer = socket ? ask_in_plain(*socket, patience_) : PlainAnswer::kOther;
    if (answer != PlainAnswer::kHttp2 && answer != PlainAnswer::kHttp1) {
      return std::nullopt;
    }
    return misunderstanding(
        fmt::format("{} speaks no TLS, and TLS is on here", options_.address),
        "turn it off with --no-tls or TEMPORAL_TLS=false if the way there is safe, or connect to the server's TLS port");
  }

  std::optional<Error> without_tls() {
    const std::optional<ProbeSocket> plain = connected();
    const PlainAnswer answer = plain ? ask_in_plain(*plain, patience_) : PlainAnswer::kHttp2;
    if (answer == PlainAnswer::kHttp2) {
      return std::nullopt;
    }
    const std::optional<ProbeSocket> socket = answer == PlainAnswer::kTls ? std::nullopt : connected();
    if (answer == PlainAnswer::kTls || (socket && try_tls(*socket, options_.tls, host_, patience_).saw_tls)) {
      return misunderstanding(fmt::format("{} speaks TLS, and TLS is off here", options_.address),
                              "turn it on with --tls or TEMPORAL_TLS=true");
    }
    if (answer == PlainAnswer::kHttp1) {
      return misunderstanding(fmt::format("{} is a web server: it answers in HTTP/1", options_.address),
                              "Temporal's frontend speaks gRPC, by default on port 7233");
    }
    return std::nullopt;
  }

  const ConnectionOptions& options_;
  Endpoint endpoint_;
  std::string host_;
  Patience patience_;
  std::optional<Error> proxy_fault_;
};

}  // namespace

std::optional<Error> diagnose_connection(const ConnectionOptions& options, Duration time_limit, const Clock& clock,
                                         const std::stop_token& stop) {
  std::optional<Endpoint> endpoint = endpoint_of(options.address);
  if (!endpoint) {
    return std::nullopt;
  }
  return Diagnosis(options, *std::move(endpoint), {.clock = clock, .deadline = clock.steady_now() + time_limit, .stop = stop}).make();
}

}  // namespace lifecycle::rpc
