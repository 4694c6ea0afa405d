#include "rpc/grpc_workflow_service.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>

#include <string>
#include <utility>

#include "rpc/grpc_channel.h"
#include "rpc/grpc_event_loop_impl.h"

namespace lifecycle::rpc {
namespace {

// protobuf stops at 100 messages within each other, and each cause of a failure is one within the other.
constexpr int kNestedMessagesMax = 1000;

// gRPC answers UNIMPLEMENTED or INTERNAL by itself when it cannot decode a message, so answers travel through it as bytes and are decoded
// here.
bool decode(grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message) {
  grpc::ProtoBufferReader reader(&bytes);
  google::protobuf::io::CodedInputStream input(&reader);
  input.SetRecursionLimit(kNestedMessagesMax);
  return message.ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

Result<grpc::ByteBuffer> encode(const google::protobuf::MessageLite& message) {
  grpc::ByteBuffer bytes;
  bool owns_bytes = false;
  if (!grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::MessageLite>(message, &bytes, &owns_bytes).ok()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("a {} cannot be encoded", message.GetTypeName()));
  }
  return bytes;
}

Status to_status(const grpc::Status& status) {
  return {.code = static_cast<StatusCode>(status.error_code()), .message = status.error_message(), .details = status.error_details()};
}

class GrpcCall final : public Call, public CallOnWire {
 public:
  GrpcCall(std::string path, ResponsePtr response, Done done)
      : path_(std::move(path)), response_(std::move(response)), done_(std::move(done)) {}

  void begin(grpc::GenericStub& stub, grpc::CompletionQueue& queue, const Headers& headers, const grpc::ByteBuffer& request,
             Duration timeout, void* tag) {
    context_.set_deadline(time_span(timeout));
    for (const auto& [name, value] : headers) {
      context_.AddMetadata(name, value);
    }
    reader_ = stub.PrepareUnaryCall(&context_, path_, request, &queue);
    reader_->StartCall();
    reader_->Finish(&answer_, &status_, tag);
  }

  void cancel() override { context_.TryCancel(); }
  void try_cancel() override { context_.TryCancel(); }

  void complete() override {
    Status status = to_status(status_);
    if (status.ok() && !(answer_.Valid() && decode(answer_, *response_))) {
      status = {.code = StatusCode::kInternal, .message = fmt::format("answer of {} cannot be decoded", path_)};
    }
    answer_.Clear();
    Done done = std::move(done_);
    done(std::move(status));
  }

 private:
  std::string path_;
  ResponsePtr response_;
  Done done_;
  grpc::ClientContext context_;
  grpc::ByteBuffer answer_;
  grpc::Status status_;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader_;
};

// A call that was over before it reached the wire.
class EndedCall final : public Call {
 public:
  void cancel() override {}
};

class GrpcWorkflowService final : public WorkflowService {
 public:
  GrpcWorkflowService(const std::shared_ptr<grpc::Channel>& channel, Headers headers, GrpcEventLoop& loop)
      : stub_(channel), headers_(std::move(headers)), loop_(loop) {}

  [[nodiscard]] CallHandle start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) override {
    GrpcEventLoop::Impl& loop = loop_.impl();
    if (loop.closing) {
      return std::make_shared<EndedCall>();
    }
    const Result<grpc::ByteBuffer> bytes = encode(*request);
    if (!bytes) {
      loop.post([done = std::move(done), message = bytes.error().message]() mutable {
        done({.code = StatusCode::kInvalidArgument, .message = std::move(message)});
      });
      return std::make_shared<EndedCall>();
    }
    auto call = std::make_shared<GrpcCall>(std::string(method.path), std::move(response), std::move(done));
    void* tag = loop.keep(call);
    call->begin(stub_, loop.queue, headers_, *bytes, options.timeout, tag);
    return call;
  }

 private:
  grpc::GenericStub stub_;
  Headers headers_;
  GrpcEventLoop& loop_;
};

}  // namespace

Result<std::unique_ptr<WorkflowService>> connect(const ConnectionOptions& options, GrpcEventLoop& loop, const Logger& logger) {
  Result<std::shared_ptr<grpc::Channel>> channel = make_channel(options);
  if (!channel) {
    return std::unexpected(std::move(channel.error()));
  }
  logger.debug("connecting to Temporal", {{"address", options.address}, {"tls", options.tls.enabled}});
  return std::make_unique<GrpcWorkflowService>(*channel, request_headers(options), loop);
}

}  // namespace lifecycle::rpc
