// A worker's log level, changed while it runs: SIGUSR1 makes the log one level more verbose, SIGUSR2 makes it as it was at the start.
#pragma once

#include "telemetry/log.h"

namespace lifecycle::cli {

class WorkerLogLevel {
 public:
  // `log` outlives this.
  explicit WorkerLogLevel(const Logger& log) : log_(log), at_start_(log.level()) {}

  // SIGUSR1 or SIGUSR2. Leaves a line about the change.
  void on_signal(int number) const;

 private:
  const Logger& log_;
  LogLevel at_start_;
};

}  // namespace lifecycle::cli
