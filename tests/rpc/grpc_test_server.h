// A gRPC server inside the test's process, to which a test gives the answers as bytes.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace lifecycle::rpc {

struct ServedRequest {
  std::string path;
  std::multimap<std::string, std::string> headers;
  std::string message;
};

struct ServedAnswer {
  grpc::Status status = grpc::Status::OK;
  std::string message = {};
};

class GrpcTestServer {
 public:
  // Called on gRPC's threads. No answer: the call is left open until it is cancelled.
  using Handler = std::function<std::optional<ServedAnswer>(const ServedRequest&)>;

  // Listens on `port` of the loopback interface; 0 takes a free one.
  explicit GrpcTestServer(Handler handler, int port = 0,
                          const std::shared_ptr<grpc::ServerCredentials>& credentials = grpc::InsecureServerCredentials());
  // Cancels what is open.
  ~GrpcTestServer();
  GrpcTestServer(const GrpcTestServer&) = delete;
  GrpcTestServer& operator=(const GrpcTestServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string address() const { return "localhost:" + std::to_string(port_); }

 private:
  class Service;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace lifecycle::rpc
