#include "client/deployments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "client/call.h"
#include "rpc/methods.h"

namespace lifecycle::client {
namespace {

using namespace std::chrono_literals;
namespace enums = temporal::api::enums::v1;

constexpr Duration kLookAgainWait = 250ms;
constexpr int kPageSize = 100;

bool serves(const service::DescribeWorkerDeploymentVersionResponse& version, const std::string& task_queue, enums::TaskQueueType type) {
  return std::ranges::any_of(version.version_task_queues(),
                             [&](const auto& queue) { return queue.name() == task_queue && queue.type() == type; });
}

std::string task_queues_of(const service::DescribeWorkerDeploymentVersionResponse& version) {
  std::vector<std::string> names;
  for (const auto& queue : version.version_task_queues()) {
    if (std::ranges::find(names, queue.name()) == names.end()) {
      names.push_back(queue.name());
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Deployments::Deployments(rpc::WorkflowService& service, rpc::RunnableEventLoop& loop, ClientOptions options)
    : service_(service), loop_(loop), options_(std::move(options)) {
  if (options_.identity.empty()) {
    options_.identity = default_identity();
  }
}

template <class Rpc>
Result<typename Rpc::Response> Deployments::ask(typename Rpc::Request request, std::string_view attempt) {
  request.set_namespace_(options_.name_space);
  return client::ask<Rpc>(service_, loop_, options_, std::move(request), attempt);
}

Result<std::vector<Deployments::Summary>> Deployments::list() {
  std::vector<Summary> all;
  rpc::ListWorkerDeployments::Request request;
  request.set_page_size(kPageSize);
  do {
    auto page = ask<rpc::ListWorkerDeployments>(request, "list Worker Deployments");
    if (!page) {
      return std::unexpected(std::move(page.error()));
    }
    std::ranges::move(*page->mutable_worker_deployments(), std::back_inserter(all));
    request.set_next_page_token(page->next_page_token());
  } while (!request.next_page_token().empty());
  return all;
}

Result<service::DescribeWorkerDeploymentResponse> Deployments::describe(const std::string& deployment_name) {
  rpc::DescribeWorkerDeployment::Request request;
  request.set_deployment_name(deployment_name);
  auto response = ask<rpc::DescribeWorkerDeployment>(std::move(request), fmt::format("describe deployment '{}'", deployment_name));
  if (!response && response.error().code == ErrorCode::kNotFound) {
    return std::unexpected(unknown_deployment(deployment_name));
  }
  return response;
}

Result<service::DescribeWorkerDeploymentVersionResponse> Deployments::describe_version(const DeploymentVersion& version) {
  rpc::DescribeWorkerDeploymentVersion::Request request;
  *request.mutable_deployment_version() = to_api(version);
  request.set_report_task_queue_stats(true);
  return ask<rpc::DescribeWorkerDeploymentVersion>(
      std::move(request), fmt::format("describe version '{}' of deployment '{}'", version.build_id, version.deployment_name));
}

Error Deployments::unknown_deployment(const std::string& deployment_name) {
  Error error{.code = ErrorCode::kNotFound,
              .message = fmt::format("deployment '{}': nobody in namespace '{}' has heard of it", deployment_name, options_.name_space),
              .hint = "a deployment exists from the first poll of one of its workers on; there is none yet"};
  const Result<std::vector<Summary>> others = list();
  if (others && !others->empty()) {
    std::vector<std::string> names;
    std::ranges::transform(*others, std::back_inserter(names), [](const Summary& summary) { return summary.name(); });
    error.hint = fmt::format("these exist: {}", fmt::join(names, ", "));
  }
  return error;
}

Error Deployments::unknown_version(const DeploymentVersion& version) {
  const auto deployment = describe(version.deployment_name);
  if (!deployment) {
    return deployment.error();
  }
  std::vector<std::string> names;
  std::ranges::transform(deployment->worker_deployment_info().version_summaries(), std::back_inserter(names),
                         [](const auto& summary) { return summary.deployment_version().build_id(); });
  std::ranges::sort(names);
  if (std::ranges::find(names, version.build_id) != names.end()) {
    // A worker that is killed right after its first poll leaves this behind: the server notes the version at once, and its queues later.
    return {.code = ErrorCode::kDeadlineExceeded,
            .message = fmt::format("version '{}' of deployment '{}' is known, but serves no task queue", version.build_id,
                                   version.deployment_name)};
  }
  return {.code = ErrorCode::kNotFound,
          .message = fmt::format("version '{}' of deployment '{}': nobody has heard of it", version.build_id, version.deployment_name),
          .hint = fmt::format("a version exists from its first poll on; these exist: {}", fmt::join(names, ", "))};
}

Result<void> Deployments::wait_until_serving(const DeploymentVersion& version, const std::string& task_queue, Duration timeout) {
  const SteadyTime deadline = loop_.clock().steady_now() + timeout;
  while (true) {
    const auto description = describe_version(version);
    if (!description && description.error().code != ErrorCode::kNotFound) {
      return std::unexpected(description.error());
    }
    if (description && serves(*description, task_queue, enums::TASK_QUEUE_TYPE_WORKFLOW) &&
        serves(*description, task_queue, enums::TASK_QUEUE_TYPE_ACTIVITY)) {
      return {};
    }
    if (loop_.clock().steady_now() + kLookAgainWait > deadline) {
      return description ? fail(ErrorCode::kDeadlineExceeded,
                                fmt::format("version '{}' of deployment '{}' does not serve task queue '{}' after {}", version.build_id,
                                            version.deployment_name, task_queue, format_duration(timeout)),
                                fmt::format("it serves: {}", task_queues_of(*description)))
                         : std::unexpected(unknown_version(version));
    }
    wait(loop_, kLookAgainWait);
  }
}

Result<void> Deployments::set_current(const DeploymentVersion& version, const std::string& conflict_token) {
  rpc::SetWorkerDeploymentCurrentVersion::Request request;
  request.set_deployment_name(version.deployment_name);
  request.set_build_id(version.build_id);
  request.set_conflict_token(conflict_token);
  request.set_identity(options_.identity);
  auto response = ask<rpc::SetWorkerDeploymentCurrentVersion>(
      std::move(request), fmt::format("make '{}' the current version of deployment '{}'", version.build_id, version.deployment_name));
  if (!response && response.error().code == ErrorCode::kNotFound) {
    return std::unexpected(unknown_version(version));
  }
  return without_answer(std::move(response));
}

Result<void> Deployments::set_ramping(const DeploymentVersion& version, float percentage, const std::string& conflict_token) {
  rpc::SetWorkerDeploymentRampingVersion::Request request;
  request.set_deployment_name(version.deployment_name);
  request.set_build_id(version.build_id);
  request.set_percentage(percentage);
  request.set_conflict_token(conflict_token);
  request.set_identity(options_.identity);
  return without_answer(ask<rpc::SetWorkerDeploymentRampingVersion>(
      std::move(request), version.build_id.empty()
                              ? fmt::format("end the ramp of deployment '{}'", version.deployment_name)
                              : fmt::format("ramp version '{}' of deployment '{}'", version.build_id, version.deployment_name)));
}

Result<service::DescribeWorkerDeploymentResponse> Deployments::wait_until_propagated(const std::string& deployment_name, Duration timeout) {
  const SteadyTime deadline = loop_.clock().steady_now() + timeout;
  while (true) {
    auto description = describe(deployment_name);
    if (!description ||
        description->worker_deployment_info().routing_config_update_state() != enums::ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS) {
      return description;
    }
    if (loop_.clock().steady_now() + kLookAgainWait > deadline) {
      return fail(ErrorCode::kDeadlineExceeded,
                  fmt::format("deployment '{}': the new routing has not reached every task queue after {}", deployment_name,
                              format_duration(timeout)),
                  "it is set and goes on spreading; see lifecycle rollout status");
    }
    wait(loop_, kLookAgainWait);
  }
}

}  // namespace lifecycle::client
