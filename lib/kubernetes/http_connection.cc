#include "kubernetes/http_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "base/check.h"
#include "base/text.h"

namespace lifecycle::kubernetes {
namespace {

constexpr std::size_t kBodyBytesMax = std::size_t{256} << 20U;
constexpr long kConnectTimeoutMs = 10'000;
// A watch says nothing for minutes: these find out that the other end has gone without a word, in 15 + 3 * 5 seconds.
constexpr long kKeepAliveIdleSeconds = 15;
constexpr long kKeepAliveIntervalSeconds = 5;
constexpr Duration kPollInterval = std::chrono::seconds(10);

bool is_loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

bool equal_ignoring_case(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  });
}

bool is_trust_failure(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_SSL_CERTPROBLEM;
}

}  // namespace

HttpConnection::HttpConnection(const CurlLibrary& curl) : curl_(curl), multi_(curl.multi_init()), easy_(curl.easy_init()) {
  check(multi_ != nullptr && easy_ != nullptr, "libcurl has memory for a handle");
}

HttpConnection::~HttpConnection() {
  curl_.multi_remove_handle(multi_, easy_);
  curl_.easy_cleanup(easy_);
  curl_.multi_cleanup(multi_);
  curl_.slist_free_all(headers_);
  curl_.slist_free_all(route_);
}

void HttpConnection::set_blob(CURLoption option, const std::string& text) {
  if (!text.empty()) {
    // Copied: libcurl compares it with the connection's when it looks for one to use again.
    curl_blob blob{.data = const_cast<char*>(text.data()), .len = text.size(), .flags = CURL_BLOB_COPY};
    curl_.easy_setopt(easy_, option, &blob);
  }
}

void HttpConnection::set_tls(const ClusterAccess& access, const CredentialSnapshot& credentials) {
  curl_.easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (access.cluster.insecure_skip_tls_verify) {
    curl_.easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_.easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!credentials.certificate_authority_pem.empty()) {
    // The system's folder of authorities would be trusted beside it.
    curl_.easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
    set_blob(CURLOPT_CAINFO_BLOB, credentials.certificate_authority_pem);
  }
  set_blob(CURLOPT_SSLCERT_BLOB, credentials.client_certificate_pem);
  set_blob(CURLOPT_SSLKEY_BLOB, credentials.client_key_pem.reveal());
}

void HttpConnection::set_route(const ClusterAccess& access) {
  const Url& server = access.server;
  const std::string& name = access.cluster.tls_server_name;
  // The name is what the certificate must have and what the handshake asks for: libcurl takes both from the URL, and is led to the server.
  const std::string host = name.empty() ? server.host : name;
  if (!name.empty()) {
    const std::string route = fmt::format("::{}:{}", host_and_port(server.host, ""), server.port);
    route_ = curl_.slist_append(nullptr, route.c_str());
    curl_.easy_setopt(easy_, CURLOPT_CONNECT_TO, route_);
    add_header("Host: " + host_and_port(server.host, server.port));
  }
  const std::string url = fmt::format("{}://{}", server.scheme, host_and_port(host, server.port));
  curl_.easy_setopt(easy_, CURLOPT_URL, url.c_str());
  if (!access.cluster.proxy_url.empty()) {
    curl_.easy_setopt(easy_, CURLOPT_PROXY, access.cluster.proxy_url.c_str());
    curl_.easy_setopt(easy_, CURLOPT_NOPROXY, "");  // it was asked for by name: no_proxy is about the proxy of the environment
  } else if (is_loopback(server.host)) {
    curl_.easy_setopt(easy_, CURLOPT_PROXY, "");
  }
}

void HttpConnection::add_header(const std::string& line) { headers_ = curl_.slist_append(headers_, line.c_str()); }

void HttpConnection::prepare(const ClusterAccess& access, const CredentialSnapshot& credentials, const std::string& user_agent) {
  curl_.easy_reset(easy_);
  curl_.slist_free_all(headers_);
  curl_.slist_free_all(route_);
  headers_ = nullptr;
  route_ = nullptr;
  answer_ = {};
  sink_ = nullptr;
  sink_ended_ = false;
  body_too_large_ = false;
  reason_[0] = '\0';
  curl_.easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_.easy_setopt(easy_, CURLOPT_ERRORBUFFER, reason_.data());
  curl_.easy_setopt(easy_, CURLOPT_USERAGENT, user_agent.c_str());
  curl_.easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_.easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_.easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_.easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_.easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_.easy_setopt(easy_, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  curl_.easy_setopt(easy_, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  curl_.easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set_tls(access, credentials);
  set_route(access);
}

bool HttpConnection::take_body(std::string_view bytes) {
  const bool goes_to_sink = sink_ != nullptr && *sink_ && status() >= 200 && status() < 300;
  if (goes_to_sink) {
    sink_ended_ = !(*sink_)(bytes);
    return !sink_ended_;
  }
  body_too_large_ = answer_.body.size() + bytes.size() > kBodyBytesMax;
  if (!body_too_large_) {
    answer_.body += bytes;
  }
  return !body_too_large_;
}

std::size_t HttpConnection::on_body(char* data, std::size_t size, std::size_t count, void* connection) {
  auto& self = *static_cast<HttpConnection*>(connection);
  return self.take_body({data, size * count}) ? size * count : 0;
}

std::size_t HttpConnection::on_header(char* data, std::size_t size, std::size_t count, void* connection) {
  auto& self = *static_cast<HttpConnection*>(connection);
  std::string_view line(data, size * count);
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), "retry-after")) {
    line.remove_prefix(colon + 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    self.answer_.retry_after = line.substr(0, line.find_last_not_of(" \r\n") + 1);
  }
  return size * count;
}

