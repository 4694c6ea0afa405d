// Where a Worker Deployment stands: which versions there are, where new workflows go, and what still runs on the others.
#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lifecycle::cli {

// The server's limits when nobody has changed them (matching.maxDeployments, matching.maxVersionsInDeployment); it tells neither.
inline constexpr std::size_t kDeploymentsMaxDefault = 100;
inline constexpr std::size_t kVersionsMaxDefault = 100;

// Workflows that have not ended, as the visibility store counts them.
struct OpenWorkflows {
  std::int64_t all = 0;
  std::int64_t pinned = 0;  // those that stay on the version to their end
};

// All that the server was asked; the maps are by build id.
struct RolloutFacts {
  temporal::api::workflowservice::v1::DescribeWorkerDeploymentResponse deployment;
  std::map<std::string, temporal::api::workflowservice::v1::DescribeWorkerDeploymentVersionResponse> versions;
  std::vector<temporal::api::workflowservice::v1::DescribeTaskQueueResponse> task_queues;
  std::map<std::string, OpenWorkflows> open_workflows;
  std::size_t deployments_in_namespace = 0;
  WallTime now;
};

enum class VersionState : std::uint8_t { kCurrent, kRamping, kDraining, kDrained, kInactive };
[[nodiscard]] std::string_view name_of(VersionState state);

enum class Drainage : std::uint8_t {
  kNotDraining,  // current or ramping: it gets new workflows
  kNotChecked,   // the server has not looked yet, so nothing is known; never to be read as safe
  kDraining,
  kDrained,
};
[[nodiscard]] std::string_view name_of(Drainage drainage);

// What tells whether a version has workers. The server remembers pollers for five minutes, so that the list alone proves nothing; a poll is
// renewed after a minute at the latest, and a task that waits for seconds tells before that.
struct Liveness {
  int workers = 0;  // whose last poll may still be open: one that was killed within the last minute is still among them
  std::optional<Duration> since_last_poll;
  std::optional<Duration> oldest_waiting_task;

  [[nodiscard]] bool silent() const;
};

struct VersionStatus {
  std::string build_id;
  VersionState state = VersionState::kInactive;
  float ramp_percentage = 0;
  Drainage drainage = Drainage::kNotChecked;
  std::optional<WallTime> drainage_checked;
  Liveness liveness;
  OpenWorkflows open_workflows;
  WallTime created;
};

struct RolloutStatus {
  std::string deployment_name;
  std::string current;  // build id; empty: none, and new workflows go to unversioned workers
  std::string ramping;  // build id; empty: none
  float ramp_percentage = 0;
  bool routing_in_progress = false;     // some task queues still route as before
  std::vector<VersionStatus> versions;  // current, ramping, then the others, newest first
  std::vector<std::string> warnings;
  WallTime now;
};

[[nodiscard]] RolloutStatus make_rollout_status(const RolloutFacts& facts);

// A line about the deployment, and the table. Warnings are not among them.
[[nodiscard]] std::vector<std::string> rollout_lines(const RolloutStatus& status);
// {"deployment", "current", "ramping", "routing", "versions": [...], "warnings": [...]}
[[nodiscard]] nlohmann::ordered_json rollout_json(const RolloutStatus& status);

// The version to go back to: of those that got workflows before the current one first did, the one that was current last. Nothing when
// there is none. Going back twice thus goes further back, and never forward again to what was rolled back.
[[nodiscard]] std::optional<std::string> version_before_current(
    const temporal::api::workflowservice::v1::DescribeWorkerDeploymentResponse& deployment);

}  // namespace lifecycle::cli
