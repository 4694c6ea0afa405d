#include "converter/failure.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "base/text.h"
#include "converter/payload.h"

namespace lifecycle::converter {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

api::Failure parsed(const std::string& json) {
  api::Failure out;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &out);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return out;
}

// An activity of a Go worker returned fmt.Errorf wrapping a temporal.NewApplicationErrorWithOptions.
const std::string kGoActivityFailure = R"({
  "message": "activity error", "source": "GoSDK",
  "cause": {
    "message": "charge failed: card declined", "source": "GoSDK",
    "cause": {
      "message": "card declined", "source": "GoSDK",
      "applicationFailureInfo": {
        "type": "CardDeclined", "nonRetryable": true,
        "details": {"payloads": [
          {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "eyJjb2RlIjo0Mn0="},
          {"metadata": {"encoding": "YmluYXJ5L251bGw="}}]},
        "nextRetryDelay": "2.500s", "category": "APPLICATION_ERROR_CATEGORY_BENIGN"}},
    "applicationFailureInfo": {"type": "wrapError"}},
  "activityFailureInfo": {
    "scheduledEventId": "5", "startedEventId": "6", "identity": "1@go-worker@", "activityType": {"name": "ProcessStep"},
    "activityId": "5", "retryState": "RETRY_STATE_NON_RETRYABLE_FAILURE"}})";

// A child workflow of a Python worker ran into an activity's heartbeat time-out.
const std::string kPythonChildFailure = R"({
  "message": "Child Workflow execution failed",
  "cause": {
    "message": "Activity task timed out",
    "stackTrace": "  File \"workflow.py\", line 7, in run\n",
    "cause": {
      "message": "activity Heartbeat timeout", "source": "Server",
      "timeoutFailureInfo": {
        "timeoutType": "TIMEOUT_TYPE_HEARTBEAT",
        "lastHeartbeatDetails": {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "Nw=="}]}}},
    "activityFailureInfo": {"scheduledEventId": "11", "startedEventId": "12", "activityType": {"name": "process_step"}, "activityId": "1",
                            "retryState": "RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED"}},
  "childWorkflowExecutionFailureInfo": {
    "namespace": "default", "workflowExecution": {"workflowId": "child", "runId": "run"}, "workflowType": {"name": "Child"},
    "initiatedEventId": "5", "startedEventId": "6", "retryState": "RETRY_STATE_RETRY_POLICY_NOT_SET"}})";

template <class T>
const T& as(const std::shared_ptr<const TemporalFailure>& failure) {
  const T* const cast = dynamic_cast<const T*>(failure.get());
  EXPECT_NE(cast, nullptr);
  return *cast;
}

TEST(FromFailure, KeepsEverythingOfAGoActivityFailure) {
  const auto failure = from_failure(parsed(kGoActivityFailure));
  const auto& activity = as<ActivityFailure>(failure);
  EXPECT_STREQ(activity.what(), "activity error");
  EXPECT_EQ(activity.source(), "GoSDK");
  EXPECT_EQ(activity.activity_type(), "ProcessStep");
  EXPECT_EQ(activity.activity_id(), "5");
  EXPECT_EQ(activity.identity(), "1@go-worker@");
  EXPECT_EQ(activity.scheduled_event_id(), 5);
  EXPECT_EQ(activity.started_event_id(), 6);
  EXPECT_EQ(activity.retry_state(), api::enums::RETRY_STATE_NON_RETRYABLE_FAILURE);

  const auto& wrapper = as<ApplicationFailure>(activity.cause());
  EXPECT_EQ(wrapper.type(), "wrapError");
  EXPECT_FALSE(wrapper.non_retryable());
  EXPECT_EQ(wrapper.next_retry_delay(), std::nullopt);

  const auto& declined = as<ApplicationFailure>(wrapper.cause());
  EXPECT_EQ(declined.message(), "card declined");
  EXPECT_EQ(declined.type(), "CardDeclined");
  EXPECT_TRUE(declined.non_retryable());
  EXPECT_EQ(declined.next_retry_delay(), std::chrono::milliseconds(2500));
  EXPECT_EQ(declined.category(), api::enums::APPLICATION_ERROR_CATEGORY_BENIGN);
  EXPECT_EQ(from_payloads<nlohmann::json>(&declined.details(), 0).value(), nlohmann::json({{"code", 42}}));
  EXPECT_TRUE(from_payloads<void>(&declined.details(), 1));
  EXPECT_EQ(declined.cause(), nullptr);
}

