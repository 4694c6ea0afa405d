#include "cli/rollout_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "api/api.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "client/client.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;
using nlohmann::ordered_json;
using DeploymentDescription = temporal::api::workflowservice::v1::DescribeWorkerDeploymentResponse;
using VersionDescription = temporal::api::workflowservice::v1::DescribeWorkerDeploymentVersionResponse;
using VersionSummary = temporal::api::deployment::v1::WorkerDeploymentInfo::WorkerDeploymentVersionSummary;

constexpr Duration kTaskWaitsMax = 5s;
constexpr double kLimitWarningFraction = 0.8;

VersionState state_of(const VersionSummary& summary) {
  switch (summary.status()) {
    case api::enums::WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT:
      return VersionState::kCurrent;
    case api::enums::WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING:
      return VersionState::kRamping;
    case api::enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING:
      return VersionState::kDraining;
    case api::enums::WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED:
      return VersionState::kDrained;
    default:
      return VersionState::kInactive;
  }
}

Drainage drainage_of(const VersionSummary& summary) {
  switch (summary.drainage_info().status()) {
    case api::enums::VERSION_DRAINAGE_STATUS_DRAINING:
      return Drainage::kDraining;
    case api::enums::VERSION_DRAINAGE_STATUS_DRAINED:
      return Drainage::kDrained;
    default: {
      const VersionState state = state_of(summary);
      return state == VersionState::kCurrent || state == VersionState::kRamping ? Drainage::kNotDraining : Drainage::kNotChecked;
    }
  }
}

// Clocks differ: what seems to lie ahead has happened just now.
Duration since(WallTime then, WallTime now) { return std::max(now - then, Duration::zero()); }

Liveness liveness_of(const std::string& build_id, const RolloutFacts& facts) {
  Liveness liveness;
  std::set<std::string> workers;
  const std::string& deployment_name = facts.deployment.worker_deployment_info().name();
  for (const auto& queue : facts.task_queues) {
    for (const auto& poller : queue.pollers()) {
      if (poller.deployment_options().deployment_name() != deployment_name || poller.deployment_options().build_id() != build_id) {
        continue;
      }
      const Duration age = since(api::to_wall_time(poller.last_access_time()), facts.now);
      liveness.since_last_poll = std::min(age, liveness.since_last_poll.value_or(age));
      if (age <= client::kPollRenewedWithin) {
        workers.insert(poller.identity());
      }
    }
  }
  liveness.workers = static_cast<int>(workers.size());
  if (const auto version = facts.versions.find(build_id); version != facts.versions.end()) {
    for (const auto& queue : version->second.version_task_queues()) {
      if (queue.stats().approximate_backlog_count() > 0) {
        const Duration age = api::to_duration(queue.stats().approximate_backlog_age());
        liveness.oldest_waiting_task = std::max(age, liveness.oldest_waiting_task.value_or(age));
      }
    }
  }
  return liveness;
}

VersionStatus status_of(const VersionSummary& summary, const RolloutFacts& facts) {
  const std::string& build_id = summary.deployment_version().build_id();
  VersionStatus status{.build_id = build_id,
                       .state = state_of(summary),
                       .drainage = drainage_of(summary),
                       .liveness = liveness_of(build_id, facts),
                       .created = api::to_wall_time(summary.create_time())};
  if (status.state == VersionState::kRamping) {
    status.ramp_percentage = facts.deployment.worker_deployment_info().routing_config().ramping_version_percentage();
  }
  const bool was_checked = status.drainage == Drainage::kDraining || status.drainage == Drainage::kDrained;
  if (was_checked && summary.drainage_info().has_last_checked_time()) {
    status.drainage_checked = api::to_wall_time(summary.drainage_info().last_checked_time());
  }
  if (const auto open = facts.open_workflows.find(build_id); open != facts.open_workflows.end()) {
    status.open_workflows = open->second;
  }
  return status;
}

bool is_near(std::size_t count, std::size_t limit) {
  return static_cast<double>(count) >= kLimitWarningFraction * static_cast<double>(limit);
}

