// The client's side of RFC 6455, without any input or output of its own. Private to lib/kubernetes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace lifecycle::kubernetes {

enum class Opcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// A whole frame from the client, masked with `mask` as clients must.
[[nodiscard]] std::string encode_frame(Opcode opcode, std::string_view payload, std::uint32_t mask);
// The payload of a close frame.
[[nodiscard]] std::string close_payload(std::uint16_t code);

struct Message {
  Opcode opcode = Opcode::kBinary;  // kText, kBinary, or a control frame's
  std::string payload = {};
};

// Puts what a server sends together, however it was cut on its way and into frames.
class MessageReader {
 public:
  void add(std::string_view bytes) { buffer_ += bytes; }
  // The next message; nothing until more bytes are there. Control frames may come between the frames of a message. Errors: kDataLoss for
  // what no server may send (masked, reserved bits, unknown opcodes, control frames that are long or cut, a message in a message),
  // kResourceExhausted for a message over 16 MiB. After an error the connection is of no more use.
  [[nodiscard]] Result<std::optional<Message>> next();

 private:
  struct Header {
    bool final = false;
    Opcode opcode = Opcode::kBinary;
    std::uint64_t payload_bytes = 0;
    std::size_t header_bytes = 0;
  };
  [[nodiscard]] Result<std::optional<Header>> header() const;
  [[nodiscard]] Result<void> begin_or_go_on(const Header& header);

  std::string buffer_;
  std::optional<Message> unfinished_;
};

// What `Sec-WebSocket-Accept` must be for the key that was sent.
[[nodiscard]] std::string accept_for(std::string_view key);

struct Handshake {
  std::string target = {};
  std::string host = {};
  std::string user_agent = {};
  std::string key = {};  // 16 random bytes in base 64
  std::vector<std::string> protocols = {};
};

// The request; `headers` are whole lines without their ends.
[[nodiscard]] std::string handshake_request(const Handshake& handshake, const std::vector<std::string>& headers);

struct HandshakeAnswer {
  int status = 0;
  std::string body = {};         // of a refusal
  std::string retry_after = {};  // of a refusal
  std::string protocol = {};     // that the server chose
  std::size_t header_bytes = 0;  // frames follow
};

// Nothing until all of it is there: `at_end` says that no more will come. Errors: kDataLoss for what is no answer to `handshake`: not HTTP,
// the wrong Sec-WebSocket-Accept, a protocol that was not offered.
[[nodiscard]] Result<std::optional<HandshakeAnswer>> read_handshake_answer(const Handshake& handshake, std::string_view bytes, bool at_end);

}  // namespace lifecycle::kubernetes
