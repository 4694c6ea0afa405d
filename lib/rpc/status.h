// The outcome of a call, without gRPC's headers: only lib/rpc/grpc_* may include those.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace lifecycle::rpc {

// gRPC's codes, with its numbers.
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "NOT_FOUND" and so on, as the metrics and logs of the official SDKs spell them.
[[nodiscard]] std::string_view name_of(StatusCode code);

struct Status {
  StatusCode code = StatusCode::kOk;
  std::string message = {};
  std::string details = {};  // serialized google.rpc.Status, empty when the server sent none
  // Why no connection comes about, where a look at the handshake told more than gRPC does; see connection_diagnosis.h.
  std::optional<Error> diagnosis = {};

  [[nodiscard]] bool ok() const { return code == StatusCode::kOk; }
};

// Whether the same call may succeed when it is made again a little later. The codes are those that the official SDKs retry.
[[nodiscard]] bool is_transient(const Status& status);

// The status as an error of this library, which is its diagnosis where it has one; `what` names the attempt ("start workflow 'x'").
[[nodiscard]] Error to_error(const Status& status, std::string_view what);

}  // namespace lifecycle::rpc
