// `worker --supervise`: a small parent process around the worker. As PID 1 of a container it makes the worker an ordinary process: one that
// can be killed and stopped from inside the pod, whose death somebody sees, and whose orphans somebody reaps. It restarts nothing: that is
// Kubernetes' business.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "cli/exit_code.h"

namespace lifecycle::cli {

// How a child process ended.
struct ProcessEnd {
  int exit_code = 0;      // its own, when no signal ended it
  int signal_number = 0;  // 0: it ended by itself

  // "killed by SIGKILL" or "ended with exit code 1".
  [[nodiscard]] std::string text() const;
  // What the parent ends with: the child's exit code, or 128 + the signal's number.
  [[nodiscard]] ExitCode mirrored() const;
};

// Forks. The child gets nothing and goes on as the worker; when the parent dies, it is sent SIGTERM. The parent gets how the child ended,
// after the kernel has confirmed it; until then it passes on the signals that it is sent and reaps whoever is left to it. Called while the
// process has one thread, after block_stop_signals(). Error: kResourceExhausted, no process was made.
[[nodiscard]] Result<std::optional<ProcessEnd>> run_in_child_process();

}  // namespace lifecycle::cli
