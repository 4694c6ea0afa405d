// What goes wrong in workflows and activities: the exceptions that user code throws and catches, and Temporal's failure messages for them.
//
//   ApplicationFailure      thrown by user code; what any other exception becomes
//   ActivityFailure         an activity of this workflow failed; cause() says how
//   ChildWorkflowFailure    likewise a child workflow
//   CancelledFailure        asked to stop
//   TerminatedFailure, TimeoutFailure, ServerFailure
//   UnknownFailure          what this library has no type for (Nexus, resets, newer kinds)
//
// Conversion loses nothing: a failure that came from another SDK leaves as it came, whatever its kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/api.h"
#include "base/clock.h"

namespace lifecycle::converter {

// The failures in one chain of causes. protobuf refuses to read more than 100 messages inside each other by default, in every language that
// a peer may be written in, and the failure itself sits a few levels deep; a chain that nobody can read hides even its first message.
inline constexpr int kFailureChainMax = 64;
// Messages and stack traces are copied into every event, log line and Web UI page that shows the failure.
inline constexpr std::size_t kFailureMessageBytesMax = 16UL * 1024;
inline constexpr std::size_t kFailureStackTraceBytesMax = 64UL * 1024;
// The `source` of failures that began here.
inline constexpr std::string_view kFailureSource = "CppSDK";

class TemporalFailure;

// What every failure has, whatever its kind.
struct FailureCommon {
  std::string message;
  std::shared_ptr<const TemporalFailure> cause = nullptr;
  std::string stack_trace = {};
  std::string source = std::string(kFailureSource);               // the SDK that it began in
  std::optional<api::Payload> encoded_attributes = std::nullopt;  // message and stack trace, where this process cannot read them
};

class TemporalFailure : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return common_.message.c_str(); }
  [[nodiscard]] const std::string& message() const { return common_.message; }
  // Null at the end of the chain.
  [[nodiscard]] const std::shared_ptr<const TemporalFailure>& cause() const { return common_.cause; }
  [[nodiscard]] const std::string& stack_trace() const { return common_.stack_trace; }
  [[nodiscard]] const std::string& source() const { return common_.source; }
  [[nodiscard]] const FailureCommon& common() const { return common_; }

  // Throws a copy as the most derived type.
  [[noreturn]] virtual void raise() const = 0;
  // Sets the one field of `out` that tells the kinds apart.
  virtual void set_info(api::Failure& out) const = 0;

 protected:
  explicit TemporalFailure(FailureCommon common) : common_(std::move(common)) {}

 private:
  FailureCommon common_;
};

struct ApplicationFailureOptions {
  std::string type = {};                     // what retry policies name; Go and Python: the error's class
  bool non_retryable = false;                // whatever the retry policy says
  api::Payloads details = {};                // see to_payloads() in payload.h
  std::optional<Duration> next_retry_delay;  // instead of the retry policy's; use 1 ms for "at once", as servers read zero as "never"
  api::enums::ApplicationErrorCategory category = api::enums::APPLICATION_ERROR_CATEGORY_UNSPECIFIED;
  std::shared_ptr<const TemporalFailure> cause = nullptr;
};

class ApplicationFailure final : public TemporalFailure {
 public:
  using Info = temporal::api::failure::v1::ApplicationFailureInfo;

  explicit ApplicationFailure(std::string message, ApplicationFailureOptions options = {});
  ApplicationFailure(FailureCommon common, Info info) : TemporalFailure(std::move(common)), info_(std::move(info)) {}

  [[nodiscard]] const std::string& type() const { return info_.type(); }
  [[nodiscard]] bool non_retryable() const { return info_.non_retryable(); }
  [[nodiscard]] const api::Payloads& details() const { return info_.details(); }
  [[nodiscard]] std::optional<Duration> next_retry_delay() const;
  // BENIGN failures are expected: they are not logged as errors, nor counted as such.
  [[nodiscard]] api::enums::ApplicationErrorCategory category() const { return info_.category(); }

  [[noreturn]] void raise() const override { throw ApplicationFailure(*this); }
  void set_info(api::Failure& out) const override { *out.mutable_application_failure_info() = info_; }

 private:
  Info info_;
};

class CancelledFailure final : public TemporalFailure {
 public:
  using Info = temporal::api::failure::v1::CanceledFailureInfo;

  explicit CancelledFailure(std::string message, api::Payloads details = {});
  CancelledFailure(FailureCommon common, Info info) : TemporalFailure(std::move(common)), info_(std::move(info)) {}

  [[nodiscard]] const api::Payloads& details() const { return info_.details(); }

  [[noreturn]] void raise() const override { throw CancelledFailure(*this); }
  void set_info(api::Failure& out) const override { *out.mutable_canceled_failure_info() = info_; }

 private:
  Info info_;
};

class TerminatedFailure final : public TemporalFailure {
 public:
  using Info = temporal::api::failure::v1::TerminatedFailureInfo;

  TerminatedFailure(FailureCommon common, Info info) : TemporalFailure(std::move(common)), info_(std::move(info)) {}

