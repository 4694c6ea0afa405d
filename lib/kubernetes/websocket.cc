#include "kubernetes/websocket.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <utility>

#include "kubernetes/encoding.h"

namespace lifecycle::kubernetes {
namespace {

constexpr std::size_t kMessageBytesMax = std::size_t{16} << 20U;
constexpr std::size_t kAnswerHeaderBytesMax = std::size_t{64} << 10U;
constexpr std::size_t kRefusalBytesMax = std::size_t{1} << 20U;
constexpr std::size_t kControlBytesMax = 125;
constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, section 1.3

std::uint8_t byte_at(std::string_view bytes, std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); }

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value = value << 8U | byte_at(bytes, i);
  }
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) {
    out += static_cast<char>(value >> (8U * i) & 0xFFU);
  }
}

std::unexpected<Error> broken(std::string_view reason) {
  return fail(ErrorCode::kDataLoss, fmt::format("WebSocket: the server sent {}", reason));
}

bool is_control(Opcode opcode) { return std::to_underlying(opcode) >= 8; }

std::optional<Opcode> opcode_of(std::uint8_t number) {
  switch (number) {
    case 0:
    case 1:
    case 2:
    case 8:
    case 9:
    case 10:
      return static_cast<Opcode>(number);
    default:
      return std::nullopt;
  }
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char each) { return static_cast<char>(std::tolower(static_cast<unsigned char>(each))); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

struct AnswerHead {
  int status = 0;
  std::map<std::string, std::string> fields = {};

  [[nodiscard]] std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found != fields.end() ? found->second : std::string();
  }
};

Result<AnswerHead> read_head(std::string_view head) {
  AnswerHead out;
  const std::string_view status_line = head.substr(0, head.find("\r\n"));
  const bool is_http = status_line.starts_with("HTTP/1.1 ") && status_line.size() >= 12;
  if (!is_http || std::from_chars(status_line.data() + 9, status_line.data() + 12, out.status).ec != std::errc()) {
    return broken("something that is not HTTP/1.1");
  }
  while (true) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) {
      return out;
    }
    head.remove_prefix(end + 2);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      out.fields[lower_case(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
    }
  }
}

// The body of a refusal that is sent in chunks; nothing until its end is there.
std::optional<std::string> unchunked(std::string_view rest) {
  std::string body;
  while (true) {
    const std::size_t end_of_size = rest.find("\r\n");
    const std::string_view digits = rest.substr(0, end_of_size);
    std::size_t size = 0;
    if (end_of_size == std::string_view::npos ||
        std::from_chars(digits.data(), digits.data() + digits.size(), size, 16).ec != std::errc() || size > kRefusalBytesMax) {
      return std::nullopt;
    }
    if (size == 0) {
      return body;
    }
    rest.remove_prefix(end_of_size + 2);
    if (rest.size() < size + 2) {
      return std::nullopt;
    }
    body += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
}

std::optional<std::string> refusal_body(const AnswerHead& head, std::string_view rest, bool at_end) {
  if (lower_case(head.field("transfer-encoding")) == "chunked") {
    std::optional<std::string> body = unchunked(rest);
    return !body && at_end ? std::string() : body;
  }
  const std::string length_text = head.field("content-length");
  std::size_t length = 0;
  const bool has_length = std::from_chars(length_text.data(), length_text.data() + length_text.size(), length).ec == std::errc();
  if (has_length && rest.size() >= length) {
    return std::string(rest.substr(0, length));
  }
  return at_end || rest.size() > kRefusalBytesMax ? std::optional<std::string>(rest) : std::nullopt;
}

}  // namespace

std::string encode_frame(Opcode opcode, std::string_view payload, std::uint32_t mask) {
  std::string frame;
  frame += static_cast<char>(0x80U | std::to_underlying(opcode));
  if (payload.size() <= kControlBytesMax) {
    frame += static_cast<char>(0x80U | payload.size());
  } else if (payload.size() <= 0xFFFF) {
    frame += static_cast<char>(0x80U | 126U);
    append_big_endian(frame, payload.size(), 2);
  } else {
    frame += static_cast<char>(0x80U | 127U);
    append_big_endian(frame, payload.size(), 8);
  }
  append_big_endian(frame, mask, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(byte_at(payload, i) ^ (mask >> (24U - 8U * (i % 4)) & 0xFFU));
  }
  return frame;
}

std::string close_payload(std::uint16_t code) {
  std::string payload;
  append_big_endian(payload, code, 2);
  return payload;
}

