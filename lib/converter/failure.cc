#include "converter/failure.h"

#include <cxxabi.h>

#include <ranges>
#include <tuple>
#include <typeinfo>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "converter/json.h"
#include "converter/payload.h"
#include "converter/type_name.h"

namespace lifecycle::converter {
namespace {

std::string bounded(std::string_view text, std::size_t bytes_max) { return shortened(valid_utf8(text), bytes_max); }

// What "encode common attributes" of the other SDKs puts into encoded_attributes.
struct EncodedAttributes {
  std::string message;
  std::string stack_trace;
  static constexpr auto json_fields() {
    return std::tuple(field("message", &EncodedAttributes::message), field("stack_trace", &EncodedAttributes::stack_trace));
  }
};

// `chain_length` counts the failures around `out`.
void fill(api::Failure& out, const std::exception& exception, int chain_length);

void fill_temporal(api::Failure& out, const TemporalFailure& failure, int chain_length) {
  failure.set_info(out);
  const FailureCommon& common = failure.common();
  out.set_message(bounded(common.message, kFailureMessageBytesMax));
  out.set_stack_trace(bounded(common.stack_trace, kFailureStackTraceBytesMax));
  out.set_source(valid_utf8(common.source));
  if (common.encoded_attributes) {
    *out.mutable_encoded_attributes() = *common.encoded_attributes;
  }
  if (common.cause != nullptr) {
    fill(*out.mutable_cause(), *common.cause, chain_length + 1);
  }
}

void fill_application(api::Failure& out, std::string_view type, std::string_view message) {
  out.set_message(bounded(message, kFailureMessageBytesMax));
  out.set_source(std::string(kFailureSource));
  out.mutable_application_failure_info()->set_type(bounded(type, kFailureMessageBytesMax));
}

void fill(api::Failure& out, const std::exception_ptr& exception, int chain_length) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& caught) {
    fill(out, caught, chain_length);
  } catch (...) {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    const std::string name = type != nullptr ? type_name(*type) : "unknown";
    fill_application(out, name, "something was thrown that is not a std::exception: " + name);
  }
}

// std::throw_with_nested throws a class of the library's own, derived from the one that the user named.
std::string exception_type(const std::exception& exception) {
  std::string name = type_name(typeid(exception));
  constexpr std::string_view kWrapper = "std::_Nested_exception<";
  if (name.starts_with(kWrapper) && name.ends_with('>')) {
    name = name.substr(kWrapper.size(), name.size() - kWrapper.size() - 1);
  }
  return name;
}

void fill(api::Failure& out, const std::exception& exception, int chain_length) {
  if (chain_length == kFailureChainMax) {
    fill_application(out, "CausesLeftOut", "further causes were left out: the chain is longer than can be sent");
    return;
  }
  if (const auto* failure = dynamic_cast<const TemporalFailure*>(&exception)) {
    fill_temporal(out, *failure, chain_length);
    return;
  }
  fill_application(out, exception_type(exception), exception.what());
  const auto* nested = dynamic_cast<const std::nested_exception*>(&exception);
  if (nested != nullptr && nested->nested_ptr() != nullptr) {
    fill(*out.mutable_cause(), nested->nested_ptr(), chain_length + 1);
  }
}

FailureCommon common_of(const api::Failure& failure, std::shared_ptr<const TemporalFailure> cause) {
  FailureCommon common{
      .message = failure.message(), .cause = std::move(cause), .stack_trace = failure.stack_trace(), .source = failure.source()};
  if (failure.has_encoded_attributes()) {
    if (Result<EncodedAttributes> attributes = from_payload<EncodedAttributes>(failure.encoded_attributes())) {
      common.message = std::move(attributes->message);
      common.stack_trace = std::move(attributes->stack_trace);
    } else {
      common.encoded_attributes = failure.encoded_attributes();
    }
  }
  return common;
}

std::shared_ptr<const TemporalFailure> from_one(const api::Failure& failure, std::shared_ptr<const TemporalFailure> cause) {
  FailureCommon common = common_of(failure, std::move(cause));
  switch (failure.failure_info_case()) {
    case api::Failure::kApplicationFailureInfo:
      return std::make_shared<ApplicationFailure>(std::move(common), failure.application_failure_info());
    case api::Failure::kCanceledFailureInfo:
      return std::make_shared<CancelledFailure>(std::move(common), failure.canceled_failure_info());
    case api::Failure::kTerminatedFailureInfo:
      return std::make_shared<TerminatedFailure>(std::move(common), failure.terminated_failure_info());
    case api::Failure::kTimeoutFailureInfo:
      return std::make_shared<TimeoutFailure>(std::move(common), failure.timeout_failure_info());
    case api::Failure::kServerFailureInfo:
      return std::make_shared<ServerFailure>(std::move(common), failure.server_failure_info());
    case api::Failure::kActivityFailureInfo:
      return std::make_shared<ActivityFailure>(std::move(common), failure.activity_failure_info());
    case api::Failure::kChildWorkflowExecutionFailureInfo:
      return std::make_shared<ChildWorkflowFailure>(std::move(common), failure.child_workflow_execution_failure_info());
    default:
      return std::make_shared<UnknownFailure>(std::move(common), failure);
  }
}

}  // namespace

ApplicationFailure::ApplicationFailure(std::string message, ApplicationFailureOptions options)
    : TemporalFailure({.message = std::move(message), .cause = std::move(options.cause)}) {
  info_.set_type(valid_utf8(options.type));
  info_.set_non_retryable(options.non_retryable);
  if (options.details.payloads_size() > 0) {
    *info_.mutable_details() = std::move(options.details);
  }
  if (options.next_retry_delay) {
    api::set(*info_.mutable_next_retry_delay(), *options.next_retry_delay);
  }
  info_.set_category(options.category);
}

std::optional<Duration> ApplicationFailure::next_retry_delay() const {
  return info_.has_next_retry_delay() ? std::optional(api::to_duration(info_.next_retry_delay())) : std::nullopt;
}

CancelledFailure::CancelledFailure(std::string message, api::Payloads details) : TemporalFailure({.message = std::move(message)}) {
  if (details.payloads_size() > 0) {
    *info_.mutable_details() = std::move(details);
  }
}

UnknownFailure::UnknownFailure(FailureCommon common, const api::Failure& failure) : TemporalFailure(std::move(common)), failure_(failure) {
  failure_.clear_cause();
  failure_.clear_encoded_attributes();
}

api::Failure to_failure(const std::exception& exception) {
  api::Failure out;
  fill(out, exception, 0);
  return out;
}

api::Failure to_failure(const std::exception_ptr& exception) {
  check(exception != nullptr, "no exception to convert into a failure");
  api::Failure out;
  fill(out, exception, 0);
  return out;
}

std::shared_ptr<const TemporalFailure> from_failure(const api::Failure& failure) {
  std::vector<const api::Failure*> chain;
  for (const api::Failure* at = &failure; at != nullptr; at = at->has_cause() ? &at->cause() : nullptr) {
    chain.push_back(at);
  }
  std::shared_ptr<const TemporalFailure> outermost;
  for (const api::Failure* at : std::views::reverse(chain)) {
    outermost = from_one(*at, std::move(outermost));
  }
  return outermost;
}

void throw_failure(const api::Failure& failure) { from_failure(failure)->raise(); }

}  // namespace lifecycle::converter
