// One TLS handshake by OpenSSL alone, and what was seen in it. Private to lib/rpc.
#pragma once

#include <string>

#include "rpc/connection_options.h"
#include "rpc/probe_socket.h"

namespace lifecycle::rpc {

// The certificate that a side showed, as words.
struct CertificateFacts {
  std::string names;   // "'a.example', '127.0.0.1'": what it is for
  std::string issuer;  // "CN=Some CA"
  std::string not_before;
  std::string not_after;  // "2026-11-27 13:00:00 UTC"
};

struct TlsTrial {
  bool saw_tls = false;                    // the server spoke TLS at all
  bool established = false;                // the handshake ended well
  bool answered = false;                   // and the server went on to speak HTTP/2 over it
  bool closed = false;                     // the server ended the connection without a word
  bool http2_agreed = false;               // by ALPN
  bool client_certificate_wanted = false;  // by the server
  int verify_result = 0;                   // X509_V_OK, or why the server's certificate is not trusted
  int alert = 0;                           // the TLS alert with which the server ended it
  int reason = 0;                          // OpenSSL's reason, where it ended it itself
  CertificateFacts server;
};

// Over a connection that stands. The server's certificate is checked, but not acted upon; `host` is what it must be for.
[[nodiscard]] TlsTrial try_tls(const ProbeSocket& socket, const TlsOptions& tls, const std::string& host, const Patience& patience);

// Of the first certificate in the text.
[[nodiscard]] CertificateFacts facts_of_certificate(std::string_view pem);

// What an HTTP/2 client begins with: the preface and empty settings.
inline constexpr std::string_view kHttp2Hello{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33};

}  // namespace lifecycle::rpc