std::vector<std::string> warnings_about(const RolloutStatus& status, std::size_t deployments_in_namespace) {
  std::vector<std::string> warnings;
  if (status.current.empty()) {
    warnings.emplace_back("no version is current: new workflows that are not pinned wait for unversioned workers; see rollout promote");
  }
  for (const VersionStatus& version : status.versions) {
    if (version.drainage == Drainage::kDrained && version.open_workflows.pinned > 0) {
      warnings.push_back(fmt::format(
          "{} is called drained, but {} open and pinned to it: started after the server looked", version.build_id,
          version.open_workflows.pinned == 1 ? "1 workflow is" : fmt::format("{} workflows are", version.open_workflows.pinned)));
    }
  }
  if (is_near(status.versions.size(), kVersionsMaxDefault)) {
    warnings.push_back(
        fmt::format("the deployment has {} versions, and the server takes {} unless it is configured otherwise "
                    "(matching.maxVersionsInDeployment): delete those that are drained",
                    status.versions.size(), kVersionsMaxDefault));
  }
  if (is_near(deployments_in_namespace, kDeploymentsMaxDefault)) {
    warnings.push_back(
        fmt::format("the namespace has {} deployments, and the server takes {} unless it is configured otherwise "
                    "(matching.maxDeployments): delete those that are not used",
                    deployments_in_namespace, kDeploymentsMaxDefault));
  }
  return warnings;
}

std::string state_text(const VersionStatus& version) {
  return version.state == VersionState::kRamping ? fmt::format("ramping {:g}%", version.ramp_percentage)
                                                 : std::string(name_of(version.state));
}

std::string drainage_text(const VersionStatus& version, WallTime now) {
  if (version.drainage == Drainage::kNotDraining) {
    return "-";
  }
  if (version.drainage == Drainage::kNotChecked || !version.drainage_checked) {
    return std::string(name_of(version.drainage));
  }
  return fmt::format("{}, checked {} ago", name_of(version.drainage), short_duration(since(*version.drainage_checked, now)));
}

std::string liveness_text(const Liveness& liveness) {
  if (liveness.oldest_waiting_task && *liveness.oldest_waiting_task > kTaskWaitsMax) {
    return fmt::format("silent: a task waits for {}", short_duration(*liveness.oldest_waiting_task));
  }
  if (!liveness.since_last_poll) {
    return "silent: no poll in five minutes";
  }
  if (liveness.silent()) {
    return fmt::format("silent: last poll {} ago", short_duration(*liveness.since_last_poll));
  }
  return fmt::format("up to {} {}, polled {} ago", liveness.workers, liveness.workers == 1 ? "worker" : "workers",
                     short_duration(*liveness.since_last_poll));
}

ordered_json millis_or_null(const std::optional<Duration>& duration) {
  return duration ? ordered_json(to_millis(*duration)) : ordered_json(nullptr);
}

ordered_json text_or_null(const std::string& text) { return text.empty() ? ordered_json(nullptr) : ordered_json(text); }

ordered_json version_json(const VersionStatus& version) {
  ordered_json item{{"version", version.build_id}, {"status", name_of(version.state)}};
  item["drainage"] = version.drainage == Drainage::kNotDraining ? ordered_json(nullptr) : ordered_json(name_of(version.drainage));
  item["drainageCheckedAt"] = version.drainage_checked ? ordered_json(iso_time(*version.drainage_checked)) : ordered_json(nullptr);
  item["liveness"] = {{"silent", version.liveness.silent()},
                      {"workers", version.liveness.workers},
                      {"sinceLastPollMillis", millis_or_null(version.liveness.since_last_poll)},
                      {"oldestWaitingTaskMillis", millis_or_null(version.liveness.oldest_waiting_task)}};
  item["openWorkflows"] = version.open_workflows.all;
  item["openPinnedWorkflows"] = version.open_workflows.pinned;
  item["createdAt"] = iso_time(version.created);
  return item;
}

}  // namespace

std::string_view name_of(VersionState state) {
  switch (state) {
    case VersionState::kCurrent:
      return "current";
    case VersionState::kRamping:
      return "ramping";
    case VersionState::kDraining:
      return "draining";
    case VersionState::kDrained:
      return "drained";
    case VersionState::kInactive:
      return "inactive";
  }
  std::unreachable();
}

