// `lifecycle versioned VERSION [lifecycle|quick]`: runs the contract's workflow pinned to one version of a Worker Deployment, and proves
// from its history that every task ran there. With --compare the identical workflow runs on a second version beside it.
#pragma once

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

struct Connection;

struct VersionedOptions {
  std::string version;
  std::string compare_with;  // a second version; empty: none
  Preset preset = Preset::kLifecycle;
  InputFlags input;
  std::string deployment_name{demo::kDeploymentName};
  std::string task_queue{demo::kVersionedTaskQueue};
  std::string workflow_id;  // empty: made from version, time and a random number
  // How long the version may take to serve the queue, and then, once more, to take the first workflow task.
  Duration wait_timeout = std::chrono::seconds(30);
  Duration timeout = Duration::zero();  // of following; zero: none
};

void add_versioned_options(CLI::App& app, VersionedOptions& options);

// Exit codes beside those of errors: kGuaranteeBroken when a task ran on another version; kOperationFailed when the workflow did not
// complete, or nothing tells where a task ran; kNotFound when nobody has heard of the version; kTimedOut when the version is known and its
// workers are silent.
[[nodiscard]] ExitCode run_versioned(const GlobalOptions& global, const VersionedOptions& options, const ProcessContext& process);
// The same over a connection that is made already; the names in `options` are valid.
[[nodiscard]] ExitCode run_versioned(const GlobalOptions& global, const VersionedOptions& options, const demo::LifecycleInput& input,
                                     const ProcessContext& process, Output& output, Connection& connection);

}  // namespace lifecycle::cli
