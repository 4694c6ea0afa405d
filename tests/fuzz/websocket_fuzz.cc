// Whatever a server sends, a session ends with an outcome or an error; and messages do not depend on where their bytes were cut.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "kubernetes/exec_session.h"
#include "kubernetes/websocket.h"

namespace {

using lifecycle::kubernetes::MessageReader;

// Each message, and last the error if there was one.
std::vector<std::string> messages_in(std::string_view bytes, std::size_t piece) {
  MessageReader reader;
  std::vector<std::string> told;
  while (true) {
    const auto message = reader.next();
    if (!message) {
      told.push_back(message.error().message);
      return told;
    }
    if (*message) {
      told.push_back(std::to_string(static_cast<int>((*message)->opcode)) + (*message)->payload);
    } else if (bytes.empty()) {
      return told;
    } else {
      reader.add(bytes.substr(0, piece));
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
  }
}

void check_session(std::string_view bytes) {
  lifecycle::RandomStream masks(1);
  lifecycle::kubernetes::ExecSession session({.verb = "create", .resource = "pods/exec"}, masks);
  if (session.take(bytes)) {
    const auto outcome = session.outcome();
    lifecycle::check(outcome || !outcome.error().message.empty(), "an error says what");
  }
}

void check_answer(std::string_view bytes) {
  const lifecycle::kubernetes::Handshake handshake{.key = "dGhlIHNhbXBsZSBub25jZQ==", .protocols = {"v5.channel.k8s.io"}};
  const auto at_end = lifecycle::kubernetes::read_handshake_answer(handshake, bytes, true);
  lifecycle::check(!at_end || *at_end, "nothing more to wait for at the end");
  const auto before = lifecycle::kubernetes::read_handshake_answer(handshake, bytes, false);
  lifecycle::check(!before || !*before || (*before)->header_bytes <= bytes.size(), "frames follow what was there");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  lifecycle::check(messages_in(bytes, bytes.size() + 1) == messages_in(bytes, 3), "messages do not depend on where they were cut");
  check_session(bytes);
  check_answer(bytes);
  check_answer("HTTP/1.1 " + std::string(bytes));
  return 0;
}
