#include "kubernetes/http_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "kubernetes/http_connection.h"

namespace lifecycle::kubernetes {
namespace {

constexpr std::size_t kIdleConnectionsMax = 4;
constexpr Duration kPollInterval = std::chrono::seconds(10);

std::unexpected<Error> lost(const char* reason) {
  return fail(ErrorCode::kKubernetesUnreachable, fmt::format("the connection to Kubernetes' API server is lost: {}", reason));
}

}  // namespace

HttpClient::HttpClient(const CurlLibrary& curl, ClusterAccess access, std::string user_agent)
    : curl_(curl), access_(std::move(access)), user_agent_(std::move(user_agent)) {}

HttpClient::~HttpClient() = default;

std::string HttpClient::host() const { return host_and_port(access_.server.host, access_.server.port); }

std::unique_ptr<HttpConnection> HttpClient::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) {
    return std::make_unique<HttpConnection>(curl_);
  }
  std::unique_ptr<HttpConnection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void HttpClient::give_back(std::unique_ptr<HttpConnection> connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleConnectionsMax) {
    idle_.push_back(std::move(connection));
  }
}

Result<HttpAnswer> HttpClient::send(const HttpRequest& request, const CredentialSnapshot& credentials, const Deadline& deadline,
                                    const BodySink& sink) {
  std::unique_ptr<HttpConnection> connection = take();
  connection->prepare(access_, credentials, user_agent_);
  Result<HttpAnswer> answer = connection->run(access_, request, credentials, sink, deadline);
  if (answer) {
    give_back(std::move(connection));
  }
  return answer;
}

Result<Tunnel> HttpClient::connect(const CredentialSnapshot& credentials, const Deadline& deadline) {
  auto connection = std::make_unique<HttpConnection>(curl_);
  connection->prepare(access_, credentials, user_agent_);
  if (const Result<void> connected = connection->connect_only(access_, deadline); !connected) {
    return std::unexpected(connected.error());
  }
  return Tunnel(curl_, std::move(connection));
}

Tunnel::Tunnel(const CurlLibrary& curl, std::unique_ptr<HttpConnection> connection) : curl_(curl), connection_(std::move(connection)) {}
Tunnel::Tunnel(Tunnel&&) noexcept = default;
Tunnel::~Tunnel() = default;

Result<void> Tunnel::wait(short events, const Deadline& deadline) const {
  const int stopped = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  {
    const std::stop_callback tell(deadline.stop(), [stopped] { ::eventfd_write(stopped, 1); });
    std::array<pollfd, 2> waiting{pollfd{.fd = connection_->socket(), .events = events}, pollfd{.fd = stopped, .events = POLLIN}};
    ::poll(waiting.data(), waiting.size(), deadline.remaining_ms(kPollInterval));
  }
  ::close(stopped);
  if (std::optional<Error> over = deadline.over("Kubernetes' API server")) {
    return std::unexpected(*std::move(over));
  }
  return {};
}

Result<void> Tunnel::send(std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    std::size_t sent = 0;
    const CURLcode code = curl_.easy_send(connection_->easy(), bytes.data(), bytes.size(), &sent);
    bytes.remove_prefix(sent);
    if (code == CURLE_AGAIN) {
      if (const Result<void> waited = wait(POLLOUT, deadline); !waited) {
        return waited;
      }
    } else if (code != CURLE_OK) {
      return lost(curl_.easy_strerror(code));
    }
  }
  return {};
}

Result<std::string> Tunnel::receive(const Deadline& deadline) {
  std::string bytes(std::size_t{16} << 10U, '\0');
  while (true) {
    std::size_t received = 0;
    const CURLcode code = curl_.easy_recv(connection_->easy(), bytes.data(), bytes.size(), &received);
    if (code == CURLE_OK) {
      bytes.resize(received);
      return bytes;
    }
    if (code != CURLE_AGAIN) {
      return lost(curl_.easy_strerror(code));
    }
    if (const Result<void> waited = wait(POLLIN, deadline); !waited) {
      return std::unexpected(waited.error());
    }
  }
}

}  // namespace lifecycle::kubernetes