long HttpConnection::status() const {
  long status = 0;
  curl_.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

Error HttpConnection::error_of(CURLcode code, const ClusterAccess& access) const {
  const std::string server = host_and_port(access.server.host, access.server.port);
  std::string reason = shortened(valid_utf8(reason_.data()), 300);
  if (reason.empty()) {
    reason = curl_.easy_strerror(code);
  }
  if (is_trust_failure(code)) {
    const bool ours = code == CURLE_SSL_CERTPROBLEM;
    return {.code = ErrorCode::kPermissionDenied,
            .message = fmt::format("Kubernetes' API server {} ({}): {}: {}", server, access.origin,
                                   ours ? "the client certificate cannot be used" : "its certificate is not trusted", reason),
            .hint = ours ? "client-certificate and client-key must be PEM and belong together"
                         : "certificate-authority must have signed the server's certificate, and the certificate must have the server's "
                           "name; tls-server-name gives it another"};
  }
  return {.code = ErrorCode::kKubernetesUnreachable,
          .message = fmt::format("Kubernetes' API server {} ({}) cannot be reached: {}", server, access.origin, reason),
          .hint = "is the cluster running, and is this the right context? (--kube-context)"};
}

Result<void> HttpConnection::perform(const ClusterAccess& access, const Deadline& deadline) {
  curl_.easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  check(curl_.multi_add_handle(multi_, easy_) == CURLM_OK, "a transfer starts on a handle that has none");
  const std::stop_callback tell(deadline.stop(), [this] { curl_.multi_wakeup(multi_); });
  int running = 1;
  while (true) {
    curl_.multi_perform(multi_, &running);
    if (running == 0) {
      break;
    }
    if (std::optional<Error> over =
            deadline.over(fmt::format("Kubernetes' API server {}", host_and_port(access.server.host, access.server.port)))) {
      return std::unexpected(*std::move(over));
    }
    curl_.multi_poll(multi_, nullptr, 0, deadline.remaining_ms(kPollInterval), nullptr);
  }
  int left = 0;
  const CURLMsg* const message = curl_.multi_info_read(multi_, &left);
  check(message != nullptr && message->msg == CURLMSG_DONE, "a transfer that no longer runs has ended");
  const CURLcode code = message->data.result;
  if (body_too_large_) {
    return fail(ErrorCode::kResourceExhausted, "Kubernetes' API server sends more than 256 MiB");
  }
  if (code != CURLE_OK && !sink_ended_) {
    return std::unexpected(error_of(code, access));
  }
  return {};
}

Result<HttpAnswer> HttpConnection::run(const ClusterAccess& access, const HttpRequest& request, const CredentialSnapshot& credentials,
                                       const BodySink& sink, const Deadline& deadline) {
  sink_ = &sink;
  for (const Secret& header : credentials.headers) {
    add_header(header.reveal());
  }
  add_header("Accept: application/json");
  if (!request.content_type.empty()) {
    add_header("Content-Type: " + request.content_type);
    curl_.easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_.easy_setopt(easy_, CURLOPT_POSTFIELDS, request.body.c_str());
    add_header("Expect:");  // no asking first
  }
  curl_.easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  // As it is: libcurl would change dots in a path that came from outside.
  curl_.easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  const std::string target = access.server.path + request.target;
  curl_.easy_setopt(easy_, CURLOPT_REQUEST_TARGET, target.c_str());
  curl_.easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &HttpConnection::on_body);
  curl_.easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_.easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &HttpConnection::on_header);
  curl_.easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  const Result<void> done = perform(access, deadline);
  curl_.multi_remove_handle(multi_, easy_);
  if (!done) {
    return std::unexpected(done.error());
  }
  answer_.status = static_cast<int>(status());
  return std::move(answer_);
}

Result<void> HttpConnection::connect_only(const ClusterAccess& access, const Deadline& deadline) {
  curl_.easy_setopt(easy_, CURLOPT_CONNECT_ONLY, 1L);
  curl_.easy_setopt(easy_, CURLOPT_HTTPPROXYTUNNEL, 1L);
  // It stays with the multi handle, whose connection it goes on using.
  return perform(access, deadline);
}

curl_socket_t HttpConnection::socket() const {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_.easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &socket);
  return socket;
}

}  // namespace lifecycle::kubernetes
