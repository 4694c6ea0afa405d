#include "worker/workflow_task_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "core/patch_marker.h"
#include "worker/deployment.h"
#include "worker/limits.h"
#include "worker/version.h"

namespace lifecycle::worker {
namespace {

core::WorkflowTask to_task(const WorkflowTaskResponse& response) {
  core::WorkflowTask task{.history = std::shared_ptr<const api::History>(response, &response->history()),
                          .next_page_token = response->next_page_token(),
                          .started_event_id = response->started_event_id(),
                          .keep_alive = response};
  if (response->has_query()) {
    task.query = std::shared_ptr<const api::WorkflowQuery>(response, &response->query());
  }
  for (const auto& [id, query] : response->queries()) {
    task.queries.push_back({.id = id, .type = query.query_type(), .arguments = query.has_query_args() ? &query.query_args() : nullptr});
  }
  // A protobuf map has no order, and the code must not see a different one in each process.
  std::ranges::sort(task.queries, {}, &core::QueryWorkflow::id);
  return task;
}

// True for a page that would be fetched again for ever.
bool leads_nowhere(const rpc::service::GetWorkflowExecutionHistoryResponse& page, const std::string& token) {
  return page.history().events().empty() && !token.empty() && page.next_page_token() == token;
}

// True for the commands after which a run has no further task.
bool ends_run(const api::Command& command) {
  switch (command.command_type()) {
    case api::enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
    case api::enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
    case api::enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
    case api::enums::COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION:
      return true;
    default:
      return false;
  }
}

std::string_view text_of(api::enums::CommandType ending) {
  switch (ending) {
    case api::enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
      return "workflow completed";
    case api::enums::COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
      return "workflow failed";
    case api::enums::COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
      return "workflow cancelled";
    default:
      return "workflow continued as new";
  }
}

bool is_too_large(const rpc::Status& status) {
  return status.code == rpc::StatusCode::kResourceExhausted && status.message.find("larger than max") != std::string::npos;
}

core::WorkflowTaskFailure too_large(std::string message) {
  core::WorkflowTaskFailure failure{.cause = api::enums::WORKFLOW_TASK_FAILED_CAUSE_GRPC_MESSAGE_TOO_LARGE, .failure = {}};
  failure.failure.set_message(std::move(message));
  failure.failure.mutable_application_failure_info()->set_type("GrpcMessageTooLarge");
  return failure;
}

void set_outcome(rpc::service::RespondQueryTaskCompletedRequest& request, core::QueryAnswer answer) {
  if (auto* result = std::get_if<api::Payloads>(&answer.outcome)) {
    request.set_completed_type(api::enums::QUERY_RESULT_TYPE_ANSWERED);
    *request.mutable_query_result() = std::move(*result);
  } else {
    auto& failure = std::get<api::Failure>(answer.outcome);
    request.set_completed_type(api::enums::QUERY_RESULT_TYPE_FAILED);
    request.set_error_message(failure.message());
    *request.mutable_failure() = std::move(failure);
  }
}

api::WorkflowQueryResult to_result(core::QueryAnswer answer) {
  api::WorkflowQueryResult out;
  if (auto* result = std::get_if<api::Payloads>(&answer.outcome)) {
    out.set_result_type(api::enums::QUERY_RESULT_TYPE_ANSWERED);
    *out.mutable_answer() = std::move(*result);
  } else {
    auto& failure = std::get<api::Failure>(answer.outcome);
    out.set_result_type(api::enums::QUERY_RESULT_TYPE_FAILED);
    out.set_error_message(failure.message());
    *out.mutable_failure() = std::move(failure);
  }
  return out;
}

std::string query_result_too_large() {
  return fmt::format("the query's result is too large: the server takes {} bytes at most", kRequestBytesMax);
}

// Answers that do not fit must not hold up the workflow itself: the largest fail until the rest fits.
void fail_answers_beyond_limit(rpc::service::RespondWorkflowTaskCompletedRequest& request) {
  auto& results = *request.mutable_query_results();
  while (!results.empty() && request.ByteSizeLong() > kRequestBytesMax) {
    const auto bytes = [](const auto& result) { return result.second.ByteSizeLong(); };
    api::WorkflowQueryResult& largest = std::ranges::max_element(results, {}, bytes)->second;
    if (!largest.has_answer()) {
      return;
    }
    largest.Clear();
    largest.set_result_type(api::enums::QUERY_RESULT_TYPE_FAILED);
    largest.set_error_message(query_result_too_large());
  }
}

}  // namespace

WorkflowTaskHandler::WorkflowTaskHandler(Shared& shared, EagerActivities run_eagerly)
    : shared_(shared), run_eagerly_(std::move(run_eagerly)), cache_(shared.options.max_cached_workflows) {}

void WorkflowTaskHandler::on_task(WorkflowTaskResponse task) {
  const std::string& run_id = task->workflow_execution().run_id();
  RunEntry* entry = cache_.find(run_id);
  if (entry == nullptr) {
    entry = &cache_.add(run_id, CachedRun(shared_.registry, RunIdentity{.name_space = shared_.options.name_space,
                                                                        .workflow_id = task->workflow_execution().workflow_id(),
                                                                        .run_id = run_id}));
    count_evictions();
  }
  if (!entry->busy) {
    begin(*entry, task);
    return;
  }
  // The answer to the last task is still on its way, or that task is lost and the server has already handed out the next.
  if (!task->has_query()) {
    const auto superseded = std::ranges::find_if(entry->waiting, [](const WorkflowTaskResponse& waiting) { return !waiting->has_query(); });
    if (superseded != entry->waiting.end()) {
      entry->waiting.erase(superseded);
      shared_.workflow_slots.release();
    }
  }
  entry->waiting.push_back(std::move(task));
}

void WorkflowTaskHandler::begin(RunEntry& entry, const WorkflowTaskResponse& task) {
  const bool is_partial = task->history().events_size() == 0 || task->history().events(0).event_id() > 1;
  if (is_partial) {
    const bool is_cached = entry.run.has_state();
    ++(is_cached ? shared_.stats.sticky_cache_hits : shared_.stats.sticky_cache_misses);
    shared_.metrics.sdk().count(is_cached ? SdkMetric::kStickyCacheHit : SdkMetric::kStickyCacheMiss,
                                {.workflow_type = task->workflow_type().name()});
  }
  cache_.set_busy(entry, true);
  entry.task_began = shared_.loop.clock().steady_now();
  if (shared_.metrics.enabled()) {
    entry.run.before_news([this, &entry, task] { observe(SdkMetric::kWorkflowTaskReplayLatency, entry, task); });
  }
  if (shared_.options.last_will != nullptr && !task->has_query()) {  // who asks a query asks again
    entry.last_will = shared_.options.last_will->record(TaskKind::kWorkflowTask, task->task_token(), task->attempt());
  }
  RunRequest request = [&] {
    const RunningCode::Mark running(shared_.running_code, task);
    return entry.run.on_workflow_task(to_task(task));
  }();
  handle(entry, task, std::move(request));
}

void WorkflowTaskHandler::handle(RunEntry& entry, const WorkflowTaskResponse& task, RunRequest request) {
  log_warnings(entry, task);
  std::visit(Overloaded{
                 [&](const core::FetchHistoryPage& fetch) { fetch_page(entry, task, fetch); },
                 [&](core::RespondWorkflowTaskCompleted& completed) { complete(entry, task, std::move(completed)); },
                 [&](core::RespondWorkflowTaskFailed& failed) { fail(entry, task, std::move(failed.failure)); },
                 [&](core::RespondQuery& query) { answer_query(entry, task, std::move(query)); },
                 [](const core::ReplayFinished&) { die("a worker's task is answered"); },
             },
             request);
}

void WorkflowTaskHandler::fetch_page(RunEntry& entry, const WorkflowTaskResponse& task, const core::FetchHistoryPage& fetch) {
  rpc::GetWorkflowExecutionHistory::Request request;
  request.set_namespace_(shared_.options.name_space);
  *request.mutable_execution() = task->workflow_execution();
  request.set_maximum_page_size(kHistoryPageEventsMax);
  request.set_next_page_token(fetch.page_token);
  shared_.service.call<rpc::GetWorkflowExecutionHistory>(
      std::move(request), {.timeout = kRespondTimeout},
      [this, &entry, task, token = fetch.page_token](rpc::Reply<rpc::GetWorkflowExecutionHistory> reply) {
        if (reply && leads_nowhere(**reply, token)) {
          reply = std::unexpected(rpc::Status{.code = rpc::StatusCode::kDataLoss, .message = "an empty page of history leads to itself"});
        }
        if (reply) {
          const auto& response = *reply;
          RunRequest request = [&] {
            const RunningCode::Mark running(shared_.running_code, task);
            return entry.run.on_history_page(std::shared_ptr<const api::History>(response, &response->history()),
                                             response->next_page_token());
          }();
          handle(entry, task, std::move(request));
          return;
        }
        // The server hands the task out again when its time is up; there is nobody to report to who could do better.
        shared_.log.warn("history cannot be fetched; the workflow task is dropped",
                         {{"workflow_id", std::string_view(task->workflow_execution().workflow_id())},
                          {"run_id", std::string_view(entry.run_id)},
                          {"status", rpc::name_of(reply.error().code)},
                          {"error", std::string_view(reply.error().message)}});
        entry.drop = true;
        finish(entry);
      });
}

void WorkflowTaskHandler::complete(RunEntry& entry, const WorkflowTaskResponse& task, core::RespondWorkflowTaskCompleted completed) {
  rpc::RespondWorkflowTaskCompleted::Request request;
  request.set_task_token(task->task_token());
  request.set_namespace_(shared_.options.name_space);
  request.set_identity(shared_.options.identity);
  set_deployment_options(request, shared_.options);
  if (shared_.options.deployment) {
    request.set_versioning_behavior(to_api(shared_.options.deployment->versioning_behavior));
  }
  for (api::Command& command : completed.commands) {
    if (ends_run(command)) {
      entry.drop = true;
      entry.ending = command.command_type();
      entry.ending_message = command.fail_workflow_execution_command_attributes().failure().message();
    }
    *request.add_commands() = std::move(command);
  }
  for (core::QueryAnswer& answer : completed.queries) {
    std::string id = answer.id;
    (*request.mutable_query_results())[id] = to_result(std::move(answer));
  }
  if (caching()) {
    auto& sticky = *request.mutable_sticky_attributes();
    sticky.mutable_worker_task_queue()->set_name(shared_.sticky_task_queue);
    sticky.mutable_worker_task_queue()->set_kind(api::enums::TASK_QUEUE_KIND_STICKY);
    sticky.mutable_worker_task_queue()->set_normal_name(shared_.options.task_queue);
    api::set(*sticky.mutable_schedule_to_start_timeout(), shared_.options.sticky_schedule_to_start_timeout);
    request.set_return_new_workflow_task(true);
  }
  if (completed.sign_with_sdk_name) {
    request.mutable_sdk_metadata()->set_sdk_name(std::string(core::kSdkName));
    request.mutable_sdk_metadata()->set_sdk_version(std::string(kSdkVersion));
  }
  if (completed.upserts_change_versions) {
    request.mutable_sdk_metadata()->add_core_used_flags(core::kUpsertSearchAttributeOnPatch);
  }
  fail_answers_beyond_limit(request);
  const std::size_t bytes = request.ByteSizeLong();
  if (bytes > kRequestBytesMax) {
    fail(entry, task,
         too_large(
             fmt::format("the workflow task's commands and query results are {} bytes, and the server takes {} at most: return or pass "
                         "less data, or keep it elsewhere and pass a reference",
                         bytes, kRequestBytesMax)));
    return;
  }
  observe(SdkMetric::kWorkflowTaskExecutionLatency, entry, task);
  const std::size_t eager_slots = shared_.options.eager_activities && !shared_.stopping ? request_eager_activities(request) : 0;
  shared_.service.call<rpc::RespondWorkflowTaskCompleted>(
      std::move(request), {.timeout = kRespondTimeout},
      [this, &entry, task, eager_slots](rpc::Reply<rpc::RespondWorkflowTaskCompleted> reply) {
        on_completed(entry, task, eager_slots, std::move(reply));
      });
}

std::size_t WorkflowTaskHandler::request_eager_activities(rpc::service::RespondWorkflowTaskCompletedRequest& request) {
  std::size_t reserved = 0;
  for (api::Command& command : *request.mutable_commands()) {
    if (reserved == kEagerActivitiesPerTaskMax || !command.has_schedule_activity_task_command_attributes()) {
      continue;
    }
    auto& schedule = *command.mutable_schedule_activity_task_command_attributes();
    if (schedule.task_queue().name() == shared_.options.task_queue && shared_.activity_slots.try_reserve()) {
      schedule.set_request_eager_execution(true);
      ++reserved;
    }
  }
  return reserved;
}

void WorkflowTaskHandler::on_completed(RunEntry& entry, const WorkflowTaskResponse& task, std::size_t eager_slots,
                                       rpc::Reply<rpc::RespondWorkflowTaskCompleted> reply) {
  if (!reply) {
    for (std::size_t i = 0; i < eager_slots; ++i) {
      shared_.activity_slots.release();
    }
    const rpc::Status& status = reply.error();
    if (is_too_large(status)) {
      fail(entry, task, too_large(status.message));
      return;
    }
    // NotFound: the task timed out or the run is over. InvalidArgument: something came in between (a signal before the end of the
    // workflow), and the server hands out a new task. Both are the protocol's everyday, and the run here is ahead of its history either
    // way.
    const bool is_everyday = status.code == rpc::StatusCode::kNotFound || status.code == rpc::StatusCode::kInvalidArgument;
    shared_.log.write(is_everyday ? LogLevel::kDebug : LogLevel::kWarn, "completion of a workflow task was not taken",
                      {{"workflow_id", std::string_view(task->workflow_execution().workflow_id())},
                       {"run_id", std::string_view(entry.run_id)},
                       {"status", rpc::name_of(status.code)},
                       {"error", std::string_view(status.message)}});
    entry.drop = true;
    finish(entry);
    return;
  }
  ++shared_.stats.workflow_tasks_completed;
  tell_run(entry, *task);
  auto& response = **reply;
  std::size_t used = 0;
  for (auto& activity : *response.mutable_activity_tasks()) {
    if (used == eager_slots) {
      break;  // never more than were asked for: each needs its slot
    }
    run_eagerly_(std::shared_ptr<rpc::service::PollActivityTaskQueueResponse>(*reply, &activity));
    ++used;
  }
  for (; used < eager_slots; ++used) {
    shared_.activity_slots.release();
  }
  if (response.has_workflow_task() && !response.workflow_task().task_token().empty()) {
    // Handed out without a poll, so the slot of the task that asked for it goes on to it.
    cache_.set_busy(entry, false);
    begin(entry, WorkflowTaskResponse(*reply, &response.workflow_task()));
    return;
  }
  finish(entry);
}

void WorkflowTaskHandler::fail(RunEntry& entry, const WorkflowTaskResponse& task, core::WorkflowTaskFailure failure) {
  ++shared_.stats.workflow_tasks_failed;
  observe(SdkMetric::kWorkflowTaskExecutionLatency, entry, task);
  shared_.metrics.workflow_task_failed(task->workflow_type().name(), failure.cause);
  shared_.log.warn("workflow task failed", {{"workflow_id", std::string_view(task->workflow_execution().workflow_id())},
                                            {"run_id", std::string_view(entry.run_id)},
                                            {"workflow_type", std::string_view(task->workflow_type().name())},
                                            {"attempt", std::int64_t{task->attempt()}},
                                            {"error", std::string_view(failure.failure.message())}});
  entry.drop = true;
  if (task->attempt() > 1) {
    finish(entry);  // the server knows already, and its time-out spaces the attempts
    return;
  }
  rpc::RespondWorkflowTaskFailed::Request request;
  request.set_task_token(task->task_token());
  request.set_namespace_(shared_.options.name_space);
  request.set_identity(shared_.options.identity);
  set_deployment_options(request, shared_.options);
  request.set_cause(failure.cause);
  *request.mutable_failure() = std::move(failure.failure);
  shared_.service.call<rpc::RespondWorkflowTaskFailed>(
      std::move(request), {.timeout = kRespondTimeout},
      [this, &entry](const rpc::Reply<rpc::RespondWorkflowTaskFailed>&) { finish(entry); });
}

void WorkflowTaskHandler::answer_query(RunEntry& entry, const WorkflowTaskResponse& task, core::RespondQuery respond) {
  entry.drop = entry.drop || respond.run_is_broken;
  observe(SdkMetric::kWorkflowTaskExecutionLatency, entry, task);
  rpc::RespondQueryTaskCompleted::Request request;
  request.set_task_token(task->task_token());
  request.set_namespace_(shared_.options.name_space);
  set_outcome(request, std::move(respond.answer));
  if (request.ByteSizeLong() > kRequestBytesMax) {
    request.clear_query_result();
    request.set_completed_type(api::enums::QUERY_RESULT_TYPE_FAILED);
    request.set_error_message(query_result_too_large());
  }
  shared_.service.call<rpc::RespondQueryTaskCompleted>(
      std::move(request), {.timeout = kRespondTimeout},
      [this, &entry](const rpc::Reply<rpc::RespondQueryTaskCompleted>&) { finish(entry); });
}

void WorkflowTaskHandler::observe(SdkMetric metric, const RunEntry& entry, const WorkflowTaskResponse& task) const {
  shared_.metrics.sdk().observe(metric, shared_.loop.clock().steady_now() - entry.task_began,
                                {.workflow_type = task->workflow_type().name()});
}

void WorkflowTaskHandler::count_evictions() {
  for (; evictions_counted_ < cache_.evicted(); ++evictions_counted_) {
    shared_.metrics.sdk().count(SdkMetric::kStickyCacheTotalForcedEviction);
  }
}

// Only what the server has taken is told, and each start and end just once, however often the code runs again: before a run's first
// completed task there is no earlier one, and after its last there is no later one.
void WorkflowTaskHandler::tell_run(const RunEntry& entry, const rpc::service::PollWorkflowTaskQueueResponse& task) const {
  const LogField version{"version", std::string_view(shared_.options.worker_version)};
  const LogField workflow_id{"workflow_id", std::string_view(task.workflow_execution().workflow_id())};
  const LogField run_id{"run_id", std::string_view(entry.run_id)};
  const LogField type{"workflow_type", std::string_view(task.workflow_type().name())};
  const LogField attempt{"attempt", std::int64_t{entry.run.attempt()}};
  if (task.previous_started_event_id() == 0) {
    shared_.log.info("workflow started", {version, workflow_id, run_id, type, attempt});
  }
  if (entry.ending == api::enums::COMMAND_TYPE_UNSPECIFIED) {
    return;
  }
  // The start is by the server's clock, which may be ahead of ours.
  const Duration took = std::max(Duration::zero(), Duration(shared_.loop.clock().wall_now() - entry.run.start_time()));
  shared_.metrics.run_ended(task.workflow_type().name(), entry.ending, took);
  const LogField duration{"duration_ms", std::int64_t{std::chrono::round<std::chrono::milliseconds>(took).count()}};
  if (entry.ending_message.empty()) {
    shared_.log.info(text_of(entry.ending), {version, workflow_id, run_id, type, attempt, duration});
  } else {
    shared_.log.info(text_of(entry.ending),
                     {version, workflow_id, run_id, type, attempt, duration, {"error", std::string_view(entry.ending_message)}});
  }
}

void WorkflowTaskHandler::log_warnings(RunEntry& entry, const WorkflowTaskResponse& task) {
  for (const std::string& warning : entry.run.take_warnings()) {
    shared_.log.warn(warning, {{"workflow_id", std::string_view(task->workflow_execution().workflow_id())}});
  }
}

// The task is over: its slot is free, and what waited for the run goes on.
void WorkflowTaskHandler::finish(RunEntry& entry) {
  entry.last_will.forget();
  cache_.set_busy(entry, false);
  std::vector<WorkflowTaskResponse> waiting = std::exchange(entry.waiting, {});
  entry.run.before_news(nullptr);  // it holds the task
  if (entry.drop && caching() && entry.ending == api::enums::COMMAND_TYPE_UNSPECIFIED && !entry.run.closed()) {
    shared_.metrics.sdk().count(SdkMetric::kStickyCacheTotalForcedEviction);
  }
  if (entry.drop || entry.run.closed() || !entry.run.has_state() || !caching()) {
    cache_.remove(entry);
  }
  cache_.trim();
  count_evictions();
  shared_.workflow_slots.release();
  for (WorkflowTaskResponse& task : waiting) {
    on_task(std::move(task));
  }
}

}  // namespace lifecycle::worker
