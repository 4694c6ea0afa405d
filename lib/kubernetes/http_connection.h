// One libcurl transfer at a time and the connection that it leaves behind. Private to lib/kubernetes.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "kubernetes/http_client.h"

namespace lifecycle::kubernetes {

class HttpConnection {
 public:
  explicit HttpConnection(const CurlLibrary& curl);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection();

  // Where to, trusting whom, and as whom. What came before is forgotten; the connection stays. All arguments outlive the transfer.
  void prepare(const ClusterAccess& access, const CredentialSnapshot& credentials, const std::string& user_agent);
  [[nodiscard]] Result<HttpAnswer> run(const ClusterAccess& access, const HttpRequest& request, const CredentialSnapshot& credentials,
                                       const BodySink& sink, const Deadline& deadline);
  // Connects, and sends nothing.
  [[nodiscard]] Result<void> connect_only(const ClusterAccess& access, const Deadline& deadline);

  [[nodiscard]] CURL* easy() const { return easy_; }
  [[nodiscard]] curl_socket_t socket() const;

 private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* connection);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* connection);
  [[nodiscard]] bool take_body(std::string_view bytes);
  void set_blob(CURLoption option, const std::string& text);
  void set_tls(const ClusterAccess& access, const CredentialSnapshot& credentials);
  void set_route(const ClusterAccess& access);
  void add_header(const std::string& line);
  [[nodiscard]] Result<void> perform(const ClusterAccess& access, const Deadline& deadline);
  [[nodiscard]] Error error_of(CURLcode code, const ClusterAccess& access) const;
  [[nodiscard]] long status() const;

  const CurlLibrary& curl_;
  CURLM* multi_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  curl_slist* route_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  HttpAnswer answer_ = {};
  const BodySink* sink_ = nullptr;
  bool sink_ended_ = false;
  bool body_too_large_ = false;
};

}  // namespace lifecycle::kubernetes
