// HTTP/1.1 requests to one API server, over libcurl. Thread-safe: each call has a connection to itself while it lasts, and connections are
// used again. Private to lib/kubernetes.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "kubernetes/cluster_access.h"
#include "kubernetes/credentials.h"
#include "kubernetes/curl_library.h"
#include "kubernetes/deadline.h"

namespace lifecycle::kubernetes {

struct HttpRequest {
  std::string method = "GET";
  std::string target = {};        // path and query, encoded
  std::string content_type = {};  // of the body, if there is one
  std::string body = {};
};

struct HttpAnswer {
  int status = 0;
  std::string body = {};
  std::string retry_after = {};
};

// What a server sends bit by bit; false ends the request.
using BodySink = std::function<bool(std::string_view bytes)>;

class HttpConnection;

// A connection on which bytes are sent and received as they are.
class Tunnel {
 public:
  Tunnel(const CurlLibrary& curl, std::unique_ptr<HttpConnection> connection);
  Tunnel(Tunnel&&) noexcept;
  Tunnel& operator=(Tunnel&&) = delete;
  ~Tunnel();

  // Errors: kKubernetesUnreachable when the other end is gone; kDeadlineExceeded; kCancelled.
  [[nodiscard]] Result<void> send(std::string_view bytes, const Deadline& deadline);
  // At least one byte; none at the end of the stream.
  [[nodiscard]] Result<std::string> receive(const Deadline& deadline);

 private:
  [[nodiscard]] Result<void> wait(short events, const Deadline& deadline) const;

  const CurlLibrary& curl_;
  std::unique_ptr<HttpConnection> connection_;
};

class HttpClient {
 public:
  // `user_agent` says who asks.
  HttpClient(const CurlLibrary& curl, ClusterAccess access, std::string user_agent);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // Whatever the server answers is an answer, redirections included: they are not followed, because credentials would go along. A
  // successful answer's body goes to `sink`, if there is one. Errors: kKubernetesUnreachable; kPermissionDenied when one end does not trust
  // the other's certificate; kDeadlineExceeded; kCancelled; kResourceExhausted for a body over 256 MiB.
  [[nodiscard]] Result<HttpAnswer> send(const HttpRequest& request, const CredentialSnapshot& credentials, const Deadline& deadline,
                                        const BodySink& sink = nullptr);
  [[nodiscard]] Result<Tunnel> connect(const CredentialSnapshot& credentials, const Deadline& deadline);

  [[nodiscard]] const ClusterAccess& access() const { return access_; }
  // As the Host header has it.
  [[nodiscard]] std::string host() const;
  [[nodiscard]] const std::string& user_agent() const { return user_agent_; }

 private:
  [[nodiscard]] std::unique_ptr<HttpConnection> take();
  void give_back(std::unique_ptr<HttpConnection> connection);

  const CurlLibrary curl_;
  const ClusterAccess access_;
  const std::string user_agent_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HttpConnection>> idle_;
};

}  // namespace lifecycle::kubernetes
