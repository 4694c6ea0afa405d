#include "cli/completion/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "cli/completion/fetch_kubernetes.h"
#include "client/connection_config.h"
#include "client/deployments.h"
#include "rpc/await.h"
#include "rpc/methods.h"
#include "worker/contract.h"

namespace lifecycle::cli {
namespace {

constexpr int kWorkflowsMax = 50;  // what fits on a screen; whoever wants another types a letter more

// The connection's flags among those that stand before the cursor. What cannot be parsed is as good as not given.
GlobalOptions global_options(const Completion& completion) {
  GlobalOptions options;
  CLI::App app;
  add_global_options(app, options);
  std::vector<std::string> arguments;
  for (const GivenOption& given : completion.given) {
    if (given.option->get_lnames().empty()) {
      continue;
    }
    const std::string name = "--" + given.option->get_lnames().front();
    if (app.get_option_no_throw(name) != nullptr) {
      arguments.push_back(given.option->get_items_expected_max() > 0 ? fmt::format("{}={}", name, given.value) : name);
    }
  }
  std::ranges::reverse(arguments);  // CLI11 wants them so
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError&) {
    return {};
  }
  return options;
}

std::string status_text(temporal::api::enums::v1::WorkflowExecutionStatus status) {
  constexpr std::string_view kPrefix = "WORKFLOW_EXECUTION_STATUS_";
  const std::string& name = temporal::api::enums::v1::WorkflowExecutionStatus_Name(status);
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

// Newest first, as the server lists them.
std::vector<temporal::api::workflow::v1::WorkflowExecutionInfo> recent_workflows(Connection& connection, const std::string& query,
                                                                                 Duration timeout) {
  rpc::ListWorkflowExecutions::Request request;
  request.set_namespace_(connection.config.name_space);
  request.set_query(query);
  request.set_page_size(kWorkflowsMax);
  const auto reply =
      rpc::await<rpc::ListWorkflowExecutions>(*connection.service, connection.loop, std::move(request), {.timeout = timeout});
  if (!reply) {
    return {};
  }
  return {(*reply)->executions().begin(), (*reply)->executions().end()};
}

std::vector<Candidate> workflow_ids(const std::string& typed, Connection& connection, Duration timeout) {
  if (typed.find_first_of("'\"\\") != std::string::npos) {
    return {};  // the query would need quoting of its own
  }
  const std::string query = typed.empty() ? "" : fmt::format("WorkflowId STARTS_WITH '{}'", typed);
  std::vector<Candidate> found;
  std::set<std::string> seen;  // an id has many runs
  for (const auto& info : recent_workflows(connection, query, timeout)) {
    if (seen.insert(info.execution().workflow_id()).second) {
      found.push_back(
          {.value = info.execution().workflow_id(), .description = fmt::format("{} {}", info.type().name(), status_text(info.status()))});
    }
  }
  return found;
}

std::vector<Candidate> task_queues(Connection& connection, Duration timeout) {
  std::vector<Candidate> found{{.value = std::string(demo::kTaskQueue), .description = "any version may run any task"},
                               {.value = std::string(demo::kVersionedTaskQueue), .description = "of the Worker Deployment"}};
  for (const auto& info : recent_workflows(connection, "", timeout)) {
    if (std::ranges::find(found, info.task_queue(), &Candidate::value) == found.end()) {
      found.push_back({.value = info.task_queue(), .description = fmt::format("seen with {}", info.type().name())});
    }
  }
  return found;
}

std::string describe_version(const temporal::api::deployment::v1::WorkerDeploymentInfo& deployment, const std::string& build_id) {
  const auto& routing = deployment.routing_config();
  if (routing.current_deployment_version().build_id() == build_id) {
    return "current";
  }
  if (routing.ramping_deployment_version().build_id() == build_id) {
    return fmt::format("ramping, {}%", routing.ramping_version_percentage());
  }
  return fmt::format("of deployment {}", deployment.name());
}

std::vector<Candidate> versions(const std::string& deployment_name, client::Deployments deployments) {
  std::vector<Candidate> found;
  const auto description = deployments.describe(deployment_name);
  if (description) {
    const auto& deployment = description->worker_deployment_info();
    for (const auto& summary : deployment.version_summaries()) {
      const std::string& build_id = summary.deployment_version().build_id();
      found.push_back({.value = build_id, .description = describe_version(deployment, build_id)});
    }
  }
  return found;
}

std::vector<Candidate> deployments_there(client::Deployments deployments) {
  std::vector<Candidate> found;
  if (const auto summaries = deployments.list()) {
    for (const auto& summary : *summaries) {
      const std::string& current = summary.routing_config().current_deployment_version().build_id();
      found.push_back({.value = summary.name(), .description = current.empty() ? "no current version" : "current " + current});
    }
  }
  return found;
}

std::vector<Candidate> profiles(const GlobalOptions& options, const client::Environment& environment) {
  std::vector<Candidate> found;
  if (const auto names = client::profile_names(options.connection, environment)) {
    std::ranges::transform(*names, std::back_inserter(found), [](const std::string& name) { return Candidate{.value = name}; });
  }
  return found;
}

// One try: the calls that follow would try again until their time is over.
bool is_there(Connection& connection, Duration timeout) {
  return rpc::await<rpc::GetSystemInfo>(*connection.service, connection.loop, {}, {.timeout = timeout}).has_value();
}

}  // namespace

std::vector<Candidate> fetch_from_server(const Completion& completion, Connection& connection, Duration timeout) {
  const client::Deployments deployments(*connection.service, connection.loop,
                                        {.name_space = connection.config.name_space, .command_timeout = timeout});
  switch (completion.source) {
    case ValueSource::kWorkflowIds:
      return workflow_ids(completion.typed, connection, timeout);
    case ValueSource::kTaskQueues:
      return task_queues(connection, timeout);
    case ValueSource::kVersions:
      return versions(completion.given_value("--deployment-name").value_or(std::string(demo::kDeploymentName)), deployments);
    case ValueSource::kDeployments:
      return deployments_there(deployments);
    case ValueSource::kProfiles:
    case ValueSource::kKubeContexts:
    case ValueSource::kPods:
    case ValueSource::kFiles:
    case ValueSource::kNobody:
      return {};
  }
  std::unreachable();
}

std::vector<Candidate> fetch_candidates(const Completion& completion, const ProcessContext& process, Duration timeout) {
  if (completion.source == ValueSource::kNobody || completion.source == ValueSource::kFiles) {
    return {};
  }
  if (completion.source == ValueSource::kKubeContexts || completion.source == ValueSource::kPods) {
    return fetch_from_kubernetes(completion, process, timeout);
  }
  const GlobalOptions options = global_options(completion);
  if (completion.source == ValueSource::kProfiles) {
    return profiles(options, process.environment);
  }
  const auto connection = make_connection(options, process, Logger(LogLevel::kNever, LogFormat::kText));
  if (!connection || !is_there(**connection, timeout)) {
    return {};
  }
  return fetch_from_server(completion, **connection, timeout);
}

}  // namespace lifecycle::cli
