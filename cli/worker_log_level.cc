#include "cli/worker_log_level.h"

#include <algorithm>
#include <csignal>

#include "cli/signals.h"
#include "rpc/process.h"

namespace lifecycle::cli {

void WorkerLogLevel::on_signal(int number) const {
  const LogLevel before = log_.level();
  const bool more = number == SIGUSR1;
  const LogLevel after = more ? static_cast<LogLevel>(std::max(0, static_cast<int>(before) - 1)) : at_start_;
  // Whoever sent the signal looks for this line: it is written at a level that is shown before or after the change.
  const LogLevel shown = std::max(LogLevel::kInfo, std::min(before, after));
  log_.set_level(std::min(before, after));
  if (shown != LogLevel::kNever) {
    log_.write(shown, "log level changed", {{"signal", name_of_signal(number)}, {"from", name_of(before)}, {"to", name_of(after)}});
  }
  log_.set_level(after);
  rpc::follow_log_level(log_);
}

}  // namespace lifecycle::cli
