// `lifecycle wait --for CONDITION`: for scripts that go on once something is so. What is not there is not there yet.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "worker/contract.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

struct Connection;

enum class WaitKind : std::uint8_t {
  kCompleted,  // the workflow has ended
  kServing,    // a worker polls the task queue
  kVersion,    // workers of the version poll the task queue
};

struct WaitOptions {
  WaitKind kind = WaitKind::kCompleted;
  std::string subject;  // task queue or version; empty for kCompleted
  std::string workflow_id;
  std::string run_id;
  std::string deployment_name{demo::kDeploymentName};
  std::string task_queue{demo::kVersionedTaskQueue};
  Duration timeout = Duration::zero();  // zero: none
};

void add_wait_options(CLI::App& app, WaitOptions& options);

// Exit codes beside those of errors: kOperationFailed when the workflow ended otherwise than completed; kTimedOut when the time is up.
[[nodiscard]] ExitCode run_wait(const GlobalOptions& global, const WaitOptions& options, const ProcessContext& process);
// The same over a connection that is made already.
[[nodiscard]] ExitCode run_wait(const GlobalOptions& global, const WaitOptions& options, const ProcessContext& process, Output& output,
                                Connection& connection);

}  // namespace lifecycle::cli
