// The two messages of grpc.health.v1, which are one field each, and the addresses of both its ends. Private to lib/rpc/grpc_*.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lifecycle::rpc {

inline constexpr std::string_view kHealthCheckPath = "/grpc.health.v1.Health/Check";
inline constexpr std::string_view kHealthWatchPath = "/grpc.health.v1.Health/Watch";
// "-bin": gRPC carries any bytes there, where other headers must be printable.
inline constexpr const char* kHealthReasonHeader = "lifecycle-reason-bin";

// HealthCheckResponse.ServingStatus, with its numbers.
enum class ServingStatus : std::uint8_t { kUnknown = 0, kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

[[nodiscard]] grpc::ByteBuffer encode_health_request(std::string_view service);
// The service that is asked for; nothing when the bytes are no request.
[[nodiscard]] std::optional<std::string> decode_health_request(grpc::ByteBuffer& bytes);
[[nodiscard]] grpc::ByteBuffer encode_health_response(ServingStatus status);
[[nodiscard]] std::optional<ServingStatus> decode_health_response(grpc::ByteBuffer& bytes);

// Errors: kInvalidArgument for what is not "HOST:PORT".
[[nodiscard]] Result<void> check_health_address(std::string_view address);

}  // namespace lifecycle::rpc
