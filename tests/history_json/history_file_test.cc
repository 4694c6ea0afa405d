#include "history/history_file.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "history/history_json.h"

namespace lifecycle::history {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

const std::string kCanonical =
    R"({"events":[{"eventId":"1","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED","workflowExecutionStartedEventAttributes":{
  "input":{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"eyJzdGVwcyI6M30="},{"metadata":{"encoding":"YmluYXJ5L251bGw="}}]},
  "memo":{"fields":{"note":{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"ImEi"}}}}}]})";

api::History read(std::string_view bytes) {
  Result<api::History> history = history_from_bytes(bytes);
  EXPECT_TRUE(history) << history.error().message;
  return history.value_or(api::History());
}

std::string refusal(std::string_view bytes) {
  const Result<api::History> history = history_from_bytes(bytes);
  EXPECT_FALSE(history);
  return history ? "" : history.error().message + " / " + history.error().hint;
}

TEST(HistoryFromBytes, TellsJsonFromProtobufByItself) {
  const api::History history = read(kCanonical);
  EXPECT_EQ(history.events(0).workflow_execution_started_event_attributes().input().payloads(0).data(), R"({"steps":3})");
  EXPECT_TRUE(MessageDifferencer::Equals(read(history.SerializeAsString()), history));
  EXPECT_TRUE(MessageDifferencer::Equals(read("\n \n" + kCanonical), history)) << "an empty line is how protobuf begins, too";
  EXPECT_TRUE(MessageDifferencer::Equals(read("\xEF\xBB\xBF" + kCanonical), history)) << "the mark of Windows' editors";
}

TEST(HistoryFromBytes, RefusesWhatIsNoWholeHistory) {
  EXPECT_THAT(refusal(""), HasSubstr("the file is empty"));
  EXPECT_THAT(refusal(" \n\n"), HasSubstr("the file is empty"));
  EXPECT_THAT(refusal("hello"), HasSubstr("neither JSON nor a serialized"));
  EXPECT_THAT(refusal(std::string_view("\xFF\xFE{\0", 4)), HasSubstr("UTF-16"));
  EXPECT_THAT(refusal(kCanonical.substr(0, kCanonical.size() - 3)), HasSubstr("the file seems to be cut"));
  const std::string binary = read(kCanonical).SerializeAsString();
  EXPECT_THAT(refusal(binary.substr(0, binary.size() - 1)), HasSubstr("the bytes are cut"));
  EXPECT_THAT(refusal(R"({"history":)" + kCanonical + R"(,"nextPageToken":"YQ=="})"),
              HasSubstr("one page of the history, and more follow"));
}

TEST(HistoryFromBytes, ReadsTheEnvelopeOfTheHttpApi) {
  EXPECT_TRUE(MessageDifferencer::Equals(read(R"({"history":)" + kCanonical + R"(,"nextPageToken":""})"), read(kCanonical)));
}

// {"input": [value, ...]} for the list, the value itself for each payload: as the server's HTTP API has it.
TEST(HistoryFromBytes, ReadsPayloadsThatAreWrittenAsValues) {
  EXPECT_TRUE(MessageDifferencer::Equals(
      read(R"({"events":[{"eventId":"1","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED","workflowExecutionStartedEventAttributes":{
        "input":[{"steps":3},null],"memo":{"fields":{"note":"a"}}}}]})"),
      read(kCanonical)));
}

TEST(HistoryFromBytes, ReadsPayloadsThatTheWebUiHasDecoded) {
  EXPECT_TRUE(MessageDifferencer::Equals(
      read(R"({"events":[{"eventId":"1","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED","workflowExecutionStartedEventAttributes":{
        "input":{"payloads":[{"metadata":{"encoding":"json/plain"},"data":{"steps":3}},{"metadata":{"encoding":"binary/null"}}]},
        "memo":{"fields":{"note":{"metadata":{"encoding":"json/plain"},"data":"a"}}}}}]})"),
      read(kCanonical)));
}

TEST(HistoryFromBytes, ReadsPayloadsWithTheNameOfTheirMessage) {
  const api::History history =
      read(R"({"events":[{"eventId":"1","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED","workflowExecutionStartedEventAttributes":{
        "input":[{"_protoMessageType":"temporal.api.common.v1.WorkflowType","name":"n"}]}}]})");
  const api::Payload& payload = history.events(0).workflow_execution_started_event_attributes().input().payloads(0);
  EXPECT_EQ(payload.metadata().at("encoding"), "json/protobuf");
  EXPECT_EQ(payload.metadata().at("messageType"), "temporal.api.common.v1.WorkflowType");
  EXPECT_EQ(payload.data(), R"({"name":"n"})");
}

TEST(HistoryFromBytes, KeepsValuesOfEveryLength) {
  for (const std::string value : {R"("")", R"("a")", R"("ab")", R"("abc")", "17", "[1,2]", "true", R"("\u00e9")"}) {
    const api::History history =
        read(R"({"events":[{"eventId":"1","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED","workflowExecutionStartedEventAttributes":{
          "input":[)" +
             value + "]}}]}");
    const std::string expected = value == R"("\u00e9")" ? "\"\xC3\xA9\"" : value;
    EXPECT_EQ(history.events(0).workflow_execution_started_event_attributes().input().payloads(0).data(), expected);
  }
}

TEST(ReadHistoryFile, NamesTheFileInItsErrors) {
  const Result<api::History> missing = read_history_file("/nowhere/history.json");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("/nowhere/history.json: "));
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "lifecycle-empty-history.json";
  std::ofstream(file).close();
  const Result<api::History> empty = read_history_file(file.string());
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().message, file.string() + ": history: the file is empty");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace lifecycle::history
