// Answers GET /metrics over HTTP/1.1, on a thread of its own, so that a scrape neither waits for the worker's loop nor holds it up.
//
// What it takes from strangers is bounded: connections, the size of a request, and the time for a request and its answer. Each connection
// is answered once and closed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/error.h"

namespace lifecycle {

inline constexpr std::size_t kMetricsConnectionsMax = 16;
inline constexpr std::size_t kMetricsRequestBytesMax = 8192;
// From the moment that a connection is taken to the end of its answer.
inline constexpr Duration kMetricsConnectionTimeout = std::chrono::seconds(5);

// The whole answer to a request whose head is `head` (request line and headers). `text` is asked for only when metrics are wanted.
[[nodiscard]] std::string answer_metrics_request(std::string_view head, const std::function<std::string()>& text);

class MetricsServer {
 public:
  // Listens at "HOST:PORT": "127.0.0.1:9464", "[::1]:9464", ":9464" for all interfaces; port 0 takes a free one. `text` makes the metrics,
  // on the server's thread; it and the clock outlive the server. Errors: kInvalidArgument for an address that cannot be one,
  // kFailedPrecondition for one that this process cannot have.
  [[nodiscard]] static Result<std::unique_ptr<MetricsServer>> start(const std::string& address, const Clock& clock,
                                                                    std::function<std::string()> text);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // Where it listens, with the port's number: "127.0.0.1:9464".
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  MetricsServer(int listener, int stop, std::string address) : listener_(listener), stop_(stop), address_(std::move(address)) {}

  int listener_;
  int stop_;  // an eventfd that ends the thread
  std::string address_;
  std::thread thread_;
};

}  // namespace lifecycle
