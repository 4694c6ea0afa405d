#include "cli/describe/story_json.h"

#include <string_view>
#include <utility>

#include "cli/describe/story_reader.h"
#include "cli/describe/story_words.h"
#include "cli/failure_text.h"
#include "cli/run_report.h"
#include "cli/time_text.h"

namespace lifecycle::cli {
namespace {

using nlohmann::ordered_json;

void put(ordered_json& object, const char* key, std::string_view value) {
  if (!value.empty()) {
    object[key] = value;
  }
}

void put(ordered_json& object, const char* key, std::optional<WallTime> time) {
  if (time) {
    object[key] = iso_time(*time);
  }
}

void put(ordered_json& object, const WorkerIdentity& worker, std::string_view version) {
  if (worker.text.empty()) {
    return;
  }
  const Place place = place_of(worker);
  put(object, "version", version);
  put(object, "worker", worker.text);
  put(object, "process", place.process);
  put(object, "machine", place.machine);
}

ordered_json span_json(const Span& span, const Story& story) {
  ordered_json object{{"type", name_of(span.kind)}, {"name", title_of(span)}};
  if (span.step) {
    object["step"] = *span.step;
  }
  put(object, "id", span.id);
  put(object, "typeName", span.type);
  object["eventId"] = span.event_id;
  object["status"] = name_of(span.status);
  put(object, span.worker, span.version);
  if (span.kind == SpanKind::kActivity || span.kind == SpanKind::kLocalActivity) {
    object["attempt"] = span.attempt;
  }
  if (span.maximum_attempts > 0) {
    object["maximumAttempts"] = span.maximum_attempts;
  }
  put(object, "scheduledTime", span.scheduled);
  put(object, "startedTime", span.started);
  put(object, "closeTime", span.closed);
  put(object, "nextAttemptTime", span.next_attempt);
  put(object, "lastHeartbeatTime", span.last_heartbeat);
  object["durationMillis"] = to_millis(span.duration(story.now));
  put(object, "failure", span.failure);
  return object;
}

ordered_json task_json(const WorkflowTask& task) {
  ordered_json object{
      {"eventId", task.scheduled_event_id}, {"status", name_of(task.status)}, {"attempt", task.attempt}, {"sticky", task.sticky}};
  put(object, task.worker, task.version);
  put(object, "deployment", task.deployment);
  put(object, "versioningBehavior", task.behavior);
  put(object, "scheduledTime", task.scheduled);
  put(object, "startedTime", task.started);
  put(object, "closeTime", task.closed);
  if (task.status == TaskStatus::kFailed) {
    object["cause"] = cause_name(task.cause);
  }
  put(object, "failure", task.failure);
  return object;
}

ordered_json fault_json(const Fault& fault) {
  ordered_json object{{"time", iso_time(fault.time)}, {"fault", fault.action}, {"target", fault.target}};
  put(object, "healedTime", fault.healed);
  put(object, "node", fault.node);
  put(object, "version", fault.version);
  put(object, "worker", fault.worker_identity);
  put(object, "outcome", fault.outcome);
  return object;
}

ordered_json mark_json(const Mark& mark) {
  ordered_json object{{"time", iso_time(mark.time)}, {"event", name_of(mark.kind)}, {"eventId", mark.event_id}};
  put(object, "text", mark.text);
  put(object, "by", mark.by);
  return object;
}

ordered_json gap_json(const Gap& gap) {
  return {{"from", iso_time(gap.from)},
          {"to", iso_time(gap.to)},
          {"durationMillis", to_millis(gap.to - gap.from)},
          {"waiting", gap.waiting},
          {"open", gap.open}};
}

ordered_json failing_json(const FailingTask& failing) {
  ordered_json object{{"since", iso_time(failing.since)}, {"attempt", failing.attempt}};
  put(object, failing.worker, failing.version);
  put(object, "cause", failing.cause);
  put(object, "failure", failing.failure);
  return object;
}

ordered_json versioning_json(const StoryVersioning& versioning) {
  ordered_json object = ordered_json::object();
  put(object, "deployment", versioning.deployment);
  put(object, "version", versioning.build_id);
  put(object, "behavior", versioning.behavior);
  put(object, "override", versioning.override_text);
  put(object, "transitionTo", versioning.transition_to);
  return object;
}

// All but the lists.
ordered_json run_json(const Story& story) {
  ordered_json object = names_json({.workflow_id = story.workflow_id,
                                    .run_id = story.run_id,
                                    .workflow_type = story.workflow_type,
                                    .name_space = story.name_space,
                                    .task_queue = story.task_queue});
  object["status"] = status_name(story.status);
  object["startTime"] = iso_time(story.began);
  put(object, "closeTime", story.ended);
  object["durationMillis"] = to_millis(story.now - story.began);
  object["historyEvents"] = story.event_count;
  if (story.history_bytes > 0) {
    object["historyBytes"] = story.history_bytes;
  }
  put(object, "parentWorkflowId", story.parent_workflow_id);
  put(object, "continuedFromRunId", story.continued_from_run);
  put(object, "continuedToRunId", story.continued_to_run);
  if (story.cancel_requested) {
    object["cancelRequested"] = true;
  }
  if (story.failure) {
    object["failure"] = failure_lines(*story.failure);
  } else if (story.result) {
    object["result"] = result_json(story.result);
  }
  put(object, "endedBy", story.ended_by);
  if (ordered_json versioning = versioning_json(story.versioning); !versioning.empty()) {
    object["versioning"] = std::move(versioning);
  }
  object["versions"] = story.versions;
  if (story.failing_task) {
    object["failingWorkflowTask"] = failing_json(*story.failing_task);
  }
  return object;
}

template <class T, class Convert>
ordered_json list_of(const std::vector<T>& items, Convert convert) {
  ordered_json list = ordered_json::array();
  for (const T& item : items) {
    list.push_back(convert(item));
  }
  return list;
}

template <class T, class Convert>
void add_lines(std::vector<ordered_json>& lines, const char* kind, const std::vector<T>& items, Convert convert) {
  for (const T& item : items) {
    ordered_json line{{"kind", kind}};
    line.update(convert(item));
    lines.push_back(std::move(line));
  }
}

}  // namespace

ordered_json story_json(const Story& story) {
  ordered_json document = run_json(story);
  document["steps"] = list_of(story.spans, [&](const Span& span) { return span_json(span, story); });
  document["workflowTasks"] = list_of(story.workflow_tasks, task_json);
  document["events"] = list_of(story.marks, mark_json);
  document["faults"] = list_of(story.faults, fault_json);
  document["gaps"] = list_of(story.gaps, gap_json);
  return document;
}

std::vector<ordered_json> story_json_lines(const Story& story) {
  std::vector<ordered_json> lines;
  add_lines(lines, "run", std::vector<const Story*>{&story}, [](const Story* run) { return run_json(*run); });
  add_lines(lines, "step", story.spans, [&](const Span& span) { return span_json(span, story); });
  add_lines(lines, "workflow_task", story.workflow_tasks, task_json);
  add_lines(lines, "event", story.marks, mark_json);
  add_lines(lines, "fault", story.faults, fault_json);
  add_lines(lines, "gap", story.gaps, gap_json);
  return lines;
}

}  // namespace lifecycle::cli
