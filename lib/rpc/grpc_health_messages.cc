#include "rpc/grpc_health_messages.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <charconv>

namespace lifecycle::rpc {
namespace {

using google::protobuf::internal::WireFormatLite;

constexpr int kField = 1;  // `service` of the request and `status` of the response
constexpr std::uint32_t kServiceTag = WireFormatLite::MakeTag(kField, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr std::uint32_t kStatusTag = WireFormatLite::MakeTag(kField, WireFormatLite::WIRETYPE_VARINT);
constexpr std::uint32_t kServiceBytesMax = 1000;

// Fields that are not known are skipped, as protobuf's own messages do.
template <class Read>
bool read_fields(grpc::ByteBuffer& bytes, std::uint32_t wanted_tag, Read read) {
  grpc::ProtoBufferReader reader(&bytes);
  google::protobuf::io::CodedInputStream input(&reader);
  while (const std::uint32_t tag = input.ReadTag()) {
    if (!(tag == wanted_tag ? read(input) : WireFormatLite::SkipField(&input, tag))) {
      return false;
    }
  }
  return input.ConsumedEntireMessage();
}

grpc::ByteBuffer to_buffer(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

}  // namespace

grpc::ByteBuffer encode_health_request(std::string_view service) {
  std::string text;
  if (!service.empty()) {
    text += static_cast<char>(kServiceTag);
    text += static_cast<char>(service.size());
    text += service;
  }
  return to_buffer(text);
}

std::optional<std::string> decode_health_request(grpc::ByteBuffer& bytes) {
  std::string service;
  const bool valid = read_fields(bytes, kServiceTag, [&](google::protobuf::io::CodedInputStream& input) {
    std::uint32_t size = 0;
    return input.ReadVarint32(&size) && size <= kServiceBytesMax && input.ReadString(&service, static_cast<int>(size));
  });
  return valid ? std::optional(std::move(service)) : std::nullopt;
}

grpc::ByteBuffer encode_health_response(ServingStatus status) {
  return to_buffer({static_cast<char>(kStatusTag), static_cast<char>(status)});
}

std::optional<ServingStatus> decode_health_response(grpc::ByteBuffer& bytes) {
  std::uint32_t status = 0;
  const bool valid =
      read_fields(bytes, kStatusTag, [&](google::protobuf::io::CodedInputStream& input) { return input.ReadVarint32(&status); });
  return valid && status <= static_cast<std::uint32_t>(ServingStatus::kServiceUnknown) ? std::optional(static_cast<ServingStatus>(status))
                                                                                       : std::nullopt;
}

Result<void> check_health_address(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  unsigned port = 0;
  bool valid = colon != std::string_view::npos && !host.empty() && !host.contains('/') &&
               (!host.contains(':') || (host.starts_with('[') && host.ends_with(']')));
  if (valid) {
    const char* const end = address.data() + address.size();
    const auto [stopped, error] = std::from_chars(address.data() + colon + 1, end, port);
    valid = error == std::errc() && stopped == end && port <= UINT16_MAX;
  }
  if (!valid) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("health address '{}' is not HOST:PORT", address),
                "write it as 0.0.0.0:8086 for all interfaces, or 127.0.0.1:8086 for this machine alone");
  }
  return {};
}

}  // namespace lifecycle::rpc
