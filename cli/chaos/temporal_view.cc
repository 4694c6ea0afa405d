#include "cli/chaos/temporal_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "client/call.h"
#include "rpc/methods.h"

namespace lifecycle::cli::chaos {
namespace {

using PendingActivity = temporal::api::workflow::v1::PendingActivityInfo;
using Description = client::service::DescribeWorkflowExecutionResponse;

// The server tells it of an attempt that has failed; of one that runs, the policy does.
std::optional<Duration> retry_interval(const PendingActivity& activity) {
  if (activity.has_current_retry_interval()) {
    return api::to_duration(activity.current_retry_interval());
  }
  const auto& policy = activity.activity_options().retry_policy();
  if (!policy.has_initial_interval() || (policy.maximum_attempts() > 0 && activity.attempt() >= policy.maximum_attempts())) {
    return std::nullopt;
  }
  const Duration initial = api::to_duration(policy.initial_interval());
  constexpr int kDefaultMaximum = 100;  // times the initial interval
  const Duration longest = policy.has_maximum_interval() ? api::to_duration(policy.maximum_interval()) : initial * kDefaultMaximum;
  const double grown = static_cast<double>(initial.count()) * std::pow(policy.backoff_coefficient(), activity.attempt() - 1);
  return grown < static_cast<double>(longest.count()) ? Duration(static_cast<std::int64_t>(grown)) : longest;
}

HeldWork held_work(const Description& description, const PendingActivity& activity) {
  const auto& info = description.workflow_execution_info();
  const auto& options = activity.activity_options();
  const WallTime started = api::to_wall_time(activity.last_started_time());
  const WallTime heartbeat = api::to_wall_time(activity.last_heartbeat_time());
  return {.workflow_id = info.execution().workflow_id(),
          .run_id = info.execution().run_id(),
          .workflow_type = info.type().name(),
          .task_queue = description.execution_config().task_queue().name(),
          .activity_id = activity.activity_id(),
          .activity_type = activity.activity_type().name(),
          .attempt = activity.attempt(),
          .worker_identity = activity.last_worker_identity(),
          .started = started,
          .last_heartbeat = std::max(started, heartbeat),
          .heartbeat_timeout = api::to_duration(options.heartbeat_timeout()),
          .start_to_close_timeout = api::to_duration(options.start_to_close_timeout()),
          .retry_interval = retry_interval(activity)};
}

std::vector<HeldWork> held_in(const Description& description) {
  std::vector<HeldWork> held;
  for (const PendingActivity& activity : description.pending_activities()) {
    if (activity.state() != api::enums::PENDING_ACTIVITY_STATE_SCHEDULED && !activity.last_worker_identity().empty() &&
        activity.state() != api::enums::PENDING_ACTIVITY_STATE_PAUSED) {
      held.push_back(held_work(description, activity));
    }
  }
  return held;
}

}  // namespace

std::string describe(const HeldWork& work) {
  return fmt::format("{}: {} (activity {}), attempt {}", work.workflow_id, work.activity_type, work.activity_id, work.attempt);
}

Result<std::vector<HeldWork>> TemporalView::held_of(const std::string& workflow_id) {
  const Result<Description> description = client_.describe(workflow_id);
  if (!description) {
    return std::unexpected(description.error());
  }
  if (description->workflow_execution_info().status() != api::enums::WORKFLOW_EXECUTION_STATUS_RUNNING) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("workflow '{}' has ended", workflow_id), "no worker executes anything of it");
  }
  return held_in(*description);
}

Result<std::vector<std::string>> TemporalView::open_workflows(int& total) {
  rpc::ListWorkflowExecutions::Request request;
  request.set_namespace_(options_.name_space);
  request.set_query("ExecutionStatus = 'Running'");
  request.set_page_size(kAskedWorkflowsMax + 1);
  const auto listed = client::ask<rpc::ListWorkflowExecutions>(service_, loop_, options_, std::move(request), "list the open workflows");
  if (!listed) {
    return std::unexpected(listed.error());
  }
  std::vector<std::string> ids;
  total = listed->executions_size();
  for (const auto& execution : listed->executions()) {
    if (static_cast<int>(ids.size()) < kAskedWorkflowsMax) {
      ids.push_back(execution.execution().workflow_id());
    }
  }
  return ids;
}

Result<OpenWork> TemporalView::held_of_all() {
  int total = 0;
  const Result<std::vector<std::string>> ids = open_workflows(total);
  if (!ids) {
    return std::unexpected(ids.error());
  }
  OpenWork open{.held = {}, .complete = total <= kAskedWorkflowsMax};
  for (const std::string& id : *ids) {
    const Result<Description> description = client_.describe(id);
    if (!description && description.error().code == ErrorCode::kNotFound) {
      continue;  // the list is a moment behind
    }
    if (!description) {
      return std::unexpected(description.error());
    }
    std::ranges::move(held_in(*description), std::back_inserter(open.held));
  }
  return open;
}

Result<std::vector<Poller>> TemporalView::pollers_of(const std::string& task_queue) {
  std::vector<Poller> pollers;
  for (const auto type : {api::enums::TASK_QUEUE_TYPE_WORKFLOW, api::enums::TASK_QUEUE_TYPE_ACTIVITY}) {
    rpc::DescribeTaskQueue::Request request;
    request.set_namespace_(options_.name_space);
    request.mutable_task_queue()->set_name(task_queue);
    request.set_task_queue_type(type);
    const auto described = client::ask<rpc::DescribeTaskQueue>(service_, loop_, options_, std::move(request),
                                                               fmt::format("describe task queue '{}'", task_queue));
    if (!described) {
      return std::unexpected(described.error());
    }
    for (const auto& poller : described->pollers()) {
      pollers.push_back({.identity = poller.identity(), .last_access = api::to_wall_time(poller.last_access_time())});
    }
  }
  return pollers;
}

}  // namespace lifecycle::cli::chaos
