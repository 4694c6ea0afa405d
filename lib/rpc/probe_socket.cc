#include "rpc/probe_socket.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace lifecycle::rpc {
namespace {

// How soon a request to stop is noticed.
constexpr int kPollMs = 50;

bool wait_for(int descriptor, short events, const Patience& patience) {
  while (!patience.is_over()) {
    pollfd entry{.fd = descriptor, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, kPollMs);
    if (ready > 0) {
      return true;  // also for an error, which the next read or write tells
    }
    if (ready < 0 && errno != EINTR) {
      return false;
    }
  }
  return false;
}

bool is_connected(int descriptor, const Patience& patience) {
  if (!wait_for(descriptor, POLLOUT, patience)) {
    return false;
  }
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace

std::optional<Endpoint> endpoint_of(std::string_view address) {
  for (const std::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (address.starts_with(scheme)) {
      address.remove_prefix(scheme.size());
      break;
    }
  }
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || address.contains('/')) {
    return std::nullopt;
  }
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || host == "unix") {
    return std::nullopt;
  }
  return Endpoint{.host = std::string(host), .port = std::string(address.substr(colon + 1))};
}

std::optional<ProbeSocket> ProbeSocket::connect(const Endpoint& endpoint, const Patience& patience) {
  const addrinfo hints{.ai_flags = AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  if (::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found) != 0) {
    return std::nullopt;
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    ProbeSocket socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.descriptor_ < 0) {
      continue;
    }
    const int result = ::connect(socket.descriptor_, address->ai_addr, address->ai_addrlen);
    if (result == 0 || (errno == EINPROGRESS && is_connected(socket.descriptor_, patience))) {
      return socket;
    }
  }
  return std::nullopt;
}

ProbeSocket::ProbeSocket(ProbeSocket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

ProbeSocket::~ProbeSocket() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

bool ProbeSocket::wait_readable(const Patience& patience) const { return wait_for(descriptor_, POLLIN, patience); }
bool ProbeSocket::wait_writable(const Patience& patience) const { return wait_for(descriptor_, POLLOUT, patience); }

bool ProbeSocket::send(std::string_view bytes, const Patience& patience) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN || !wait_writable(patience)) {
      return false;
    }
  }
  return true;
}

ProbeSocket::Received ProbeSocket::receive(std::size_t bytes_wanted, const Patience& patience) const {
  Received received;
  std::array<char, 1024> block{};
  while (received.bytes.size() < bytes_wanted && wait_readable(patience)) {
    const ssize_t count = ::recv(descriptor_, block.data(), block.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN)) {
      received.closed = true;
      break;
    }
    if (count > 0) {
      received.bytes.append(block.data(), static_cast<std::size_t>(count));
    }
  }
  return received;
}

}  // namespace lifecycle::rpc
