#include "cli/stop_requests.h"

#include <fmt/format.h>

#include <utility>

namespace lifecycle::cli {

StopRequests::StopRequests(EventLoop& loop, Duration command_timeout, std::function<void(ExitCode)> on_stop)
    : on_stop_(std::move(on_stop)), signals_(loop, [this](int number) {
        if (is_stop_signal(number)) {
          on_stop_(exit_code_for_signal(number));
        }
      }) {
  if (command_timeout > Duration::zero()) {
    loop.schedule(command_timeout, [this] { on_stop_(ExitCode::kTimedOut); });
  }
}

ExitCode report_stop(Output& output, ExitCode stopped_by, std::string_view consequence, std::string_view hint) {
  const bool timed_out = stopped_by == ExitCode::kTimedOut;
  return output.report(timed_out ? "timed_out" : "interrupted", stopped_by,
                       fmt::format("{}; {}", timed_out ? "the time-out has elapsed" : "interrupted", consequence), hint);
}

}  // namespace lifecycle::cli
