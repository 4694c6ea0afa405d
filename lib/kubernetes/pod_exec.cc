#include "kubernetes/pod_exec.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "kubernetes/exec_session.h"
#include "kubernetes/websocket.h"

namespace lifecycle::kubernetes {
namespace {

// What may still come after the command's end: the closing, or nothing from a container that is gone.
constexpr Duration kClosingTimeout = std::chrono::seconds(2);

std::string random_key(RandomStream& randomness) {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t word = randomness.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return base64_of(bytes);
}

struct Opened {
  Tunnel tunnel;
  HandshakeAnswer answer;
  std::string rest;  // frames that came with the answer
};

// Connects and asks for the WebSocket; the answer may be a refusal.
Result<Opened> open(ApiCaller& caller, const ApiRequest& request, const CredentialSnapshot& credentials, const Deadline& deadline,
                    RandomStream& randomness) {
  HttpClient& http = caller.http();
  Result<Tunnel> tunnel = http.connect(credentials, deadline);
  if (!tunnel) {
    return std::unexpected(tunnel.error());
  }
  const Handshake handshake{.target = http.access().server.path + request.http.target,
                            .host = http.host(),
                            .user_agent = http.user_agent(),
                            .key = random_key(randomness),
                            .protocols = exec_protocols()};
  std::vector<std::string> headers;
  for (const Secret& header : credentials.headers) {
    headers.push_back(header.reveal());
  }
  if (const Result<void> sent = tunnel->send(handshake_request(handshake, headers), deadline); !sent) {
    return std::unexpected(sent.error());
  }
  std::string bytes;
  while (true) {
    const Result<std::string> received = tunnel->receive(deadline);
    if (!received) {
      return std::unexpected(received.error());
    }
    bytes += *received;
    Result<std::optional<HandshakeAnswer>> answer = read_handshake_answer(handshake, bytes, received->empty());
    if (!answer) {
      return std::unexpected(answer.error());
    }
    if (*answer) {
      std::string rest = bytes.substr((*answer)->header_bytes);
      return Opened{.tunnel = *std::move(tunnel), .answer = **std::move(answer), .rest = std::move(rest)};
    }
  }
}

// One more time with newer credentials, if the first ones are refused.
Result<Opened> open_as_somebody(ApiCaller& caller, const ApiRequest& request, const Deadline& deadline, RandomStream& randomness) {
  const Result<Snapshot> shown = caller.credentials().current(deadline);
  if (!shown) {
    return std::unexpected(shown.error());
  }
  Result<Opened> opened = open(caller, request, **shown, deadline, randomness);
  if (!opened || opened->answer.status != 401) {
    return opened;
  }
  const Result<std::optional<Snapshot>> newer = caller.credentials().after_refusal(*shown, deadline);
  if (!newer) {
    return std::unexpected(newer.error());
  }
  return *newer ? open(caller, request, ***newer, deadline, randomness) : std::move(opened);
}

Result<ExecOutcome> follow(Opened opened, ExecSession& session, const Deadline& deadline) {
  std::string bytes = std::move(opened.rest);
  Deadline until = deadline;
  while (true) {
    const bool knew_the_end = session.has_status();
    const Result<std::string> replies = session.take(bytes);
    if (!replies) {
      return std::unexpected(replies.error());
    }
    if (const Result<void> sent = opened.tunnel.send(*replies, deadline); !sent || session.closed()) {
      return session.outcome();
    }
    if (session.has_status() && !knew_the_end) {
      until = deadline.within(kClosingTimeout);
    }
    Result<std::string> received = opened.tunnel.receive(until);
    if (received && !received->empty()) {
      bytes = *std::move(received);
      continue;
    }
    const bool time_is_over = !received && received.error().code != ErrorCode::kKubernetesUnreachable;
    if (time_is_over && !session.has_status()) {
      return std::unexpected(received.error());
    }
    return session.outcome();  // the end of the stream, or of the patience with it
  }
}

}  // namespace

Result<ExecOutcome> run_in_container(ApiCaller& caller, const ExecRequest& request, const Deadline& deadline, RandomStream& randomness) {
  const Result<ApiRequest> asked = exec_request(request);
  if (!asked) {
    return std::unexpected(asked.error());
  }
  const auto with_operation = [&asked](Error error) {
    error.message = fmt::format("{}: {}", text_of(asked->operation), error.message);
    return error;
  };
  Result<Opened> opened = open_as_somebody(caller, *asked, deadline, randomness);
  if (!opened) {
    return std::unexpected(with_operation(opened.error()));
  }
  if (opened->answer.status != 101) {
    return std::unexpected(caller.error_of(*asked, {.status = opened->answer.status, .body = opened->answer.body}));
  }
  ExecSession session(asked->operation, randomness);
  Result<ExecOutcome> outcome = follow(*std::move(opened), session, deadline);
  return outcome || outcome.error().message.starts_with(text_of(asked->operation)) ? std::move(outcome)
                                                                                   : std::unexpected(with_operation(outcome.error()));
}

}  // namespace lifecycle::kubernetes
