#include "kubernetes/websocket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "kubernetes/exec_session.h"

namespace lifecycle::kubernetes {
namespace {

using testing::HasSubstr;

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) {
    out += static_cast<char>(value);
  }
  return out;
}

Result<std::optional<Message>> first_of(const std::string& frames) {
  MessageReader reader;
  reader.add(frames);
  return reader.next();
}

TEST(WebSocketTest, TheExamplesOfTheRfcAreReadAndWritten) {
  EXPECT_EQ(accept_for("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(encode_frame(Opcode::kText, "Hello", 0x37fa213d), bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
  const auto whole = first_of(bytes({0x81, 0x05, 'H', 'e', 'l', 'l', 'o'}));
  ASSERT_TRUE(whole && *whole);
  EXPECT_EQ((*whole)->payload, "Hello");
  const auto pieces = first_of(bytes({0x01, 0x03, 'H', 'e', 'l', 0x80, 0x02, 'l', 'o'}));
  ASSERT_TRUE(pieces && *pieces);
  EXPECT_EQ((*pieces)->payload, "Hello");
}

TEST(WebSocketTest, LengthsAreWrittenInTheirShortestForm) {
  EXPECT_EQ(encode_frame(Opcode::kBinary, std::string(125, 'x'), 0).substr(0, 2), bytes({0x82, 0x80 | 125}));
  EXPECT_EQ(encode_frame(Opcode::kBinary, std::string(126, 'x'), 0).substr(0, 4), bytes({0x82, 0x80 | 126, 0, 126}));
  EXPECT_EQ(encode_frame(Opcode::kBinary, std::string(65536, 'x'), 0).substr(0, 10), bytes({0x82, 0x80 | 127, 0, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(WebSocketTest, AMessageIsTheSameWhereverItsBytesAreCut) {
  const std::string frames = bytes({0x02, 3, 'a', 'b', 'c', 0x89, 1, '!', 0x80, 126, 0, 2, 'd', 'e'});
  for (std::size_t cut = 0; cut <= frames.size(); ++cut) {
    MessageReader reader;
    std::vector<std::string> payloads;
    for (const std::string& part : {frames.substr(0, cut), frames.substr(cut)}) {
      reader.add(part);
      for (auto message = reader.next(); message && *message; message = reader.next()) {
        payloads.push_back((*message)->payload);
      }
    }
    EXPECT_THAT(payloads, testing::ElementsAre("!", "abcde")) << "cut at " << cut;
  }
}

TEST(WebSocketTest, WhatNoServerMaySendIsRefused) {
  EXPECT_THAT(first_of(bytes({0x82, 0x81, 0, 0, 0, 0, 'x'})).error().message, HasSubstr("masked"));
  EXPECT_THAT(first_of(bytes({0xC2, 0})).error().message, HasSubstr("not agreed on"));
  EXPECT_THAT(first_of(bytes({0x83, 0})).error().message, HasSubstr("not agreed on"));
  EXPECT_THAT(first_of(bytes({0x89, 126, 0, 1})).error().message, HasSubstr("control frame"));
  EXPECT_THAT(first_of(bytes({0x09, 0})).error().message, HasSubstr("control frame"));
  EXPECT_THAT(first_of(bytes({0x80, 0})).error().message, HasSubstr("never began"));
  EXPECT_THAT(first_of(bytes({0x02, 0, 0x82, 0})).error().message, HasSubstr("inside of another"));
  EXPECT_EQ(first_of(bytes({0x82, 127, 0, 0, 0, 0, 1, 0, 0, 1})).error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(first_of(bytes({0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255})).error().code, ErrorCode::kResourceExhausted);
}

TEST(WebSocketTest, AnAnswerThatIsNoneIsRefusedAndAPartOfOneWaitedFor) {
  const Handshake handshake{.key = "dGhlIHNhbXBsZSBub25jZQ==", .protocols = {"v5.channel.k8s.io"}};
  const std::string good =
      "HTTP/1.1 101 Switching Protocols\r\nUPGRADE: WebSocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
      "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n";
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    const auto part = read_handshake_answer(handshake, good.substr(0, cut), false);
    EXPECT_TRUE(part && !*part) << cut;
    EXPECT_FALSE(read_handshake_answer(handshake, good.substr(0, cut), true)) << cut;
  }
  const auto whole = read_handshake_answer(handshake, good + "rest", false);
  ASSERT_TRUE(whole && *whole);
  EXPECT_EQ((*whole)->header_bytes, good.size());
  EXPECT_FALSE(read_handshake_answer(handshake, "SSH-2.0-x\r\n\r\n", false));
  const auto refusal = read_handshake_answer(handshake, "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nbody", false);
  ASSERT_TRUE(refusal && *refusal);
  EXPECT_EQ((*refusal)->body, "body");
}

TEST(ExecSessionTest, ACommandThatWasKilledHasTheExitCodeThatTheStatusTells) {
  RandomStream masks(1);
  ExecSession session({.verb = "create", .resource = "pods/exec"}, masks);
  const std::string status = R"({"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"137"}]}})";
  std::string frame = bytes({0x82, static_cast<int>(status.size() + 1), 3}) + status;
  EXPECT_EQ(session.take(frame), "");
  EXPECT_TRUE(session.has_status());
  EXPECT_FALSE(session.closed());
  EXPECT_EQ(session.outcome()->exit_code, 137);
}

}  // namespace
}  // namespace lifecycle::kubernetes
