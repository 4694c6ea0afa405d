#include "cli/rollout_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <set>
#include <utility>

#include "cli/connection.h"
#include "cli/flags.h"
#include "cli/rollout_status.h"
#include "cli/stop_requests.h"
#include "cli/time_text.h"
#include "client/deployments.h"

namespace lifecycle::cli {
namespace {

using nlohmann::ordered_json;
using DeploymentDescription = client::service::DescribeWorkerDeploymentResponse;

// What a change of the routing did.
struct Change {
  std::string action;    // "promoted", "rolled back", "ramp ended", "nothing to do"
  std::string current;   // build id that is current now
  std::string previous;  // build id that got workflows before; empty: none
};

class RolloutCommand {
 public:
  RolloutCommand(const GlobalOptions& global, const RolloutOptions& options, const ProcessContext& process, Output& output,
                 Connection& connection)
      : global_(global),
        options_(options),
        process_(process),
        output_(output),
        client_(make_client(connection)),
        deployments_(*connection.service, connection.loop, client_.options()),
        stop_requests_(connection.loop, global.command_timeout, [this](ExitCode stopped_by) { stop(stopped_by); }) {}

  ExitCode run() {
    if (const auto connected = client_.check_connection(global_.connect_timeout); !connected) {
      return output_.report(connected.error());
    }
    const Result<void> done = options_.action == RolloutAction::kStatus ? show_status() : change_routing();
    return done ? ExitCode::kDone : output_.report(done.error());
  }

 private:
  // --- status

  Result<void> show_status() {
    Result<RolloutFacts> facts = collect_facts();
    if (!facts) {
      return std::unexpected(std::move(facts).error());
    }
    const RolloutStatus status = make_rollout_status(*facts);
    if (output_.is_json()) {
      output_.document(rollout_json(status));
      return {};
    }
    for (const std::string& line : rollout_lines(status)) {
      output_.answer(line);
    }
    for (const std::string& warning : status.warnings) {
      output_.warning("warning: " + warning);
    }
    return {};
  }

  Result<RolloutFacts> collect_facts() {
    auto deployment = deployments_.describe(options_.deployment_name);
    if (!deployment) {
      return std::unexpected(std::move(deployment).error());
    }
    const auto all_deployments = deployments_.list();
    if (!all_deployments) {
      return std::unexpected(all_deployments.error());
    }
    RolloutFacts facts{.deployment = *std::move(deployment),
                       .versions = {},
                       .task_queues = {},
                       .open_workflows = {},
                       .deployments_in_namespace = all_deployments->size(),
                       .now = process_.clock.wall_now()};
    std::set<std::string> task_queues;
    for (const auto& summary : facts.deployment.worker_deployment_info().version_summaries()) {
      const client::DeploymentVersion version = client::from_api(summary.deployment_version());
      auto description = deployments_.describe_version(version);
      const Result<OpenWorkflows> open = count_open(version);
      if (!open) {
        return std::unexpected(open.error());
      }
      facts.open_workflows.emplace(version.build_id, *open);
      if (!description && description.error().code == ErrorCode::kNotFound) {
        continue;  // its first worker was gone before the server had noted the queues
      }
      if (!description) {
        return std::unexpected(description.error());
      }
      for (const auto& queue : description->version_task_queues()) {
        task_queues.insert(queue.name());
      }
      facts.versions.emplace(version.build_id, *std::move(description));
    }
    for (const std::string& name : task_queues) {
      auto queue = client_.describe_task_queue(name);
      if (!queue) {
        return std::unexpected(std::move(queue).error());
      }
      facts.task_queues.push_back(*std::move(queue));
    }
    return facts;
  }

  Result<OpenWorkflows> count_open(const client::DeploymentVersion& version) {
    const std::string open =
        fmt::format("TemporalWorkerDeploymentVersion = '{}' AND ExecutionStatus = 'Running'", client::to_text(version));
    const Result<std::int64_t> all = client_.count_workflows(open);
    const Result<std::int64_t> pinned = client_.count_workflows(open + " AND TemporalWorkflowVersioningBehavior = 'Pinned'");
    if (!all || !pinned) {
      return std::unexpected(all ? pinned.error() : all.error());
    }
    return OpenWorkflows{.all = *all, .pinned = *pinned};
  }

  // --- promote and rollback

  Result<void> change_routing() {
    const auto before = deployments_.describe(options_.deployment_name);
    if (!before) {
      return std::unexpected(before.error());
    }
    const SteadyTime began = process_.clock.steady_now();
    const Result<Change> change = options_.action == RolloutAction::kPromote ? promote(*before) : roll_back(*before);
    if (!change) {
      return std::unexpected(change.error());
    }
    changed_ = true;
    output_.note("waiting for the routing to reach every task queue");
    const auto after = deployments_.wait_until_propagated(options_.deployment_name, options_.wait_timeout);
    if (!after) {
      return std::unexpected(after.error());
    }
    return tell(*change, process_.clock.steady_now() - began);
  }

  Result<Change> promote(const DeploymentDescription& deployment) {
    const auto& routing = deployment.worker_deployment_info().routing_config();
    const std::string& current = routing.current_deployment_version().build_id();
    if (current == options_.version && routing.ramping_deployment_version().build_id().empty()) {
      return Change{.action = "nothing to do", .current = current, .previous = ""};
    }
    return set_current(deployment, "promoted", options_.version);
  }

