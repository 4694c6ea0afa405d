#include "history/history_json.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace lifecycle::history {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;
using testing::StartsWith;

// What the CLI and the Web UI write. In the short form of older files, every enum name is CamelCase without its prefix.
const std::string kLongForm = R"({
  "events": [
    {"eventId": "1", "eventTime": "2026-01-02T03:04:05.006Z", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "taskId": "1048587",
     "workflowExecutionStartedEventAttributes": {
       "workflowType": {"name": "LifecycleWorkflow"}, "taskQueue": {"name": "lifecycle-queue", "kind": "TASK_QUEUE_KIND_NORMAL"},
       "input": {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "e30="}]},
       "workflowExecutionTimeout": "3600s", "initiator": "CONTINUE_AS_NEW_INITIATOR_WORKFLOW", "attempt": 1,
       "header": {"fields": {"EVENT_TYPE_TIMER_FIRED": {"data": "e30="}}}}},
    {"eventId": "2", "eventType": "EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT",
     "activityTaskTimedOutEventAttributes": {
       "retryState": "RETRY_STATE_RETRY_POLICY_NOT_SET",
       "failure": {"message": "timeout", "cause": {"timeoutFailureInfo": {"timeoutType": "TIMEOUT_TYPE_START_TO_CLOSE"}}}}},
    {"eventId": "3", "eventType": "EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED",
     "startChildWorkflowExecutionInitiatedEventAttributes": {
       "parentClosePolicy": "PARENT_CLOSE_POLICY_REQUEST_CANCEL", "workflowIdReusePolicy": "WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY"}},
    {"eventId": "4", "eventType": "EVENT_TYPE_WORKFLOW_TASK_FAILED",
     "workflowTaskFailedEventAttributes": {"cause": "WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR"}}
  ]
})";

std::string in_short_form() {
  std::string text = kLongForm;
  const std::vector<std::pair<std::string, std::string>> names{
      {"\"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED\"", "\"WorkflowExecutionStarted\""},
      {"\"EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT\"", "\"ActivityTaskTimedOut\""},
      {"\"EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED\"", "\"StartChildWorkflowExecutionInitiated\""},
      {"\"EVENT_TYPE_WORKFLOW_TASK_FAILED\"", "\"WorkflowTaskFailed\""},
      {"\"TASK_QUEUE_KIND_NORMAL\"", "\"Normal\""},
      {"\"CONTINUE_AS_NEW_INITIATOR_WORKFLOW\"", "\"Workflow\""},
      {"\"RETRY_STATE_RETRY_POLICY_NOT_SET\"", "\"RetryPolicyNotSet\""},
      {"\"TIMEOUT_TYPE_START_TO_CLOSE\"", "\"StartToClose\""},
      {"\"PARENT_CLOSE_POLICY_REQUEST_CANCEL\"", "\"RequestCancel\""},
      {"\"WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY\"", "\"AllowDuplicateFailedOnly\""},
      {"\"WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR\"", "\"NonDeterministicError\""}};
  for (const auto& [long_name, short_name] : names) {
    text.replace(text.find(long_name), long_name.size(), short_name);
  }
  return text;
}

api::History read(std::string_view text) {
  Result<api::History> history = history_from_json(text);
  EXPECT_TRUE(history) << history.error().message;
  return history ? *std::move(history) : api::History();
}

std::string refusal(const Result<api::History>& history) {
  EXPECT_FALSE(history);
  EXPECT_EQ(history.error().code, ErrorCode::kDataLoss);
  return history.error().message;
}

std::string one_event(const std::string& members) {
  return R"({"events":[{"eventId":"1","eventType":"EVENT_TYPE_TIMER_FIRED"},{)" + members + "}]}";
}