std::string_view name_of(Drainage drainage) {
  switch (drainage) {
    case Drainage::kNotDraining:
      return "not draining";
    case Drainage::kNotChecked:
      return "not yet checked";
    case Drainage::kDraining:
      return "draining";
    case Drainage::kDrained:
      return "drained";
  }
  std::unreachable();
}

bool Liveness::silent() const { return workers == 0 || (oldest_waiting_task && *oldest_waiting_task > kTaskWaitsMax); }

RolloutStatus make_rollout_status(const RolloutFacts& facts) {
  const auto& info = facts.deployment.worker_deployment_info();
  const auto& routing = info.routing_config();
  RolloutStatus status{.deployment_name = info.name(),
                       .current = routing.current_deployment_version().build_id(),
                       .ramping = routing.ramping_deployment_version().build_id(),
                       .ramp_percentage = routing.ramping_version_percentage(),
                       .routing_in_progress = info.routing_config_update_state() == api::enums::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS,
                       .versions = {},
                       .warnings = {},
                       .now = facts.now};
  for (const VersionSummary& summary : info.version_summaries()) {
    status.versions.push_back(status_of(summary, facts));
  }
  std::ranges::sort(status.versions, [](const VersionStatus& one, const VersionStatus& other) {
    const auto rank = [](const VersionStatus& version) {
      const int group = version.state == VersionState::kCurrent ? 0 : version.state == VersionState::kRamping ? 1 : 2;
      return std::tuple(group, WallTime::duration::zero() - version.created.time_since_epoch());
    };
    return rank(one) < rank(other);
  });
  status.warnings = warnings_about(status, facts.deployments_in_namespace);
  return status;
}

std::vector<std::string> rollout_lines(const RolloutStatus& status) {
  const std::string ramp = status.ramping.empty() ? "" : fmt::format(", ramping {} {:g}%", status.ramping, status.ramp_percentage);
  std::vector<Row> rows{{"VERSION", "STATUS", "DRAINAGE", "LIVENESS", "OPEN", "PINNED"}};
  for (const VersionStatus& version : status.versions) {
    rows.push_back({version.build_id, state_text(version), drainage_text(version, status.now), liveness_text(version.liveness),
                    std::to_string(version.open_workflows.all), std::to_string(version.open_workflows.pinned)});
  }
  std::vector<std::string> lines{fmt::format("deployment {}: current {}{}{}", status.deployment_name,
                                             status.current.empty() ? "none" : status.current, ramp,
                                             status.routing_in_progress ? "; not every task queue routes so yet" : "")};
  std::ranges::move(aligned(rows), std::back_inserter(lines));
  return lines;
}

ordered_json rollout_json(const RolloutStatus& status) {
  ordered_json versions = ordered_json::array();
  for (const VersionStatus& version : status.versions) {
    versions.push_back(version_json(version));
  }
  ordered_json ramping = nullptr;
  if (!status.ramping.empty()) {
    ramping = {{"version", status.ramping}, {"percentage", status.ramp_percentage}};
  }
  return {{"deployment", status.deployment_name}, {"current", text_or_null(status.current)},
          {"ramping", std::move(ramping)},        {"routing", status.routing_in_progress ? "in progress" : "propagated"},
          {"versions", std::move(versions)},      {"warnings", status.warnings}};
}

std::optional<std::string> version_before_current(const DeploymentDescription& deployment) {
  const auto& info = deployment.worker_deployment_info();
  const std::string& current = info.routing_config().current_deployment_version().build_id();
  const auto of_current =
      std::ranges::find_if(info.version_summaries(), [&](const auto& each) { return each.deployment_version().build_id() == current; });
  if (of_current == info.version_summaries().end()) {
    return std::nullopt;
  }
  const VersionSummary* before = nullptr;
  for (const VersionSummary& each : info.version_summaries()) {
    const bool was_current_earlier = each.has_last_current_time() && api::to_wall_time(each.first_activation_time()) <
                                                                         api::to_wall_time(of_current->first_activation_time());
    if (was_current_earlier &&
        (before == nullptr || api::to_wall_time(each.last_current_time()) > api::to_wall_time(before->last_current_time()))) {
      before = &each;
    }
  }
  return before == nullptr ? std::nullopt : std::optional(before->deployment_version().build_id());
}

}  // namespace lifecycle::cli
