#include "client/call.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

namespace lifecycle::client {

std::string default_identity() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("{}@{}", getpid(), host.data());
}

Error error_of(const ClientOptions& options, const rpc::Status& status, std::string_view attempt) {
  Error error = rpc::to_error(status, attempt);
  if (error.code == ErrorCode::kUnavailable && !status.diagnosis) {
    error.message = fmt::format("{}: no answer from {}: {}", attempt,
                                options.address.empty() ? "the Temporal server" : "Temporal at " + options.address, status.message);
  }
  return error;
}

void wait(rpc::RunnableEventLoop& loop, Duration duration) {
  bool over = false;
  loop.schedule(duration, [&over] { over = true; });
  loop.run_until([&over] { return over; });
}

}  // namespace lifecycle::client
