// A TCP connection for one look at what is at its other end: blocking, but never for longer than it was given. Private to lib/rpc.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lifecycle::rpc {

struct Endpoint {
  std::string host;  // without brackets
  std::string port;
};

// Of "host:port", "[::1]:7233" and gRPC's "dns:", "ipv4:" and "ipv6:" targets; nothing for others.
[[nodiscard]] std::optional<Endpoint> endpoint_of(std::string_view address);

// When the look must be over.
struct Patience {
  const Clock& clock;
  SteadyTime deadline;
  std::stop_token stop;

  [[nodiscard]] bool is_over() const { return stop.stop_requested() || clock.steady_now() >= deadline; }
};

class ProbeSocket {
 public:
  // Nothing when it cannot be connected in time.
  [[nodiscard]] static std::optional<ProbeSocket> connect(const Endpoint& endpoint, const Patience& patience);
  ProbeSocket(ProbeSocket&& other) noexcept;
  ProbeSocket& operator=(ProbeSocket&&) = delete;
  ~ProbeSocket();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  // Waits until it can be read (or written); false when time is up.
  [[nodiscard]] bool wait_readable(const Patience& patience) const;
  [[nodiscard]] bool wait_writable(const Patience& patience) const;
  // False when the other end does not take it.
  [[nodiscard]] bool send(std::string_view bytes, const Patience& patience) const;

  struct Received {
    std::string bytes;    // at least as many as were asked for, unless the stream ended or time was up
    bool closed = false;  // by the other end
  };
  [[nodiscard]] Received receive(std::size_t bytes_wanted, const Patience& patience) const;

 private:
  explicit ProbeSocket(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace lifecycle::rpc
