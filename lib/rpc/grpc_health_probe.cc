#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include "base/duration.h"
#include "rpc/grpc_event_loop_impl.h"
#include "rpc/grpc_health_messages.h"
#include "rpc/health_probe.h"

namespace lifecycle::rpc {
namespace {

// Where something that listens on every interface is found from here.
std::string reachable(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const std::string host = address.substr(0, colon);
  if (host == "0.0.0.0") {
    return "127.0.0.1" + address.substr(colon);
  }
  return host == "[::]" ? "[::1]" + address.substr(colon) : address;
}

std::string reason_of(const grpc::ClientContext& context) {
  const auto& headers = context.GetServerTrailingMetadata();
  const auto found = headers.find(kHealthReasonHeader);
  return found == headers.end() ? "" : std::string(found->second.data(), found->second.size());
}

}  // namespace

Result<HealthAnswer> ask_health(const std::string& address, HealthService service, Duration timeout) {
  if (const Result<void> valid = check_health_address(address); !valid) {
    return std::unexpected(valid.error());
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // a probe asks this machine or this pod
  grpc::GenericStub stub(grpc::CreateCustomChannel(reachable(address), grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  context.set_deadline(time_span(timeout));
  grpc::CompletionQueue queue;
  grpc::ByteBuffer answer;
  grpc::Status status;
  const auto reader = stub.PrepareUnaryCall(&context, std::string(kHealthCheckPath), encode_health_request(name_of(service)), &queue);
  reader->StartCall();
  reader->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return fail(ErrorCode::kUnavailable, fmt::format("health service at {} has not answered within {}", address, format_duration(timeout)),
                "is the worker's process stuck or stopped?");
  }
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    return fail(ErrorCode::kUnavailable, fmt::format("no health service at {}: {}", address, status.error_message()),
                "does a worker run with this --health-address?");
  }
  const std::optional<ServingStatus> serving = status.ok() && answer.Valid() ? decode_health_response(answer) : std::nullopt;
  if (!serving) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("what answers at {} is no worker's health service: {}", address,
                            status.ok() ? "its answer cannot be read" : status.error_message()),
                "is it the address of a worker's --health-address?");
  }
  return HealthAnswer{.serving = *serving == ServingStatus::kServing, .reason = reason_of(context)};
}

}  // namespace lifecycle::rpc
