// `lifecycle start lifecycle|quick` and `lifecycle quick`: starts the contract's workflow, follows it, and prints its result.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "cli/workflow_input.h"
#include "worker/contract.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

// What happens when a workflow with this id runs already; the names are the temporal CLI's.
enum class IdConflictPolicy : std::uint8_t {
  kFail,
  kUseExisting,  // follow the one that runs
};

struct StartOptions {
  Preset preset = Preset::kLifecycle;
  InputFlags input;
  std::string workflow_id;  // empty: make_workflow_id()
  std::string task_queue{demo::kTaskQueue};
  IdConflictPolicy id_conflict_policy = IdConflictPolicy::kFail;
  bool no_wait = false;
  Duration timeout = Duration::zero();  // of following; zero: none
};

// All flags of the two commands; `start` has its preset as an argument, which the caller adds.
void add_start_options(CLI::App& app, StartOptions& options);

// The flags that shape the workflow's input.
void add_input_flags(CLI::App& app, InputFlags& input);

// The command that follows the same workflow again, as one would type it into a shell.
[[nodiscard]] std::string follow_again_command(const GlobalOptions& global, const StartOptions& options);

// Exit codes beside those of errors: kOperationFailed when the workflow did not complete; kTimedOut, kInterrupted and the like when
// following ended before the workflow did, which goes on.
[[nodiscard]] ExitCode run_start(const GlobalOptions& global, StartOptions options, const ProcessContext& process);

}  // namespace lifecycle::cli
