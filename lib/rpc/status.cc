#include "rpc/status.h"

#include <fmt/format.h>

#include <array>

#include "base/check.h"
#include "base/text.h"

namespace lifecycle::rpc {
namespace {

struct CodeFacts {
  std::string_view name;
  ErrorCode error;
  std::string_view meaning;  // what the error says beside the server's own words
  std::string_view hint;
};

// In the order of gRPC's numbers.
constexpr std::array<CodeFacts, 17> kCodes{{
    {"OK", ErrorCode::kInternal, "", ""},
    {"CANCELLED", ErrorCode::kCancelled, "cancelled", ""},
    {"UNKNOWN", ErrorCode::kInternal, "the server failed", "see the Temporal server's log"},
    {"INVALID_ARGUMENT", ErrorCode::kInvalidArgument, "the server does not accept the request", ""},
    {"DEADLINE_EXCEEDED", ErrorCode::kDeadlineExceeded, "no answer in time", "the server may be overloaded; try again, or allow more time"},
    {"NOT_FOUND", ErrorCode::kNotFound, "not found", "check the id and the namespace"},
    {"ALREADY_EXISTS", ErrorCode::kAlreadyExists, "exists already", ""},
    {"PERMISSION_DENIED", ErrorCode::kPermissionDenied, "permission denied", "check the API key or client certificate, and the namespace"},
    {"RESOURCE_EXHAUSTED", ErrorCode::kResourceExhausted, "a limit was hit",
     "the namespace's rate limit or the message's size; try again later"},
    {"FAILED_PRECONDITION", ErrorCode::kFailedPrecondition, "not possible in this state", ""},
    {"ABORTED", ErrorCode::kFailedPrecondition, "aborted by the server", "try again"},
    {"OUT_OF_RANGE", ErrorCode::kInvalidArgument, "out of range", ""},
    {"UNIMPLEMENTED", ErrorCode::kFailedPrecondition, "the server does not know this call",
     "the server may be too old, or the address that of something else"},
    {"INTERNAL", ErrorCode::kInternal, "internal error", "see the Temporal server's log"},
    {"UNAVAILABLE", ErrorCode::kUnavailable, "no server answered",
     "check that the Temporal server runs, its address, and TLS on both sides"},
    {"DATA_LOSS", ErrorCode::kDataLoss, "data was lost", "see the Temporal server's log"},
    {"UNAUTHENTICATED", ErrorCode::kPermissionDenied, "not authenticated", "check the API key or client certificate"},
}};

const CodeFacts& facts_of(StatusCode code) {
  const auto number = static_cast<std::size_t>(code);
  check(number < kCodes.size(), "a status code is one of gRPC's");
  return kCodes[number];
}

}  // namespace

std::string_view name_of(StatusCode code) { return facts_of(code).name; }

bool is_transient(const Status& status) {
  switch (status.code) {
    case StatusCode::kResourceExhausted:
      // The same message is as large the next time. gRPC says "Received message larger than max" here, "grpc: received message larger
      // than max" in Go.
      return !status.message.contains("message larger than max");
    case StatusCode::kUnknown:
    case StatusCode::kAborted:
    case StatusCode::kOutOfRange:
    case StatusCode::kInternal:
    case StatusCode::kUnavailable:
    case StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

Error to_error(const Status& status, std::string_view what) {
  check(!status.ok(), "success is not an error");
  if (status.diagnosis) {
    return {
        .code = status.diagnosis->code, .message = fmt::format("{}: {}", what, status.diagnosis->message), .hint = status.diagnosis->hint};
  }
  const CodeFacts& facts = facts_of(status.code);
  std::string message = fmt::format("{}: {} ({})", what, facts.meaning, facts.name);
  if (!status.message.empty()) {
    message += ": " + valid_utf8(status.message);
  }
  return {.code = facts.error, .message = std::move(message), .hint = std::string(facts.hint)};
}

}  // namespace lifecycle::rpc
