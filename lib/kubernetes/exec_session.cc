#include "kubernetes/exec_session.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "kubernetes/json_access.h"

namespace lifecycle::kubernetes {
namespace {

constexpr std::size_t kOutputBytesMax = std::size_t{1} << 20U;
constexpr char kStandardOutput = 1;
constexpr char kStandardError = 2;
constexpr char kStatus = 3;
constexpr std::uint16_t kNormalClosure = 1000;

std::optional<std::int32_t> exit_code_of(const Json& status) {
  if (text_at(status, "status") == "Success") {
    return 0;
  }
  for (const Json& cause : items_at(child(status, "details"), "causes")) {
    const std::string text = text_at(cause, "message");
    std::int32_t code = 0;
    if (text_at(cause, "reason") == "ExitCode" && std::from_chars(text.data(), text.data() + text.size(), code).ec == std::errc()) {
      return code;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> exec_protocols() { return {"v5.channel.k8s.io", "v4.channel.k8s.io"}; }

Result<void> ExecSession::take_channel(std::string_view message) {
  if (message.empty()) {
    return {};  // channels are opened so
  }
  const char channel = message.front();
  message.remove_prefix(1);
  if (channel == kStatus) {
    Json status = parse_json(message);
    if (status.is_object()) {
      status_ = std::move(status);
    }
    return {};
  }
  if (channel == kStandardOutput || channel == kStandardError) {
    (channel == kStandardOutput ? outcome_.standard_output : outcome_.standard_error) += message;
  }
  if (outcome_.standard_output.size() + outcome_.standard_error.size() > kOutputBytesMax) {
    return fail(ErrorCode::kResourceExhausted, fmt::format("{}: the command writes more than 1 MiB", text_of(operation_)));
  }
  return {};
}

Result<std::string> ExecSession::take(std::string_view bytes) {
  reader_.add(bytes);
  std::string replies;
  while (!closed_) {
    const Result<std::optional<Message>> message = reader_.next();
    if (!message) {
      return std::unexpected(message.error());
    }
    if (!*message) {
      break;
    }
    const auto mask = static_cast<std::uint32_t>(masks_.next());
    if ((*message)->opcode == Opcode::kPing) {
      replies += encode_frame(Opcode::kPong, (*message)->payload, mask);
    } else if ((*message)->opcode == Opcode::kClose) {
      replies += encode_frame(Opcode::kClose, close_payload(kNormalClosure), mask);
      closed_ = true;
    } else if ((*message)->opcode != Opcode::kPong) {
      if (const Result<void> taken = take_channel((*message)->payload); !taken) {
        return std::unexpected(taken.error());
      }
    }
  }
  return replies;
}

Result<ExecOutcome> ExecSession::outcome() {
  if (status_) {
    outcome_.exit_code = exit_code_of(*status_);
    if (!outcome_.exit_code) {
      return std::unexpected(error_of_status(operation_, *status_));
    }
  }
  return std::move(outcome_);
}

}  // namespace lifecycle::kubernetes
