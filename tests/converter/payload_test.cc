#include "converter/payload.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tests/converter/shapes.h"

namespace lifecycle::converter {
namespace {

using shapes::Input;
using shapes::Retry;

api::Payload payload(const std::string& encoding, const std::string& data) {
  api::Payload out;
  (*out.mutable_metadata())["encoding"] = encoding;
  out.set_data(data);
  return out;
}

template <class T>
std::string refusal(const api::Payload& from) {
  const Result<T> read = from_payload<T>(from);
  EXPECT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
  return read.error().message;
}

TEST(ToPayload, ChoosesTheEncodingByTheType) {
  EXPECT_EQ(to_payload(nullptr).SerializeAsString(), payload("binary/null", "").SerializeAsString());
  EXPECT_EQ(to_payload(std::monostate()).SerializeAsString(), payload("binary/null", "").SerializeAsString());
  EXPECT_EQ(to_payload(std::optional<int>()).SerializeAsString(), payload("binary/null", "").SerializeAsString());
  EXPECT_EQ(to_payload(Bytes{"\x01\xFF"}).SerializeAsString(), payload("binary/plain", "\x01\xFF").SerializeAsString());
  EXPECT_EQ(to_payload(std::optional(7)).SerializeAsString(), payload("json/plain", "7").SerializeAsString());
  EXPECT_EQ(to_payload(std::string("a")).SerializeAsString(), payload("json/plain", "\"a\"").SerializeAsString());
  EXPECT_EQ(to_payload("a").SerializeAsString(), payload("json/plain", "\"a\"").SerializeAsString());
  EXPECT_EQ(to_payload(Retry{}).data(), R"({"maximum_attempts":3,"backoff_coefficient":2})");
}

TEST(ToPayload, WritesProtobufMessagesAsJsonWithTheirType) {
  api::WorkflowExecution execution;
  execution.set_workflow_id("w");
  const api::Payload written = to_payload(execution);
  EXPECT_EQ(written.data(), R"({"workflowId":"w"})");
  EXPECT_EQ(written.metadata().at("encoding"), "json/protobuf");
  EXPECT_EQ(written.metadata().at("messageType"), "temporal.api.common.v1.WorkflowExecution");
  EXPECT_EQ(written.metadata().size(), 2U);
}

TEST(ToPayload, PassesAPayloadThrough) {
  api::Payload encrypted = payload("binary/encrypted", "\x02");
  (*encrypted.mutable_metadata())["key"] = "7";
  EXPECT_EQ(to_payload(encrypted).metadata().at("key"), "7");
  EXPECT_EQ(from_payload<api::Payload>(encrypted)->SerializePartialAsString().size(), encrypted.SerializePartialAsString().size());
}

TEST(ToPayload, ThrowsForWhatHasNoEncoding) { EXPECT_THROW(static_cast<void>(to_payload(std::nan(""))), EncodingError); }

TEST(SetPayload, LeavesNothingOfWhatWasThere) {
  api::Payload out = to_payload(api::WorkflowExecution());
  set_payload(out, 1);
  EXPECT_EQ(out.SerializeAsString(), payload("json/plain", "1").SerializeAsString());
  set_payload(out, nullptr);
  EXPECT_EQ(out.SerializeAsString(), payload("binary/null", "").SerializeAsString());
}

TEST(ToPayloads, MakesOnePayloadPerArgument) {
  EXPECT_EQ(to_payloads().payloads_size(), 0);
  const api::Payloads three = to_payloads(1, Bytes{"b"}, Retry{});
  ASSERT_EQ(three.payloads_size(), 3);
  EXPECT_EQ(from_payloads<int>(&three, 0).value(), 1);
  EXPECT_EQ(from_payloads<Bytes>(&three, 1).value(), Bytes{"b"});
  EXPECT_EQ(from_payloads<Retry>(&three, 2).value(), Retry{});
}

TEST(FromPayload, ReadsWhatToPayloadWrites) {
  api::WorkflowExecution execution;
  execution.set_run_id("r");
  const Input input{.steps = 2, .fail_step = 1, .groups = {{"g", {1}}}};
  EXPECT_EQ(from_payload<Input>(to_payload(input)).value(), input);
  EXPECT_EQ(from_payload<std::optional<Input>>(to_payload(input)).value(), input);
  EXPECT_EQ(from_payload<Bytes>(to_payload(Bytes{std::string("\0\xFF", 2)})).value(), (Bytes{std::string("\0\xFF", 2)}));
  EXPECT_EQ(from_payload<api::WorkflowExecution>(to_payload(execution))->run_id(), "r");
  EXPECT_TRUE(from_payload<void>(to_payload(nullptr)));
}

TEST(FromPayload, ReadsBinaryProtobuf) {
  api::WorkflowExecution execution;
  execution.set_run_id("r");
  EXPECT_EQ(from_payload<api::WorkflowExecution>(payload("binary/protobuf", execution.SerializeAsString()))->run_id(), "r");
}

TEST(FromPayload, IgnoresFieldsOfNewerMessages) {
  EXPECT_EQ(from_payload<api::WorkflowExecution>(payload("json/protobuf", R"({"runId":"r","newer":1})"))->run_id(), "r");
}

TEST(FromPayload, ReadsNullAsNothing) {
  for (const api::Payload& null : {payload("binary/null", ""), payload("json/plain", "null")}) {
    EXPECT_TRUE(from_payload<void>(null));
    EXPECT_TRUE(from_payload<std::monostate>(null));
    EXPECT_EQ(from_payload<std::optional<int>>(null).value(), std::nullopt);
    EXPECT_EQ(from_payload<std::optional<Bytes>>(null).value(), std::nullopt);
    EXPECT_EQ(from_payload<Input>(null).value(), Input{});
    EXPECT_FALSE(from_payload<int>(null));
    EXPECT_FALSE(from_payload<std::string>(null));
  }
}

TEST(FromPayload, RefusesOtherEncodings) {
  EXPECT_EQ(refusal<int>(payload("binary/plain", "7")), "a payload with encoding 'binary/plain' cannot be read as int (json/plain)");
  EXPECT_EQ(refusal<Bytes>(payload("json/plain", "7")),
            "a payload with encoding 'json/plain' cannot be read as lifecycle::converter::Bytes (binary/plain)");
  EXPECT_EQ(refusal<std::string>(payload("binary/null", "")),
            "a payload with encoding 'binary/null' cannot be read as std::string (json/plain)");
  EXPECT_EQ(refusal<void>(payload("json/plain", "7")),
            "a payload with encoding 'json/plain' cannot be read as std::monostate (binary/null)");
  EXPECT_EQ(refusal<api::WorkflowExecution>(payload("json/plain", "{}")),
            "a payload with encoding 'json/plain' cannot be read as temporal::api::common::v1::WorkflowExecution "
            "(json/protobuf or binary/protobuf)");
  EXPECT_EQ(refusal<int>(api::Payload()), "a payload without encoding cannot be read as int (json/plain)");
}

TEST(FromPayload, HintsAtACodecForEncodingsThatAreNotTemporals) {
  EXPECT_NE(from_payload<int>(payload("binary/encrypted", "")).error().hint, "");
  EXPECT_EQ(from_payload<int>(payload("binary/plain", "")).error().hint, "");
}

TEST(FromPayload, TellsWhyDataCannotBeRead) {
  EXPECT_EQ(refusal<Retry>(payload("json/plain", R"({"maximum_attempts":"3"})")),
            "a payload with encoding 'json/plain' cannot be read as lifecycle::converter::shapes::Retry: "
            "JSON at $.maximum_attempts (byte 20): expected a number, found a string");
  EXPECT_EQ(refusal<api::WorkflowExecution>(payload("binary/protobuf", "\xFF")),
            "a payload with encoding 'binary/protobuf' cannot be read as temporal::api::common::v1::WorkflowExecution: "
            "the bytes are not a message of this type");
  EXPECT_TRUE(refusal<api::WorkflowExecution>(payload("json/protobuf", R"({"runId":[]})"))
                  .starts_with("a payload with encoding 'json/protobuf' cannot be read as temporal::api::common::v1::WorkflowExecution: "));
  api::Payload other = payload("json/protobuf", "{}");
  (*other.mutable_metadata())["messageType"] = "temporal.api.common.v1.Header";
  EXPECT_EQ(refusal<api::WorkflowExecution>(other),
            "a payload with encoding 'json/protobuf' cannot be read as temporal::api::common::v1::WorkflowExecution: "
            "it holds a temporal.api.common.v1.Header");
}

TEST(FromPayloads, ReadsAMissingArgumentAsNullWhereTheTypeHasOne) {
  const api::Payloads none;
  for (const api::Payloads* payloads : {static_cast<const api::Payloads*>(nullptr), &none}) {
    EXPECT_EQ(from_payloads<Input>(payloads).value(), Input{});
    EXPECT_EQ(from_payloads<std::optional<int>>(payloads).value(), std::nullopt);
    EXPECT_TRUE(from_payloads<void>(payloads));
    EXPECT_TRUE(from_payloads<std::monostate>(payloads));
  }
}

TEST(FromPayloads, NamesTheArgumentThatIsMissing) {
  const api::Payloads one = to_payloads(1);
  const Result<int> second = from_payloads<int>(&one, 1);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(second.error().message, "argument 2 is missing (int)");
  EXPECT_EQ(from_payloads<std::string>(nullptr).error().message, "argument 1 is missing (std::string)");
}

}  // namespace
}  // namespace lifecycle::converter
