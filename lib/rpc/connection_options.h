// What it takes to reach a Temporal server. lib/client/connection_config.h reads it from flags, environment and profile file.
#pragma once

#include <map>
#include <string>

namespace lifecycle::rpc {

// All texts are PEM; an empty one is not given. A text that was read from a file comes with the file's path, and is read again from there
// while the connection is used: certificates are renewed under running workers.
struct TlsOptions {
  bool enabled = false;
  std::string server_ca_certificate_pem = {};  // empty: the operating system's certificate authorities
  std::string server_ca_certificate_path = {};
  std::string client_certificate_pem = {};  // with client_key_pem or not at all
  std::string client_certificate_path = {};
  std::string client_key_pem = {};
  std::string client_key_path = {};
  std::string server_name = {};  // expected in the certificate, and sent as SNI, instead of the address' host
  // The server's certificate is not checked at all, as in the official SDKs: for test servers only.
  bool disable_host_verification = false;
};

struct ConnectionOptions {
  // "host:port", "[::1]:7233", or a target of gRPC's ("dns:///host:port", "unix:path"): no "http://".
  std::string address = "localhost:7233";
  std::string name_space = "default";  // sent as a header, too, because proxies route by it
  TlsOptions tls = {};
  std::string api_key = {};                          // sent as bearer token
  std::string api_key_path = {};                     // the file that it was read from, and is read from again; empty: none
  std::map<std::string, std::string> metadata = {};  // further headers; names in lower case; they win over the library's own
  std::string authority = {};                        // the :authority header; empty: derived from the address
  std::string http_proxy = {};                       // "http://[user:password@]host:port", through which to CONNECT; empty: none
};

}  // namespace lifecycle::rpc
