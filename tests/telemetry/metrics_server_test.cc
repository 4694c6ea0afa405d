#include "telemetry/metrics_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace lifecycle {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A connection as a scraper has it; blocking.
class Client {
 public:
  explicit Client(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& text) const { ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  // All that comes until the server closes.
  [[nodiscard]] std::string read() const {
    std::string all;
    std::array<char, 65536> bytes{};
    for (;;) {
      const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
      if (count <= 0) {
        return all;
      }
      all.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  int socket_;
};

std::unique_ptr<MetricsServer> server_with(std::string text) {
  auto server = MetricsServer::start("127.0.0.1:0", system_clock(), [text = std::move(text)] { return text; });
  EXPECT_TRUE(server.has_value());
  return *std::move(server);
}

std::string ask(const MetricsServer& server, const std::string& request) {
  const Client client(server.address());
  client.send(request);
  return client.read();
}

TEST(MetricsServerTest, AnswersAScrape) {
  const auto server = server_with("up 1\n");
  EXPECT_THAT(server->address(), StartsWith("127.0.0.1:"));
  EXPECT_THAT(ask(*server, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                    HasSubstr("Content-Length: 5\r\n"), EndsWith("\r\n\r\nup 1\n")));
}

TEST(MetricsServerTest, ARequestMayComeInPieces) {
  const auto server = server_with("up 1\n");
  const Client client(server->address());
  client.send("GET /met");
  client.send("rics HTTP/1.1\r\n");
  client.send("\r\n");
  EXPECT_THAT(client.read(), EndsWith("up 1\n"));
}

TEST(MetricsServerTest, ALargeAnswerArrivesWhole) {
  const std::string text(20'000'000, 'x');
  const auto server = server_with(text);
  EXPECT_THAT(ask(*server, "GET /metrics HTTP/1.1\r\n\r\n").size(), testing::Gt(text.size()));
}

TEST(MetricsServerTest, OtherRequestsAreRefusedInTheirOwnWay) {
  const auto text = [] { return std::string("up 1\n"); };
  const auto head = answer_metrics_request("HEAD /metrics HTTP/1.1", text);
  EXPECT_THAT(head, AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Length: 5\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(answer_metrics_request("GET /metrics?name=x HTTP/1.0", text), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer_metrics_request("GET / HTTP/1.1", text), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answer_metrics_request("GET /metrics/ HTTP/1.1", text), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answer_metrics_request("POST /metrics HTTP/1.1", text),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(answer_metrics_request("PRI * HTTP/2.0", text), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer_metrics_request("hello", text), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer_metrics_request("", text), StartsWith("HTTP/1.1 400 "));
}

TEST(MetricsServerTest, ARequestWithoutEndIsRefused) {
  const auto server = server_with("up 1\n");
  EXPECT_THAT(ask(*server, "GET /metrics HTTP/1.1\r\nX: " + std::string(kMetricsRequestBytesMax, 'x')), StartsWith("HTTP/1.1 431 "));
}

TEST(MetricsServerTest, ConnectionsThatSayNothingAreClosedAndHoldUpNobodyForLong) {
  const auto server = server_with("up 1\n");
  std::vector<std::unique_ptr<Client>> silent;
  for (std::size_t i = 0; i < kMetricsConnectionsMax; ++i) {
    silent.push_back(std::make_unique<Client>(server->address()));
  }
  const SteadyTime before = system_clock().steady_now();
  EXPECT_THAT(ask(*server, "GET /metrics HTTP/1.1\r\n\r\n"), EndsWith("up 1\n"));
  EXPECT_LT(system_clock().steady_now() - before, 2 * kMetricsConnectionTimeout);
  EXPECT_THAT(silent.front()->read(), IsEmpty());
}

TEST(MetricsServerTest, EndsWhileConnectionsAreOpen) {
  auto server = server_with("up 1\n");
  const Client client(server->address());
  server.reset();
  EXPECT_THAT(client.read(), IsEmpty());
}

TEST(MetricsServerTest, AnAddressThatCannotBeIsRefused) {
  const auto error_of = [](const std::string& address) {
    const auto server = MetricsServer::start(address, system_clock(), [] { return std::string(); });
    EXPECT_FALSE(server.has_value()) << address;
    return server.has_value() ? Error{} : server.error();
  };
  for (const char* address : {"", "localhost", "localhost:", "localhost:x", "localhost:65536", "::1:9464", "127.0.0.1:-1"}) {
    EXPECT_EQ(error_of(address).code, ErrorCode::kInvalidArgument) << address;
    EXPECT_THAT(error_of(address).hint, HasSubstr("HOST:PORT"));
  }
  const auto taken = server_with("");
  EXPECT_EQ(error_of(taken->address()).code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(error_of(taken->address()).message, HasSubstr(taken->address()));
}

}  // namespace
}  // namespace lifecycle
