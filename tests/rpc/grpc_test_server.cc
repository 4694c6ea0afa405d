#include "tests/rpc/grpc_test_server.h"

#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"

namespace lifecycle::rpc {
namespace {

std::string text_of(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  check(bytes.Dump(&slices).ok(), "the server got a message");
  std::string text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

// One call: reads the message, asks the handler, writes the answer. Deletes itself when gRPC is done with it.
class ServedCall final : public grpc::ServerGenericBidiReactor {
 public:
  ServedCall(const GrpcTestServer::Handler& handler, const grpc::GenericCallbackServerContext& context) : handler_(handler) {
    request_.path = context.method();
    for (const auto& [name, value] : context.client_metadata()) {
      request_.headers.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
    StartRead(&read_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      finish(grpc::Status::CANCELLED);
      return;
    }
    request_.message = text_of(read_);
    const std::optional<ServedAnswer> answer = handler_(request_);
    if (!answer) {
      return;  // OnCancel() ends it
    }
    if (!answer->status.ok()) {
      finish(answer->status);
      return;
    }
    const grpc::Slice slice(answer->message);
    written_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&written_);
  }
  void OnWriteDone(bool ok) override { finish(ok ? grpc::Status::OK : grpc::Status::CANCELLED); }
  void OnCancel() override { finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  void finish(const grpc::Status& status) {
    std::call_once(finished_, [this, &status] { Finish(status); });
  }

  const GrpcTestServer::Handler& handler_;
  ServedRequest request_;
  grpc::ByteBuffer read_;
  grpc::ByteBuffer written_;
  std::once_flag finished_;
};

}  // namespace

class GrpcTestServer::Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(GrpcTestServer::Handler handler) : handler_(std::move(handler)) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return new ServedCall(handler_, *context);
  }

 private:
  GrpcTestServer::Handler handler_;
};

GrpcTestServer::GrpcTestServer(Handler handler, int port, const std::shared_ptr<grpc::ServerCredentials>& credentials)
    : service_(std::make_unique<Service>(std::move(handler))) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), credentials, &port_);
  builder.SetMaxReceiveMessageSize(-1);  // what is tested is the client's limit
  builder.RegisterCallbackGenericService(service_.get());
  server_ = builder.BuildAndStart();
  check(server_ != nullptr && port_ != 0, "the test server listens");
}

GrpcTestServer::~GrpcTestServer() {
  server_->Shutdown(gpr_time_0(GPR_CLOCK_MONOTONIC));
  server_->Wait();
}

}  // namespace lifecycle::rpc