  [[noreturn]] void raise() const override { throw TerminatedFailure(*this); }
  void set_info(api::Failure& out) const override { *out.mutable_terminated_failure_info() = info_; }

 private:
  Info info_;
};

class TimeoutFailure final : public TemporalFailure {
 public:
  using Info = temporal::api::failure::v1::TimeoutFailureInfo;

  TimeoutFailure(FailureCommon common, Info info) : TemporalFailure(std::move(common)), info_(std::move(info)) {}

  [[nodiscard]] api::enums::TimeoutType timeout_type() const { return info_.timeout_type(); }
  // What the activity reported last, for the one that takes over.
  [[nodiscard]] const api::Payloads& last_heartbeat_details() const { return info_.last_heartbeat_details(); }

  [[noreturn]] void raise() const override { throw TimeoutFailure(*this); }
  void set_info(api::Failure& out) const override { *out.mutable_timeout_failure_info() = info_; }

 private:
  Info info_;
};

class ServerFailure final : public TemporalFailure {
 public:
  using Info = temporal::api::failure::v1::ServerFailureInfo;

  ServerFailure(FailureCommon common, Info info) : TemporalFailure(std::move(common)), info_(std::move(info)) {}

  [[nodiscard]] bool non_retryable() const { return info_.non_retryable(); }

  [[noreturn]] void raise() const override { throw ServerFailure(*this); }
  void set_info(api::Failure& out) const override { *out.mutable_server_failure_info() = info_; }

 private:
  Info info_;
};

class ActivityFailure final : public TemporalFailure {
 public:
  using Info = temporal::api::failure::v1::ActivityFailureInfo;

  ActivityFailure(FailureCommon common, Info info) : TemporalFailure(std::move(common)), info_(std::move(info)) {}

  [[nodiscard]] const std::string& activity_type() const { return info_.activity_type().name(); }
  [[nodiscard]] const std::string& activity_id() const { return info_.activity_id(); }
  // Of the worker that ran the last attempt.
  [[nodiscard]] const std::string& identity() const { return info_.identity(); }
  [[nodiscard]] std::int64_t scheduled_event_id() const { return info_.scheduled_event_id(); }
  [[nodiscard]] std::int64_t started_event_id() const { return info_.started_event_id(); }
  // Why there is no further attempt.
  [[nodiscard]] api::enums::RetryState retry_state() const { return info_.retry_state(); }

  [[noreturn]] void raise() const override { throw ActivityFailure(*this); }
  void set_info(api::Failure& out) const override { *out.mutable_activity_failure_info() = info_; }

 private:
  Info info_;
};

class ChildWorkflowFailure final : public TemporalFailure {
 public:
  using Info = temporal::api::failure::v1::ChildWorkflowExecutionFailureInfo;

  ChildWorkflowFailure(FailureCommon common, Info info) : TemporalFailure(std::move(common)), info_(std::move(info)) {}

  [[nodiscard]] const std::string& workflow_type() const { return info_.workflow_type().name(); }
  [[nodiscard]] const api::WorkflowExecution& workflow_execution() const { return info_.workflow_execution(); }
  [[nodiscard]] std::int64_t initiated_event_id() const { return info_.initiated_event_id(); }
  [[nodiscard]] std::int64_t started_event_id() const { return info_.started_event_id(); }
  [[nodiscard]] api::enums::RetryState retry_state() const { return info_.retry_state(); }

  [[noreturn]] void raise() const override { throw ChildWorkflowFailure(*this); }
  void set_info(api::Failure& out) const override { *out.mutable_child_workflow_execution_failure_info() = info_; }

 private:
  Info info_;
};

class UnknownFailure final : public TemporalFailure {
 public:
  // `failure` as it was received; its cause is not looked at.
  UnknownFailure(FailureCommon common, const api::Failure& failure);

  // Without cause.
  [[nodiscard]] const api::Failure& failure() const { return failure_; }

  [[noreturn]] void raise() const override { throw UnknownFailure(*this); }
  void set_info(api::Failure& out) const override { out.MergeFrom(failure_); }

 private:
  api::Failure failure_;
};

// The message for an exception. A TemporalFailure keeps everything, with its causes. Any other is a retryable application failure with the
// C++ type's name as `type`; what std::throw_with_nested wrapped is its cause. Text is made valid UTF-8 and kept within the limits above;
// a chain over kFailureChainMax ends in a failure that says how the rest was left out.
[[nodiscard]] api::Failure to_failure(const std::exception& exception);
// Likewise for whatever was thrown, int or string. `exception` is not null.
[[nodiscard]] api::Failure to_failure(const std::exception_ptr& exception);

// The exception for a message: never null. A payload {"message", "stack_trace"} in encoded_attributes is put where it belongs.
[[nodiscard]] std::shared_ptr<const TemporalFailure> from_failure(const api::Failure& failure);
// Throws it as the most derived type.
[[noreturn]] void throw_failure(const api::Failure& failure);

}  // namespace lifecycle::converter
