// What makes a command stop before its end: a signal, or its --command-timeout.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/event_loop.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/signals.h"

namespace lifecycle::cli {

class StopRequests {
 public:
  // Runs `on_stop` on the loop for each signal, and once when `command_timeout` has elapsed (zero: never), with the exit code that goes
  // with it. The loop outlives this object, and does not run any more after its end.
  StopRequests(EventLoop& loop, Duration command_timeout, std::function<void(ExitCode)> on_stop);

 private:
  std::function<void(ExitCode)> on_stop_;
  SignalWatch signals_;
};

// Tells "interrupted; <what that means>" or "the time-out has elapsed; ...", and returns `stopped_by`.
ExitCode report_stop(Output& output, ExitCode stopped_by, std::string_view consequence, std::string_view hint);

}  // namespace lifecycle::cli
