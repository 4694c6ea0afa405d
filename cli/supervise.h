// The small parent of `lifecycle worker --supervise`: process 1 of a container, whose worker can then be killed or stopped like any
// process, and whose death somebody survives who knows what it was doing.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "cli/exit_code.h"
#include "cli/settings.h"
#include "telemetry/log.h"
#include "worker/last_will.h"

namespace lifecycle::cli {

struct GlobalOptions;
struct ProcessContext;

// How the supervised process ended, as waitpid() tells it.
struct ProcessEnd {
  int process_id = 0;
  int wait_status = 0;

  // Its own exit code, or 128 + the number of the signal that ended it.
  [[nodiscard]] ExitCode exit_code() const;
  // "exited with 1", "killed by SIGKILL (signal 9)".
  [[nodiscard]] std::string description() const;
};

// Forks; called while the process has one thread and no connection. Returns nothing in the child, which has a process group of its own,
// gets no signal twice that was meant for the parent, and is killed with its parent. In the parent it returns after the child's death:
// until then it hands signals on and reaps whatever process ends that nobody else waits for. Nothing is done about a child that is stopped.
// Errors: kResourceExhausted when there can be no further process.
[[nodiscard]] Result<std::optional<ProcessEnd>> run_supervised();

// What `--supervise` makes of this process: nothing when it was not given.
struct Supervision {
  std::optional<ExitCode> ended;                      // in the parent: the worker has lived, and the server was told what it left
  std::unique_ptr<worker::LastWillMemory> memory;     // in the child
  std::unique_ptr<worker::LastWillWriter> last_will;  // in the child
};

// Runs the supervised worker, if `settings` say so, and after an end that was no graceful one tells the server what it was executing. What
// goes wrong with that is logged: the worker's end is the news. Errors: kResourceExhausted.
[[nodiscard]] Result<Supervision> supervise_if_told(const Settings& settings, const GlobalOptions& options, const ProcessContext& process,
                                                    const Logger& log);

}  // namespace lifecycle::cli