  // A ramp is what is rolled back first: the version that is ramping gets no new workflow any more.
  Result<Change> roll_back(const DeploymentDescription& deployment) {
    const auto& routing = deployment.worker_deployment_info().routing_config();
    const std::string& current = routing.current_deployment_version().build_id();
    const std::string& ramping = routing.ramping_deployment_version().build_id();
    if (!ramping.empty()) {
      const Result<void> ended =
          deployments_.set_ramping({.deployment_name = options_.deployment_name, .build_id = ""}, 0, deployment.conflict_token());
      return ended ? Result<Change>(Change{.action = "ramp ended", .current = current, .previous = ramping})
                   : std::unexpected(ended.error());
    }
    const std::optional<std::string> before = version_before_current(deployment);
    if (!before) {
      return fail(ErrorCode::kFailedPrecondition,
                  fmt::format("deployment '{}': no version was current before {}", options_.deployment_name,
                              current.empty() ? "any other" : "'" + current + "'"),
                  "lifecycle rollout promote makes any version current");
    }
    return set_current(deployment, "rolled back", *before);
  }

  Result<Change> set_current(const DeploymentDescription& deployment, std::string action, const std::string& build_id) {
    const Result<void> set =
        deployments_.set_current({.deployment_name = options_.deployment_name, .build_id = build_id}, deployment.conflict_token());
    if (!set) {
      return std::unexpected(set.error());
    }
    return Change{.action = std::move(action),
                  .current = build_id,
                  .previous = deployment.worker_deployment_info().routing_config().current_deployment_version().build_id()};
  }

  Result<void> tell(const Change& change, Duration took) {
    OpenWorkflows left_behind;
    if (!change.previous.empty()) {
      const Result<OpenWorkflows> open = count_open({.deployment_name = options_.deployment_name, .build_id = change.previous});
      if (!open) {
        return std::unexpected(open.error());
      }
      left_behind = *open;
    }
    if (output_.is_json()) {
      output_.document({{"deployment", options_.deployment_name},
                        {"action", change.action},
                        {"current", change.current.empty() ? ordered_json(nullptr) : ordered_json(change.current)},
                        {"previous", change.previous.empty() ? ordered_json(nullptr) : ordered_json(change.previous)},
                        {"propagationMillis", to_millis(took)},
                        {"pinnedToPrevious", left_behind.pinned}});
      return {};
    }
    output_.answer(fmt::format("{}: current {} of deployment {}; every task queue routes so after {}", change.action,
                               change.current.empty() ? "none" : change.current, options_.deployment_name, short_duration(took)));
    if (left_behind.pinned > 0) {
      output_.answer(fmt::format("pinned to {} and staying there: {}", change.previous, left_behind.pinned));
    }
    return {};
  }

  void stop(ExitCode stopped_by) {
    report_stop(output_, stopped_by, changed_ ? "the routing is changed, and goes on spreading" : "the routing is probably as it was",
                "see lifecycle rollout status");
    ::_exit(to_int(stopped_by));
  }

  const GlobalOptions& global_;
  const RolloutOptions& options_;
  const ProcessContext& process_;
  Output& output_;
  client::Client client_;
  client::Deployments deployments_;
  bool changed_ = false;
  StopRequests stop_requests_;
};

}  // namespace

void add_rollout_options(CLI::App& app, RolloutOptions& options) {
  app.require_subcommand(1);
  const auto add_action = [&](const char* name, const char* help, RolloutAction action) {
    CLI::App* const subcommand = app.add_subcommand(name, help);
    subcommand->add_option("--deployment-name", options.deployment_name, "Worker Deployment")->capture_default_str();
    subcommand->callback([&options, action] { options.action = action; });
    return subcommand;
  };
  add_action("status", "show the versions: routing, drainage, workers, open workflows", RolloutAction::kStatus);
  CLI::App* const promote =
      add_action("promote", "make a version current: new workflows go to it, auto-upgrading ones move to it", RolloutAction::kPromote);
  promote->add_option("version", options.version, "version to make current")->required();
  CLI::App* const rollback =
      add_action("rollback", "end a ramp or, without one, make the version current that was so before; pinned workflows stay",
                 RolloutAction::kRollback);
  for (CLI::App* const subcommand : {promote, rollback}) {
    add_duration(*subcommand, "--wait-timeout", options.wait_timeout, "how long the routing may take to reach every task queue [30s]");
  }
}

ExitCode run_rollout(const GlobalOptions& global, const RolloutOptions& options, const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  const Result<void> valid = options.action == RolloutAction::kPromote
                                 ? client::check_version({.deployment_name = options.deployment_name, .build_id = options.version})
                                 : client::check_deployment_name(options.deployment_name);
  if (!valid) {
    return output.report(valid.error());
  }
  const Result<std::unique_ptr<Connection>> connection = connect_command(global, process, output);
  if (!connection) {
    return output.report(connection.error());
  }
  return run_rollout(global, options, process, output, **connection);
}

ExitCode run_rollout(const GlobalOptions& global, const RolloutOptions& options, const ProcessContext& process, Output& output,
                     Connection& connection) {
  return RolloutCommand(global, options, process, output, connection).run();
}

}  // namespace lifecycle::cli
