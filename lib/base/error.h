// Expected errors: values that say what went wrong, where, and what to do about it. Broken invariants are check.h's.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace lifecycle {

// What kind of failure it is, as far as a caller can act on it. The command line maps these to its exit codes.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,        // the caller's input is wrong: a flag, a duration, a payload
  kInvalidConfig,          // a configuration file is wrong
  kNotFound,               // workflow, namespace, version
  kAlreadyExists,          // a workflow with this id is running
  kUnavailable,            // no server answered
  kKubernetesUnreachable,  // no Kubernetes API server answered
  kDeadlineExceeded,       // a time-out elapsed
  kPermissionDenied,       // the server refuses this caller, or does not know it
  kFailedPrecondition,     // the server is not in a state to do this
  kResourceExhausted,      // a limit was hit: rate, size, count
  kCancelled,              // the caller stopped it
  kDataLoss,               // something received is not what was sent: cut, gapped or unreadable
  kInternal,               // none of the above; a bug here or there
};

// Shape: `message` names the thing and the place ("duration '5x': unknown unit"); `hint` says what to try, and may be empty.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string hint = {};
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}) {
  return std::unexpected<Error>(Error{.code = code, .message = std::move(message), .hint = std::move(hint)});
}

}  // namespace lifecycle