TEST(FromFailure, KeepsEverythingOfAPythonChildWorkflowFailure) {
  const auto failure = from_failure(parsed(kPythonChildFailure));
  const auto& child = as<ChildWorkflowFailure>(failure);
  EXPECT_EQ(child.message(), "Child Workflow execution failed");
  EXPECT_EQ(child.workflow_type(), "Child");
  EXPECT_EQ(child.workflow_execution().run_id(), "run");
  EXPECT_EQ(child.initiated_event_id(), 5);
  EXPECT_EQ(child.started_event_id(), 6);
  EXPECT_EQ(child.retry_state(), api::enums::RETRY_STATE_RETRY_POLICY_NOT_SET);

  const auto& activity = as<ActivityFailure>(child.cause());
  EXPECT_EQ(activity.stack_trace(), "  File \"workflow.py\", line 7, in run\n");
  const auto& timeout = as<TimeoutFailure>(activity.cause());
  EXPECT_EQ(timeout.timeout_type(), api::enums::TIMEOUT_TYPE_HEARTBEAT);
  EXPECT_EQ(from_payloads<int>(&timeout.last_heartbeat_details()).value(), 7);
}

TEST(FailureRoundTrip, LosesNothingOfAnyKind) {
  const std::vector<std::string> kinds{
      kGoActivityFailure,
      kPythonChildFailure,
      R"({"message": "stop", "source": "GoSDK", "canceledFailureInfo": {"details": {"payloads": [{"data": "Nw=="}]}, "identity": "me"}})",
      R"({"message": "terminated", "terminatedFailureInfo": {"identity": "operator"}})",
      R"({"message": "internal", "source": "Server", "serverFailureInfo": {"nonRetryable": true}})",
      R"({"message": "reset", "resetWorkflowFailureInfo": {"lastHeartbeatDetails": {"payloads": [{"data": "Nw=="}]}}})",
      R"({"message": "nexus", "nexusOperationExecutionFailureInfo": {"endpoint": "e", "operation": "o"}, "cause": {"message": "inner",
          "nexusHandlerFailureInfo": {"type": "NOT_FOUND"}}})",
      R"({"message": "no info at all", "stackTrace": "somewhere"})",
      R"({"message": "Encoded failure", "encodedAttributes": {"metadata": {"encoding": "YmluYXJ5L2VuY3J5cHRlZA=="}, "data": "AAE="},
          "applicationFailureInfo": {"type": "Secret"}})"};
  for (const std::string& json : kinds) {
    const api::Failure original = parsed(json);
    const api::Failure again = to_failure(*from_failure(original));
    EXPECT_TRUE(MessageDifferencer::Equals(original, again)) << json << "\nbecame\n" << again.DebugString();
  }
}

TEST(FromFailure, ReadsEncodedAttributes) {
  api::Failure encoded;
  encoded.set_message("Encoded failure");
  encoded.mutable_application_failure_info()->set_type("T");
  *encoded.mutable_encoded_attributes() = to_payload(nlohmann::json{{"message", "real"}, {"stack_trace", "line 1"}});
  const auto failure = from_failure(encoded);
  EXPECT_EQ(failure->message(), "real");
  EXPECT_EQ(failure->stack_trace(), "line 1");
  EXPECT_FALSE(to_failure(*failure).has_encoded_attributes());
}

template <class T>
void expect_thrown(const std::string& json) {
  EXPECT_THROW(throw_failure(parsed(json)), T) << json;
  EXPECT_THROW(throw_failure(parsed(json)), TemporalFailure) << json;
}

TEST(ThrowFailure, ThrowsTheMostDerivedType) {
  expect_thrown<ActivityFailure>(kGoActivityFailure);
  expect_thrown<ChildWorkflowFailure>(kPythonChildFailure);
  expect_thrown<ApplicationFailure>(R"({"applicationFailureInfo": {}})");
  expect_thrown<CancelledFailure>(R"({"canceledFailureInfo": {}})");
  expect_thrown<TerminatedFailure>(R"({"terminatedFailureInfo": {}})");
  expect_thrown<TimeoutFailure>(R"({"timeoutFailureInfo": {}})");
  expect_thrown<ServerFailure>(R"({"serverFailureInfo": {}})");
  expect_thrown<UnknownFailure>(R"({"nexusHandlerFailureInfo": {}})");
  expect_thrown<UnknownFailure>("{}");
}

