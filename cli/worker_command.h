// `lifecycle worker`: serves a task queue until it is told to stop.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "worker/worker.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

// What was given on the command line; what was not is taken from the environment or is the worker's default.
struct WorkerFlags {
  std::optional<std::string> task_queue;       // else TEMPORAL_TASK_QUEUE, else the contract's queue for a worker of this kind
  std::optional<std::string> worker_version;   // else TEMPORAL_WORKER_BUILD_ID, else the version built in
  std::optional<std::string> deployment_name;  // else TEMPORAL_DEPLOYMENT_NAME; empty: the worker is unversioned
  std::optional<worker::VersioningBehavior> versioning_behavior;  // else pinned; only together with a deployment
  worker::WorkerOptions options;  // the tuning flags write here; the names are set by resolve_worker_options()
};

void add_worker_options(CLI::App& app, WorkerFlags& flags);

// What tells this start of the process apart from every other.
struct ProcessFacts {
  std::string host_name;
  int process_id = 0;
  std::string nonce;
};

// Errors: kInvalidArgument for a version that is empty or longer than kWorkerVersionBytesMax, an empty task queue, names that a Worker
// Deployment may not have (client::check_version()), and a versioning behavior without a deployment.
[[nodiscard]] Result<worker::WorkerOptions> resolve_worker_options(const WorkerFlags& flags, const client::Environment& environment,
                                                                   const ProcessFacts& facts);

// Runs until a signal or the command's time-out stops it. The first signal stops it gracefully (exit code 0), the second at once (128 + its
// number). A server that is not there, or goes away, is waited for.
[[nodiscard]] ExitCode run_worker(const GlobalOptions& options, const WorkerFlags& flags, const ProcessContext& process);

}  // namespace lifecycle::cli