TEST(HistoryFromJson, ReadsWhatTheCliWrites) {
  const api::History history = read(kLongForm);
  ASSERT_EQ(history.events_size(), 4);
  const api::HistoryEvent& started = history.events(0);
  EXPECT_EQ(started.event_id(), 1);
  EXPECT_EQ(started.task_id(), 1048587);
  EXPECT_EQ(started.event_type(), api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  EXPECT_EQ(started.event_time().nanos(), 6'000'000);
  const auto& attributes = started.workflow_execution_started_event_attributes();
  EXPECT_EQ(attributes.workflow_type().name(), "LifecycleWorkflow");
  EXPECT_EQ(attributes.task_queue().kind(), api::enums::TASK_QUEUE_KIND_NORMAL);
  EXPECT_EQ(attributes.input().payloads(0).data(), "{}");
  EXPECT_EQ(attributes.workflow_execution_timeout().seconds(), 3600);
  EXPECT_EQ(attributes.initiator(), api::enums::CONTINUE_AS_NEW_INITIATOR_WORKFLOW);
  EXPECT_TRUE(attributes.header().fields().contains("EVENT_TYPE_TIMER_FIRED"));
  const auto& timed_out = history.events(1).activity_task_timed_out_event_attributes();
  EXPECT_EQ(timed_out.retry_state(), api::enums::RETRY_STATE_RETRY_POLICY_NOT_SET);
  EXPECT_EQ(timed_out.failure().cause().timeout_failure_info().timeout_type(), api::enums::TIMEOUT_TYPE_START_TO_CLOSE);
  const auto& child = history.events(2).start_child_workflow_execution_initiated_event_attributes();
  EXPECT_EQ(child.parent_close_policy(), api::enums::PARENT_CLOSE_POLICY_REQUEST_CANCEL);
  EXPECT_EQ(child.workflow_id_reuse_policy(), api::enums::WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY);
  EXPECT_EQ(history.events(3).workflow_task_failed_event_attributes().cause(),
            api::enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
}

TEST(HistoryFromJson, ReadsTheShortEnumNamesOfOlderFiles) {
  EXPECT_TRUE(MessageDifferencer::Equals(read(in_short_form()), read(kLongForm)));
}

TEST(HistoryFromJson, KnowsEveryEventTypeInEverySpelling) {
  const auto& types = *api::enums::EventType_descriptor();
  const std::string_view prefix = "EVENT_TYPE_";
  for (int i = 0; i < types.value_count(); ++i) {
    if (types.value(i)->number() == 0) {
      continue;
    }
    const std::string long_name = types.value(i)->name();
    std::string short_name;
    for (const char letter : long_name.substr(prefix.size())) {
      const bool begins_word = short_name.empty() || short_name.back() == '_';
      if (!short_name.empty() && short_name.back() == '_') {
        short_name.pop_back();
      }
      short_name += begins_word || letter == '_' ? letter : static_cast<char>(letter - 'A' + 'a');
    }
    for (const std::string& name : {"\"" + long_name + "\"", "\"" + short_name + "\"", std::to_string(types.value(i)->number())}) {
      EXPECT_EQ(read(R"({"events":[{"eventId":"1","eventType":)" + name + "}]}").events(0).event_type(), types.value(i)->number()) << name;
    }
  }
}

TEST(HistoryFromJson, ReadsABareListAndSnakeCase) {
  const api::History history =
      read(R"([{"event_id": 7, "event_type": "TimerStarted", "timer_started_event_attributes": {"timer_id": "1"}}])");
  EXPECT_EQ(history.events(0).event_id(), 7);
  EXPECT_EQ(history.events(0).timer_started_event_attributes().timer_id(), "1");
}

TEST(HistoryFromJson, IgnoresUnknownFields) {
  const api::History history =
      read(R"({"version": 3, "events": [{"eventId": "1", "eventType": "EVENT_TYPE_TIMER_FIRED", "newer": {"a": ["B"]},
      "timerFiredEventAttributes": {"timerId": "1", "newerStill": "X"}}]})");
  EXPECT_EQ(history.events(0).timer_fired_event_attributes().timer_id(), "1");
}

