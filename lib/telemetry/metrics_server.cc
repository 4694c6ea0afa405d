#include "telemetry/metrics_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <utility>
#include <vector>

#include "base/check.h"

namespace lifecycle {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string answer(std::string_view status, std::string_view body, bool with_body, std::string_view more_headers = "") {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n{}",
      status, body.size(), more_headers, with_body ? body : "");
}

struct HostAndPort {
  std::string host;  // empty: all interfaces
  std::string port;
};

Result<HostAndPort> split_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const auto wrong = [&address](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("metrics address '{}': {}", address, why),
                "give HOST:PORT, for example 127.0.0.1:9464, :9464 for all interfaces, or port 0 for a free one");
  };
  if (colon == std::string::npos) {
    return wrong("has no port");
  }
  HostAndPort out{.host = address.substr(0, colon), .port = address.substr(colon + 1)};
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.contains(':')) {
    return wrong("an IPv6 address stands in brackets");
  }
  const bool all_digits = std::ranges::all_of(out.port, [](char c) { return c >= '0' && c <= '9'; });
  if (out.port.empty() || out.port.size() > 5 || !all_digits || std::stoi(out.port) > 65535) {
    return wrong("the port is not a number from 0 to 65535");
  }
  return out;
}

std::string name_of_socket(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  check(::getsockname(socket, name, &size) == 0, "a socket has a name");
  check(::getnameinfo(name, size, host.data(), host.size(), port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV) == 0,
        "a socket's name can be written");
  const bool is_v6 = storage.ss_family == AF_INET6;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", host.data(), is_v6 ? "]" : "", port.data());
}

// A listening socket, or what the system said against it.
Result<int> listen_at(const std::string& address) {
  const Result<HostAndPort> parts = split_address(address);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(parts->host.empty() ? nullptr : parts->host.c_str(), parts->port.c_str(), &hints, &found); code != 0) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("metrics address '{}': {}", address, ::gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int error = 0;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int socket = ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, each->ai_protocol);
    const int on = 1;
    if (socket >= 0 && ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        ::bind(socket, each->ai_addr, each->ai_addrlen) == 0 && ::listen(socket, kMetricsConnectionsMax) == 0) {
      return socket;
    }
    error = errno;
    if (socket >= 0) {
      ::close(socket);
    }
  }
  return fail(ErrorCode::kFailedPrecondition, fmt::format("metrics address '{}': {}", address, std::strerror(error)),
              "choose another port, or 0 for a free one");
}

// One connection: reads a request's head, then writes the answer.
class Connection {
 public:
  Connection(int socket, SteadyTime deadline) : socket_(socket), deadline_(deadline) {}
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] int socket() const { return socket_; }
  [[nodiscard]] SteadyTime deadline() const { return deadline_; }
  [[nodiscard]] short wanted() const { return answer_.empty() ? POLLIN : POLLOUT; }

  // Reads or writes what is possible now. False when the connection is over.
  [[nodiscard]] bool go_on(const std::function<std::string()>& text) {
    if (answer_.empty() && !read(text)) {
      return false;
    }
    return answer_.empty() || write();
  }

 private:
  bool read(const std::function<std::string()>& text) {
    std::array<char, 2048> bytes{};
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (count <= 0) {
      return count < 0 && (errno == EAGAIN || errno == EINTR);
    }
    request_.append(bytes.data(), static_cast<std::size_t>(count));
    if (const std::size_t end = request_.find(kHeadEnd); end != std::string::npos && end <= kMetricsRequestBytesMax) {
      answer_ = answer_metrics_request(std::string_view(request_).substr(0, end), text);
    } else if (request_.size() > kMetricsRequestBytesMax) {
      answer_ = answer("431 Request Header Fields Too Large", "the request is too large\n", true);
    }
    return true;
  }

  bool write() {
    const ssize_t count = ::send(socket_, answer_.data() + written_, answer_.size() - written_, MSG_NOSIGNAL);
    if (count < 0) {
      return errno == EAGAIN || errno == EINTR;
    }
    written_ += static_cast<std::size_t>(count);
    if (written_ < answer_.size()) {
      return true;
    }
    // What the client may still have sent would turn our close into a reset, which would take the answer with it.
    ::shutdown(socket_, SHUT_WR);
    std::array<char, 2048> rest{};
    while (::recv(socket_, rest.data(), rest.size(), 0) > 0) {
    }
    return false;
  }

  int socket_;
  SteadyTime deadline_;
  std::string request_;
  std::string answer_;
  std::size_t written_ = 0;
};

void serve(int listener, int stop, const Clock& clock, const std::function<std::string()>& text) {
  std::list<Connection> connections;
  for (;;) {
    std::vector<pollfd> watched{{.fd = stop, .events = POLLIN, .revents = 0}};
    // While all places are taken, who comes waits in the kernel's queue, which is bounded, too.
    const short accepting = connections.size() < kMetricsConnectionsMax ? POLLIN : 0;
    watched.push_back({.fd = listener, .events = accepting, .revents = 0});
    for (const Connection& connection : connections) {
      watched.push_back({.fd = connection.socket(), .events = connection.wanted(), .revents = 0});
    }
    const int patience_ms = connections.empty() ? -1 : 200;
    if (::poll(watched.data(), watched.size(), patience_ms) < 0 && errno != EINTR) {
      return;
    }
    if (watched[0].revents != 0) {
      return;
    }
    const SteadyTime now = clock.steady_now();
    auto watch = watched.begin() + 2;
    for (auto at = connections.begin(); at != connections.end(); ++watch) {
      const bool over = now >= at->deadline() || (watch->revents != 0 && !at->go_on(text));
      at = over ? connections.erase(at) : std::next(at);
    }
    if ((watched[1].revents & POLLIN) != 0) {
      if (const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); socket >= 0) {
        connections.emplace_back(socket, now + kMetricsConnectionTimeout);
      }
    }
  }
}

}  // namespace

std::string answer_metrics_request(std::string_view head, const std::function<std::string()>& text) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1.")) {
    return answer("400 Bad Request", "this is not HTTP/1\n", true);
  }
  const std::string_view method = line.substr(0, first);
  std::string_view path = line.substr(first + 1, second - first - 1);
  path = path.substr(0, path.find('?'));
  const bool with_body = method != "HEAD";
  if (path != "/metrics") {
    return answer("404 Not Found", "metrics are at /metrics\n", with_body);
  }
  if (method != "GET" && method != "HEAD") {
    return answer("405 Method Not Allowed", "metrics can only be read\n", true, "Allow: GET, HEAD\r\n");
  }
  return answer("200 OK", text(), with_body);
}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& address, const Clock& clock,
                                                            std::function<std::string()> text) {
  const Result<int> listener = listen_at(address);
  if (!listener) {
    return std::unexpected(listener.error());
  }
  const int stop = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  check(stop >= 0, "the system gives an eventfd");
  std::unique_ptr<MetricsServer> server(new MetricsServer(*listener, stop, name_of_socket(*listener)));
  server->thread_ = std::thread([listener = *listener, stop, &clock, text = std::move(text)] { serve(listener, stop, clock, text); });
  ::pthread_setname_np(server->thread_.native_handle(), "metrics");
  return server;
}

MetricsServer::~MetricsServer() {
  check(::eventfd_write(stop_, 1) == 0, "the metrics thread can be told to stop");
  thread_.join();
  ::close(listener_);
  ::close(stop_);
}

}  // namespace lifecycle