TEST(ToFailure, WritesAnApplicationFailureOfThisSdk) {
  const auto cause = std::make_shared<const CancelledFailure>("stop", to_payloads(1));
  const ApplicationFailure thrown("declined", {.type = "CardDeclined",
                                               .non_retryable = true,
                                               .details = to_payloads(42),
                                               .next_retry_delay = std::chrono::milliseconds(1500),
                                               .category = api::enums::APPLICATION_ERROR_CATEGORY_BENIGN,
                                               .cause = cause});
  const api::Failure expected = parsed(R"({
    "message": "declined", "source": "CppSDK",
    "applicationFailureInfo": {
      "type": "CardDeclined", "nonRetryable": true, "nextRetryDelay": "1.500s", "category": "APPLICATION_ERROR_CATEGORY_BENIGN",
      "details": {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "NDI="}]}},
    "cause": {
      "message": "stop", "source": "CppSDK",
      "canceledFailureInfo": {"details": {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ=="}]}}}})");
  const api::Failure written = to_failure(thrown);
  EXPECT_TRUE(MessageDifferencer::Equals(written, expected)) << written.DebugString();
}

TEST(ToFailure, HasNoDetailsWhereNoneWereGiven) {
  EXPECT_FALSE(to_failure(ApplicationFailure("plain")).application_failure_info().has_details());
  EXPECT_FALSE(to_failure(ApplicationFailure("plain")).application_failure_info().has_next_retry_delay());
  EXPECT_FALSE(to_failure(CancelledFailure("plain")).canceled_failure_info().has_details());
}

struct OutOfStock final : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(ToFailure, MakesAnyOtherExceptionARetryableApplicationFailureNamedAfterItsType) {
  const api::Failure failure = to_failure(OutOfStock("none left"));
  EXPECT_EQ(failure.message(), "none left");
  EXPECT_EQ(failure.source(), "CppSDK");
  EXPECT_THAT(failure.application_failure_info().type(), testing::EndsWith("OutOfStock"));
  EXPECT_THAT(failure.application_failure_info().type(), testing::StartsWith("lifecycle::converter::"));
  EXPECT_FALSE(failure.application_failure_info().non_retryable());
}

TEST(ToFailure, TakesWhatIsNoException) {
  const api::Failure failure = to_failure(std::make_exception_ptr(42));
  EXPECT_EQ(failure.application_failure_info().type(), "int");
  EXPECT_THAT(failure.message(), HasSubstr("not a std::exception: int"));
}

TEST(ToFailure, TakesAnExceptionPointerOfEitherFamily) {
  EXPECT_EQ(to_failure(std::make_exception_ptr(OutOfStock("x"))).message(), "x");
  EXPECT_TRUE(to_failure(std::make_exception_ptr(CancelledFailure("y"))).has_canceled_failure_info());
}

std::exception_ptr nested() {
  try {
    try {
      throw ApplicationFailure("inner", {.type = "Inner"});
    } catch (...) {
      std::throw_with_nested(std::logic_error("outer"));
    }
  } catch (...) {
    return std::current_exception();
  }
}

TEST(ToFailure, FollowsNestedExceptions) {
  const api::Failure failure = to_failure(nested());
  EXPECT_EQ(failure.message(), "outer");
  EXPECT_EQ(failure.application_failure_info().type(), "std::logic_error");
  EXPECT_EQ(failure.cause().message(), "inner");
  EXPECT_EQ(failure.cause().application_failure_info().type(), "Inner");
  EXPECT_FALSE(failure.cause().has_cause());
}

int chain_length(const api::Failure& failure) {
  int length = 1;
  for (const api::Failure* at = &failure; at->has_cause(); at = &at->cause()) {
    ++length;
  }
  return length;
}

std::shared_ptr<const TemporalFailure> chain_of(int length) {
  std::shared_ptr<const TemporalFailure> chain;
  for (int i = length; i > 0; --i) {
    chain = std::make_shared<const ApplicationFailure>(std::to_string(i), ApplicationFailureOptions{.cause = std::move(chain)});
  }
  return chain;
}

TEST(ToFailure, KeepsAChainUpToTheLimit) {
  const api::Failure failure = to_failure(*chain_of(kFailureChainMax));
  EXPECT_EQ(chain_length(failure), kFailureChainMax);
}

TEST(ToFailure, EndsALongerChainWithANoteThatEveryReaderCanRead) {
  const api::Failure failure = to_failure(*chain_of(10 * kFailureChainMax));
  EXPECT_EQ(chain_length(failure), kFailureChainMax + 1);
  const api::Failure* last = &failure;
  while (last->has_cause()) {
    last = &last->cause();
  }
  EXPECT_EQ(last->application_failure_info().type(), "CausesLeftOut");

  api::History embedded;
  *embedded.add_events()->mutable_activity_task_failed_event_attributes()->mutable_failure() = failure;
  api::History read;  // protobuf's default limit applies
  EXPECT_TRUE(read.ParseFromString(embedded.SerializeAsString()));
}

TEST(ToFailure, SendsOnlyValidAndBoundedText) {
  const api::Failure broken = to_failure(std::runtime_error("host \xFF"));
  EXPECT_EQ(broken.message(), "host \xEF\xBF\xBD");
  EXPECT_EQ(to_failure(ApplicationFailure("m", {.type = "\xFF"})).application_failure_info().type(), "\xEF\xBF\xBD");

  const std::string long_text(10 * kFailureStackTraceBytesMax, 'x');
  EXPECT_EQ(to_failure(std::runtime_error(long_text)).message().size(), kFailureMessageBytesMax);
  const ApplicationFailure traced({.message = long_text, .stack_trace = long_text}, {});
  EXPECT_EQ(to_failure(traced).message().size(), kFailureMessageBytesMax);
  EXPECT_EQ(to_failure(traced).stack_trace().size(), kFailureStackTraceBytesMax);
}

TEST(ToFailureDeathTest, RefusesToConvertNoException) {
  EXPECT_DEATH(static_cast<void>(to_failure(std::exception_ptr())), "no exception to convert into a failure");
}

}  // namespace
}  // namespace lifecycle::converter