TEST(HistoryFromJson, RefusesAnUnknownEnumNameWithTheNameAndItsEvent) {
  EXPECT_EQ(refusal(history_from_json(one_event(
                R"("eventId":"9","eventType":"EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT","activityTaskTimedOutEventAttributes":{"failure":
                {"cause":{"timeoutFailureInfo":{"timeoutType":"TIMEOUT_TYPE_BEDTIME"}}}})"))),
            "history: event 9: 'TIMEOUT_TYPE_BEDTIME' is not a known TimeoutType (timeoutType)");
  EXPECT_EQ(
      refusal(history_from_json(one_event(
          R"("eventId":"9","eventType":"WorkflowExecutionStarted","workflowExecutionStartedEventAttributes":{"initiator":"Nobody"})"))),
      "history: event 9: 'Nobody' is not a known ContinueAsNewInitiator (initiator)");
  EXPECT_EQ(refusal(history_from_json(one_event(R"("eventType":"Tea")"))),
            "history: event number 2 of the file: 'Tea' is not a known EventType (eventType)");
}

TEST(HistoryFromJson, RefusesEventTypesThatItDoesNotKnow) {
  EXPECT_EQ(refusal(history_from_json(one_event(R"("eventId":"2","eventType":"EVENT_TYPE_FROM_THE_FUTURE")"))),
            "history: event 2: 'EVENT_TYPE_FROM_THE_FUTURE' is not a known EventType (eventType)");
  EXPECT_EQ(refusal(history_from_json(one_event(R"("eventId":"2","eventType":9999,"workerMayIgnore":false)"))),
            "history: event 2: event type 9999 is not known");
  EXPECT_EQ(refusal(history_from_json(one_event(R"("eventId":"2")"))), "history: event 2: it has no type");
}

TEST(HistoryFromJson, KeepsEventsOfUnknownTypeThatWorkersMayIgnore) {
  for (const std::string type : {R"("EVENT_TYPE_FROM_THE_FUTURE")", "9999"}) {
    const api::History history = read(one_event(R"("eventId":"2","taskId":"5","workerMayIgnore":true,"eventType":)" + type));
    ASSERT_EQ(history.events_size(), 2);
    EXPECT_EQ(history.events(1).event_id(), 2);
    EXPECT_EQ(history.events(1).task_id(), 5);
    EXPECT_EQ(history.events(1).event_type(), api::enums::EVENT_TYPE_UNSPECIFIED);
    EXPECT_TRUE(history.events(1).worker_may_ignore());
  }
}

TEST(HistoryFromJson, RefusesEventsThatDoNotFitTheApi) {
  EXPECT_THAT(
      refusal(history_from_json(one_event(R"("eventId":"2","eventType":"TimerFired","timerFiredEventAttributes":{"startedEventId":"x"})"))),
      StartsWith("history: event 2: it does not fit Temporal's API: "));
  EXPECT_EQ(refusal(history_from_json(R"({"events":[7]})")), "history: event number 1 of the file is not a JSON object");
}

TEST(HistoryFromJson, SaysWhatIsMissing) {
  EXPECT_EQ(refusal(history_from_json("")), "history: the text is empty");
  EXPECT_EQ(refusal(history_from_json(" \n")), "history: the text is empty");
  EXPECT_EQ(refusal(history_from_json("{}")), "history: there is no list of events");
  EXPECT_EQ(refusal(history_from_json("null")), "history: there is no list of events");
  EXPECT_EQ(refusal(history_from_json(R"({"events":{}})")), "history: there is no list of events");
  EXPECT_EQ(refusal(history_from_json(R"({"events":[]})")), "history: the list of events is empty");
  EXPECT_EQ(refusal(history_from_json("[]")), "history: the list of events is empty");
}

TEST(HistoryFromJson, TellsLineAndColumnOfWhatIsNotJson) {
  EXPECT_THAT(refusal(history_from_json("{\"events\": [\n  {\"eventId\" 1}]}")), HasSubstr("line 2, column 14"));
  EXPECT_THAT(refusal(history_from_json("<html>")), HasSubstr("not JSON: parse error at line 1, column 1"));
  EXPECT_THAT(refusal(history_from_json("{\"events\": [\"\xFF\"]}")), HasSubstr("line 1, column 14"));
}

TEST(HistoryFromJson, KnowsACutFileWhereverItIsCut) {
  for (std::size_t length = 1; length < kLongForm.size(); ++length) {
    const Result<api::History> history = history_from_json(std::string_view(kLongForm).substr(0, length));
    ASSERT_FALSE(history) << length;
    ASSERT_EQ(history.error().code, ErrorCode::kDataLoss);
  }
  for (const std::size_t length : {1U, 3U, 15U, 100U}) {  // between values, and inside of names and strings
    EXPECT_EQ(history_from_json(kLongForm.substr(0, length)).error().hint, "the file seems to be cut: fetch it again") << length;
  }
}

TEST(HistoryFromJson, RefusesNumbersThatNoTypeHolds) {
  EXPECT_THAT(refusal(history_from_json("[1e999]")), HasSubstr("number overflow parsing '1e999'"));
}

TEST(HistoryFromJson, SurvivesTextThatIsNestedTooDeep) {
  EXPECT_EQ(refusal(history_from_json("\n" + std::string(1'000'000, '['))), "history: nested deeper than 100 levels at line 2, column 101");
  EXPECT_EQ(refusal(history_from_json(R"(["\"]",)" + std::string(1'000'000, '{'))),
            "history: nested deeper than 100 levels at line 1, column 107");
}

TEST(HistoryToJson, WritesCamelCaseAndLongEnumNames) {
  const std::string text = history_to_json(read(in_short_form()));
  EXPECT_THAT(text, HasSubstr(R"("eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED")"));
  EXPECT_THAT(text, HasSubstr(R"("timeoutType": "TIMEOUT_TYPE_START_TO_CLOSE")"));
  EXPECT_THAT(text, HasSubstr(R"("eventId": "1")"));
  EXPECT_THAT(text, HasSubstr(R"("eventTime": "2026-01-02T03:04:05.006Z")"));
}

TEST(HistoryToJson, ReadsBackAsTheSameHistory) {
  const api::History history = read(kLongForm);
  EXPECT_TRUE(MessageDifferencer::Equals(read(history_to_json(history)), history));
}

TEST(HistoryFromBinary, ReadsWhatProtobufWrites) {
  const api::History history = read(kLongForm);
  EXPECT_TRUE(MessageDifferencer::Equals(history_from_binary(history.SerializeAsString()).value(), history));
}

TEST(HistoryFromBinary, SaysWhatIsWrong) {
  const std::string bytes = read(kLongForm).SerializeAsString();
  EXPECT_EQ(refusal(history_from_binary("")), "history: the file is empty");
  EXPECT_EQ(refusal(history_from_binary(bytes.substr(0, bytes.size() - 1))),
            "history: the bytes are cut, or not a temporal.api.history.v1.History");
  EXPECT_EQ(refusal(history_from_binary(kLongForm)), "history: the bytes are cut, or not a temporal.api.history.v1.History");
  EXPECT_EQ(refusal(history_from_binary("\x10\x01")), "history: the list of events is empty");
}

TEST(HistoryFromBinary, TreatsUnknownEventTypesLikeJson) {
  api::History history;
  api::HistoryEvent& event = *history.add_events();
  event.set_event_id(3);
  event.set_event_type(static_cast<api::EventType>(9999));
  EXPECT_EQ(refusal(history_from_binary(history.SerializeAsString())), "history: event 3: event type 9999 is not known");
  event.set_worker_may_ignore(true);
  const api::History read = history_from_binary(history.SerializeAsString()).value();
  EXPECT_EQ(read.events(0).event_id(), 3);
  EXPECT_EQ(read.events(0).event_type(), api::enums::EVENT_TYPE_UNSPECIFIED);
}

TEST(HistoryFromBinary, ReadsChainsOfFailuresThatAreDeeperThanProtobufsDefault) {
  api::History history;
  api::HistoryEvent& event = *history.add_events();
  event.set_event_type(api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED);
  api::Failure* failure = event.mutable_workflow_execution_failed_event_attributes()->mutable_failure();
  for (int i = 0; i < kHistoryBinaryDepthMax / 2; ++i) {
    failure = failure->mutable_cause();
  }
  EXPECT_TRUE(history_from_binary(history.SerializeAsString()));
  for (int i = 0; i < kHistoryBinaryDepthMax; ++i) {
    failure = failure->mutable_cause();
  }
  EXPECT_FALSE(history_from_binary(history.SerializeAsString()));
}

}  // namespace
}  // namespace lifecycle::history