Result<std::optional<MessageReader::Header>> MessageReader::header() const {
  if (buffer_.size() < 2) {
    return std::nullopt;
  }
  const std::uint8_t first = byte_at(buffer_, 0);
  const std::uint8_t second = byte_at(buffer_, 1);
  const std::optional<Opcode> opcode = opcode_of(first & 0x0FU);
  if ((first & 0x70U) != 0 || !opcode) {
    return broken("a frame of a kind that was not agreed on");
  }
  if ((second & 0x80U) != 0) {
    return broken("a masked frame");
  }
  Header header{.final = (first & 0x80U) != 0, .opcode = *opcode, .payload_bytes = second & 0x7FU, .header_bytes = 2};
  const std::size_t length_bytes = header.payload_bytes == 126 ? 2 : header.payload_bytes == 127 ? 8 : 0;
  if (is_control(*opcode) && (length_bytes > 0 || !header.final)) {
    return broken("a control frame that is too long or not whole");
  }
  if (buffer_.size() < 2 + length_bytes) {
    return std::nullopt;
  }
  if (length_bytes > 0) {
    header.payload_bytes = big_endian(std::string_view(buffer_).substr(2, length_bytes));
    header.header_bytes += length_bytes;
  }
  if (header.payload_bytes > kMessageBytesMax) {
    return fail(ErrorCode::kResourceExhausted, "WebSocket: the server sent a message over 16 MiB");
  }
  return header;
}

Result<void> MessageReader::begin_or_go_on(const Header& header) {
  if ((header.opcode == Opcode::kContinuation) != unfinished_.has_value()) {
    return broken(unfinished_ ? "a message inside of another" : "the rest of a message that never began");
  }
  if (!unfinished_) {
    unfinished_ = Message{.opcode = header.opcode};
  }
  if (unfinished_->payload.size() + header.payload_bytes > kMessageBytesMax) {
    return fail(ErrorCode::kResourceExhausted, "WebSocket: the server sent a message over 16 MiB");
  }
  unfinished_->payload.append(buffer_, header.header_bytes, header.payload_bytes);
  return {};
}

Result<std::optional<Message>> MessageReader::next() {
  while (true) {
    const Result<std::optional<Header>> header = this->header();
    if (!header) {
      return std::unexpected(header.error());
    }
    if (!*header || buffer_.size() < (*header)->header_bytes + (*header)->payload_bytes) {
      return std::nullopt;
    }
    const std::size_t frame_bytes = (*header)->header_bytes + (*header)->payload_bytes;
    if (is_control((*header)->opcode)) {
      Message message{.opcode = (*header)->opcode, .payload = buffer_.substr((*header)->header_bytes, (*header)->payload_bytes)};
      buffer_.erase(0, frame_bytes);
      return message;
    }
    if (const Result<void> added = begin_or_go_on(**header); !added) {
      return std::unexpected(added.error());
    }
    buffer_.erase(0, frame_bytes);
    if ((*header)->final) {
      return std::exchange(unfinished_, std::nullopt);
    }
  }
}

std::string accept_for(std::string_view key) {
  const std::string text = std::string(key) + std::string(kAcceptSuffix);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_of({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string handshake_request(const Handshake& handshake, const std::vector<std::string>& headers) {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {}\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {}\r\n{}{}\r\n",
      handshake.target, handshake.host, handshake.user_agent, handshake.key, fmt::join(handshake.protocols, ", "),
      fmt::join(headers, "\r\n"), headers.empty() ? "" : "\r\n");
}

Result<std::optional<HandshakeAnswer>> read_handshake_answer(const Handshake& handshake, std::string_view bytes, bool at_end) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (at_end || bytes.size() > kAnswerHeaderBytesMax) {
      return broken(bytes.empty() ? "nothing, and closed the connection" : "no whole answer");
    }
    return std::nullopt;
  }
  const Result<AnswerHead> head = read_head(bytes.substr(0, end));
  if (!head) {
    return std::unexpected(head.error());
  }
  HandshakeAnswer answer{.status = head->status,
                         .retry_after = head->field("retry-after"),
                         .protocol = head->field("sec-websocket-protocol"),
                         .header_bytes = end + 4};
  if (answer.status != 101) {
    std::optional<std::string> body = refusal_body(*head, bytes.substr(answer.header_bytes), at_end);
    if (!body) {
      return std::nullopt;
    }
    answer.body = *std::move(body);
    return answer;
  }
  if (lower_case(head->field("upgrade")) != "websocket" || head->field("sec-websocket-accept") != accept_for(handshake.key)) {
    return broken("an answer that is not for this request (Sec-WebSocket-Accept)");
  }
  if (std::ranges::find(handshake.protocols, answer.protocol) == handshake.protocols.end()) {
    return broken(fmt::format("protocol '{}', and none but {} are spoken here", answer.protocol, fmt::join(handshake.protocols, ", ")));
  }
  return answer;
}

}  // namespace lifecycle::kubernetes
