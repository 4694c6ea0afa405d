#include "cli/describe/story.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "cli/describe/gaps.h"
#include "cli/describe/story_reader.h"
#include "cli/failure_text.h"
#include "cli/run_changes.h"
#include "cli/time_text.h"

namespace lifecycle::cli {
namespace {

namespace enums = temporal::api::enums::v1;
using Description = temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse;
using PendingActivity = temporal::api::workflow::v1::PendingActivityInfo;

std::optional<WallTime> time_if(bool is_set, const google::protobuf::Timestamp& time) {
  return is_set ? std::optional(api::to_wall_time(time)) : std::nullopt;
}

SpanStatus status_of(const PendingActivity& activity, WallTime now) {
  if (is_running(activity)) {
    return SpanStatus::kRunning;
  }
  if (activity.paused()) {
    return SpanStatus::kPaused;
  }
  const bool later = activity.has_next_attempt_schedule_time() && api::to_wall_time(activity.next_attempt_schedule_time()) > now;
  return later ? SpanStatus::kBackingOff : SpanStatus::kScheduled;
}

// While an attempt waits, the server names the worker of the one before: that one is kept only with its failure.
void apply(const PendingActivity& activity, WallTime now, Span& span) {
  span.status = status_of(activity, now);
  span.attempt = std::max(activity.attempt(), 1);
  span.maximum_attempts = activity.maximum_attempts();
  span.started = time_if(span.status == SpanStatus::kRunning && activity.has_last_started_time(), activity.last_started_time());
  span.last_heartbeat = time_if(activity.has_last_heartbeat_time(), activity.last_heartbeat_time());
  span.last_attempt_ended = time_if(activity.has_last_attempt_complete_time(), activity.last_attempt_complete_time());
  span.next_attempt = time_if(span.status == SpanStatus::kBackingOff, activity.next_attempt_schedule_time());
  if (activity.has_last_failure()) {
    span.failure = failure_text(activity.last_failure());
    span.lost = activity.last_failure().has_timeout_failure_info();
  }
  if (span.status == SpanStatus::kRunning || span.attempt > 1) {
    span.worker = parse_worker_identity(activity.last_worker_identity());
    span.version = activity.has_last_deployment_version() ? activity.last_deployment_version().build_id() : span.worker.version;
  }
}

void apply_pending_activities(const Description& description, Story& story) {
  std::unordered_map<std::string_view, Span*> open;
  for (Span& span : story.spans) {
    if (span.kind == SpanKind::kActivity && !is_over(span.status)) {
      open[span.id] = &span;
    }
  }
  for (const PendingActivity& activity : description.pending_activities()) {
    // One that history does not hold is newer or older than it.
    if (const auto found = open.find(activity.activity_id()); found != open.end()) {
      apply(activity, story.now, *found->second);
    }
  }
}

// Attempts after the first leave no event until one succeeds.
void apply_pending_task(const Description& description, Story& story) {
  if (!description.has_pending_workflow_task()) {
    return;
  }
  const auto& pending = description.pending_workflow_task();
  const bool known = !story.workflow_tasks.empty() && !story.workflow_tasks.back().closed;
  if (!known && pending.attempt() <= 1) {
    return;  // newer or older than the history beside it
  }
  if (!known) {
    story.workflow_tasks.emplace_back();
  }
  WorkflowTask& task = story.workflow_tasks.back();
  task.attempt = std::max(pending.attempt(), 1);
  if (pending.has_scheduled_time()) {
    task.scheduled = api::to_wall_time(pending.scheduled_time());
  }
  if (pending.state() == enums::PENDING_WORKFLOW_TASK_STATE_STARTED) {
    task.status = TaskStatus::kStarted;
    task.started = time_if(pending.has_started_time(), pending.started_time());
  }
}

StoryVersioning versioning_of(const temporal::api::workflow::v1::WorkflowExecutionVersioningInfo& info) {
  return {.behavior = behavior_name(info.behavior()),
          .deployment = info.deployment_version().deployment_name(),
          .build_id = info.deployment_version().build_id(),
          .override_text = override_text(info.versioning_override()),
          .transition_to = info.version_transition().deployment_version().build_id()};
}

void apply_info(const Description& description, Story& story) {
  const auto& info = description.workflow_execution_info();
  story.workflow_id = info.execution().workflow_id();
  story.run_id = info.execution().run_id();
  story.workflow_type = info.type().name();
  story.task_queue = info.task_queue();
  story.history_bytes = info.history_size_bytes();
  story.event_count = std::max(story.event_count, info.history_length());
  story.versioning = versioning_of(info.versioning_info());
  if (!story.complete) {
    story.began = api::to_wall_time(info.start_time());
  }
  // History is newer than the description, or as old.
  if (!story.ended) {
    story.status = info.status();
    story.ended = time_if(info.has_close_time(), info.close_time());
  }
}

// History alone knows what the workflow tasks said of themselves.
StoryVersioning versioning_from_tasks(const std::vector<WorkflowTask>& tasks) {
  for (auto task = tasks.rbegin(); task != tasks.rend(); ++task) {
    if (!task->deployment.empty()) {
      return {.behavior = task->behavior, .deployment = task->deployment, .build_id = task->version};
    }
  }
  return {};
}

// Activities of a pinned run are run by its version, whatever their worker calls itself.
void complete_versions(Story& story) {
  for (Span& span : story.spans) {
    const bool ran = span.kind == SpanKind::kActivity && !span.worker.text.empty();
    if (ran && span.version.empty() && story.versioning.behavior == "pinned" && story.versioning.override_text.empty()) {
      span.version = story.versioning.build_id;
    }
  }
}

struct VersionUse {
  WallTime time;
  std::int64_t event_id;  // decides between events of one moment
  std::string_view version;
};

std::vector<std::string> versions_of(const Story& story) {
  std::vector<VersionUse> uses;
  for (const WorkflowTask& task : story.workflow_tasks) {
    uses.push_back({.time = task.started.value_or(task.scheduled), .event_id = task.scheduled_event_id, .version = task.version});
  }
  for (const Span& span : story.spans) {
    uses.push_back({.time = span.started.value_or(span.scheduled), .event_id = span.event_id, .version = span.version});
  }
  std::erase_if(uses, [](const VersionUse& use) { return use.version.empty(); });
  std::ranges::sort(uses, {}, [](const VersionUse& use) { return std::pair(use.time, use.event_id); });
  std::vector<std::string> versions;
  for (const VersionUse& use : uses) {
    if (std::ranges::find(versions, use.version) == versions.end()) {
      versions.emplace_back(use.version);
    }
  }
  return versions;
}

std::vector<Fault> faults_of(const Story& story, std::span<const Fault> faults) {
  std::set<std::string_view> workers;
  for (const WorkflowTask& task : story.workflow_tasks) {
    workers.insert(task.worker.text);
  }
  for (const Span& span : story.spans) {
    workers.insert(span.worker.text);
  }
  std::vector<Fault> of_run;
  for (const Fault& fault : faults) {
    const bool named = std::ranges::find(fault.workflow_ids, story.workflow_id) != fault.workflow_ids.end();
    const bool of_its_worker = !fault.worker_identity.empty() && workers.contains(fault.worker_identity);
    if (fault.time >= story.began && fault.time <= story.now && (named || of_its_worker || fault.hits_all)) {
      of_run.push_back(fault);
    }
  }
  std::ranges::sort(of_run, {}, &Fault::time);
  return of_run;
}

bool is_failure(const WorkflowTask& task) {
  return task.status == TaskStatus::kFailed || (task.status == TaskStatus::kTimedOut && !task.nobody_took_it);
}

// One failure is enough to tell: it may be the beginning of many, and tomorrow is too late.
std::optional<FailingTask> failing_task_of(const Story& story) {
  if (!story.running() || story.ended) {
    return std::nullopt;
  }
  std::optional<FailingTask> failing;
  for (auto task = story.workflow_tasks.rbegin(); task != story.workflow_tasks.rend() && task->status != TaskStatus::kCompleted; ++task) {
    if (!failing && is_failure(*task)) {
      failing = {.since = task->closed.value_or(task->scheduled),
                 .attempt = std::max(story.workflow_tasks.back().attempt, task->attempt + (task->closed ? 1 : 0)),
                 .version = task->version,
                 .worker = task->worker,
                 .cause = task->status == TaskStatus::kFailed ? cause_name(task->cause) : "timed out",
                 .failure = task->failure};
    } else if (is_failure(*task)) {
      failing->since = task->closed.value_or(task->scheduled);
    }
  }
  return failing;
}

}  // namespace

std::string_view name_of(SpanKind kind) {
  switch (kind) {
    case SpanKind::kActivity:
      return "activity";
    case SpanKind::kLocalActivity:
      return "local_activity";
    case SpanKind::kTimer:
      return "timer";
    case SpanKind::kChildWorkflow:
      return "child_workflow";
    case SpanKind::kNexusOperation:
      return "nexus_operation";
    case SpanKind::kUpdate:
      return "update";
  }
  std::unreachable();
}

std::string_view name_of(SpanStatus status) {
  switch (status) {
    case SpanStatus::kScheduled:
      return "scheduled";
    case SpanStatus::kRunning:
      return "running";
    case SpanStatus::kBackingOff:
      return "backing off";
    case SpanStatus::kPaused:
      return "paused";
    case SpanStatus::kCompleted:
      return "completed";
    case SpanStatus::kFailed:
      return "failed";
    case SpanStatus::kTimedOut:
      return "timed out";
    case SpanStatus::kCancelled:
      return "cancelled";
    case SpanStatus::kTerminated:
      return "terminated";
  }
  std::unreachable();
}

std::string_view name_of(TaskStatus status) {
  switch (status) {
    case TaskStatus::kScheduled:
      return "scheduled";
    case TaskStatus::kStarted:
      return "started";
    case TaskStatus::kCompleted:
      return "completed";
    case TaskStatus::kFailed:
      return "failed";
    case TaskStatus::kTimedOut:
      return "timed out";
  }
  std::unreachable();
}

std::string_view name_of(MarkKind kind) {
  switch (kind) {
    case MarkKind::kSignal:
      return "signal";
    case MarkKind::kCancelRequested:
      return "cancel_requested";
    case MarkKind::kVersionChange:
      return "version_change";
    case MarkKind::kPatch:
      return "patch";
    case MarkKind::kMarker:
      return "marker";
    case MarkKind::kSignalSent:
      return "signal_sent";
    case MarkKind::kOptionsUpdated:
      return "options_updated";
    case MarkKind::kReset:
      return "reset";
  }
  std::unreachable();
}

bool is_over(SpanStatus status) { return status >= SpanStatus::kCompleted; }

std::string title_of(const Span& span) {
  if (!span.summary.empty()) {
    return span.summary;
  }
  switch (span.kind) {
    case SpanKind::kActivity:
      return span.step ? fmt::format("step {}", *span.step) : span.type;
    case SpanKind::kLocalActivity:
      return "local " + span.type;
    case SpanKind::kTimer:
      return "timer " + short_duration(span.timer.value_or(Duration::zero()));
    case SpanKind::kChildWorkflow:
      return "child " + span.type;
    case SpanKind::kNexusOperation:
      return "nexus " + span.type;
    case SpanKind::kUpdate:
      return "update " + span.type;
  }
  std::unreachable();
}

Story make_story(const api::History& history, const Description* description, std::span<const Fault> faults, WallTime now) {
  Story story{.now = now, .complete = false};
  StoryReader reader(story);
  for (const api::HistoryEvent& event : history.events()) {
    reader.apply(event);
  }
  reader.finish();
  story.versioning = versioning_from_tasks(story.workflow_tasks);
  if (description != nullptr) {
    apply_info(*description, story);
    if (!story.ended) {
      apply_pending_activities(*description, story);
      apply_pending_task(*description, story);
    }
  }
  story.now = story.ended.value_or(now);
  story.faults = faults_of(story, faults);
  complete_versions(story);
  story.versions = versions_of(story);
  story.gaps = gaps_of(story);
  story.failing_task = failing_task_of(story);
  return story;
}

char letter_of(const Story& story, std::string_view version) {
  const auto found = std::ranges::find(story.versions, version);
  if (found == story.versions.end()) {
    return '?';
  }
  const auto index = found - story.versions.begin();
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return std::cmp_less(index, kLetters.size()) ? kLetters[static_cast<std::size_t>(index)] : '*';
}

}  // namespace lifecycle::cli
