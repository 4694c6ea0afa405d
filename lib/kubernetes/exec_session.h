// One command in a container, as the server's messages tell it: channels 1 and 2 are what it writes, 3 is how it ended. Without any input
// or output of its own. Private to lib/kubernetes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "kubernetes/api.h"
#include "kubernetes/status_error.h"
#include "kubernetes/websocket.h"

namespace lifecycle::kubernetes {

// v4 and v5 differ in how a client closes standard input, which this one does not send.
[[nodiscard]] std::vector<std::string> exec_protocols();

class ExecSession {
 public:
  // `masks` outlives the session.
  ExecSession(Operation operation, RandomStream& masks) : operation_(std::move(operation)), masks_(masks) {}

  // Takes what the server sent; returns what is to be sent back, which may be nothing. Errors: as MessageReader's; kResourceExhausted when
  // the command writes more than 1 MiB.
  [[nodiscard]] Result<std::string> take(std::string_view bytes);
  // The server has closed its side.
  [[nodiscard]] bool closed() const { return closed_; }
  // The command has ended; what is left to come is the closing.
  [[nodiscard]] bool has_status() const { return status_.has_value(); }
  // What became of it, as far as was told. Errors: what the server gave as the reason why the command could not be run.
  [[nodiscard]] Result<ExecOutcome> outcome();

 private:
  [[nodiscard]] Result<void> take_channel(std::string_view message);

  Operation operation_;
  RandomStream& masks_;
  MessageReader reader_;
  ExecOutcome outcome_;
  std::optional<Json> status_;
  bool closed_ = false;
};

}  // namespace lifecycle::kubernetes
