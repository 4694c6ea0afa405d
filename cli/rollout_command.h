// `lifecycle rollout status|promote|rollback`: where a Worker Deployment sends its workflows, and how that is changed.
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

enum class RolloutAction : std::uint8_t { kStatus, kPromote, kRollback };

struct RolloutOptions {
  RolloutAction action = RolloutAction::kStatus;
  std::string deployment_name{demo::kDeploymentName};
  std::string version;                               // of kPromote
  Duration wait_timeout = std::chrono::seconds(30);  // for the routing to reach every task queue
};

// Adds the three subcommands of `rollout`; the one that was given sets `options.action`.
void add_rollout_options(CLI::App& app, RolloutOptions& options);

// Exit codes beside those of errors: none.
[[nodiscard]] ExitCode run_rollout(const GlobalOptions& global, const RolloutOptions& options, const ProcessContext& process);
// The same over a connection that is made already; the names in `options` are valid.
[[nodiscard]] ExitCode run_rollout(const GlobalOptions& global, const RolloutOptions& options, const ProcessContext& process,
                                   Output& output, Connection& connection);

}  // namespace lifecycle::cli
