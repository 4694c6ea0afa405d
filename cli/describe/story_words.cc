#include "cli/describe/story_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cli/describe/story_reader.h"
#include "cli/failure_text.h"
#include "cli/run_report.h"

namespace lifecycle::cli {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char letter) { return letter >= '0' && letter <= '9'; });
}

// "for 7.0s", or since when where times are absolute.
std::string lasting_from(WallTime time, const Story& story, TimeFormat format) {
  return format == TimeFormat::kRelative ? "for " + short_duration(std::max(story.now - time, Duration::zero()))
                                         : "since " + time_text(format, time, story.began);
}

}  // namespace

std::string version_label(const Story& story, std::string_view version) {
  return version.empty() ? "?" : fmt::format("{} {}", letter_of(story, version), version);
}

// Go's identities are "<pid>@<host>@<queue>".
Place place_of(const WorkerIdentity& worker) {
  if (worker.machine.empty()) {
    return {.process = worker.text, .machine = ""};
  }
  return {.process = worker.process, .machine = worker.machine.substr(0, worker.machine.find('@'))};
}

bool has_pods(const Story& story) {
  const auto is_pod = [](const WorkerIdentity& worker) { return !worker.machine.empty() && !is_number(worker.process); };
  return std::ranges::any_of(story.spans, [&](const Span& span) { return is_pod(span.worker); }) ||
         std::ranges::any_of(story.workflow_tasks, [&](const WorkflowTask& task) { return is_pod(task.worker); });
}

std::string status_text(const Span& span) {
  if (span.kind == SpanKind::kTimer) {
    return span.status == SpanStatus::kCompleted ? "fired"
           : span.status == SpanStatus::kRunning ? "waiting"
                                                 : std::string(name_of(span.status));
  }
  return std::string(name_of(span.status));
}

std::string status_line(const Story& story) {
  const std::string_view status = status_name(story.status);
  const std::string duration = short_duration(std::max(story.now - story.began, Duration::zero()));
  if (!story.ended) {
    return fmt::format("{} for {}{}", status, duration, story.cancel_requested ? ", cancellation requested" : "");
  }
  return fmt::format("{} {} {}", status, status == "COMPLETED" ? "in" : "after", duration);
}

std::string versioning_line(const Story& story) {
  const StoryVersioning& versioning = story.versioning;
  if (versioning.deployment.empty() && versioning.override_text.empty()) {
    return "";
  }
  std::string line =
      versioning.deployment.empty() ? "not yet known" : fmt::format("{}, version {}", versioning.deployment, versioning.build_id);
  line += versioning.behavior.empty() ? "" : ", " + versioning.behavior;
  line += versioning.override_text.empty() ? "" : fmt::format(" (override: {})", versioning.override_text);
  line += versioning.transition_to.empty() ? "" : fmt::format(", moving to {}", versioning.transition_to);
  return line;
}

std::vector<std::string> problems_of(const Story& story, TimeFormat format) {
  std::vector<std::string> problems;
  if (const auto& failing = story.failing_task) {
    problems.push_back(fmt::format(
        "stands still: its workflow task has been failing {}, attempt {} is next, on {} ({}): {}: {}",
        lasting_from(failing->since, story, format), failing->attempt, failing->version.empty() ? "an unknown version" : failing->version,
        failing->worker.text.empty() ? "worker unknown" : failing->worker.short_name(), failing->cause, failing->failure));
  }
  for (const Gap& gap : story.gaps) {
    if (gap.open) {
      problems.push_back(fmt::format("no worker: {} has been waiting {} on task queue {}", gap.waiting,
                                     lasting_from(gap.from, story, format), story.task_queue));
    }
  }
  for (const Span& span : story.spans) {
    if (!is_over(span.status) && span.attempt > 1) {
      problems.push_back(fmt::format("retrying: {} is at attempt {}{}: {}", title_of(span), span.attempt,
                                     span.maximum_attempts > 0 ? fmt::format(" of {}", span.maximum_attempts) : "", span.failure));
    }
  }
  return problems;
}

std::string fault_text(const Fault& fault) {
  std::string where = fault.version;
  where += !where.empty() && !fault.node.empty() ? ", " : "";
  where += fault.node.empty() ? "" : "on " + fault.node;
  return fmt::format("{} {}{}{}", fault.action, fault.target, where.empty() ? "" : fmt::format(" ({})", where),
                     fault.outcome.empty() ? "" : ", " + fault.outcome);
}

std::vector<Happening> happenings_of(const Story& story) {
  std::vector<Happening> all;
  for (const Mark& mark : story.marks) {
    std::string text = mark.text;
    text += mark.by.empty() ? "" : fmt::format(" (by {})", mark.by);
    all.push_back({.time = mark.time, .kind = std::string(name_of(mark.kind)), .text = std::move(text)});
  }
  for (const WorkflowTask& task : story.workflow_tasks) {
    if (task.status == TaskStatus::kFailed || task.status == TaskStatus::kTimedOut) {
      const std::string who = task.worker.text.empty() ? "" : fmt::format(" on {}", task.worker.short_name());
      const std::string why =
          task.status == TaskStatus::kFailed ? fmt::format("{}: {}", cause_name(task.cause), task.failure) : task.failure;
      all.push_back({.time = task.closed.value_or(task.scheduled),
                     .kind = task.status == TaskStatus::kFailed ? "task_failed" : "task_timed_out",
                     .text = fmt::format("workflow task{}: {}", who, why)});
    }
  }
  for (const Fault& fault : story.faults) {
    all.push_back({.time = fault.time, .kind = "fault", .text = fault_text(fault)});
  }
  for (const Gap& gap : story.gaps) {
    all.push_back({.time = gap.from,
                   .kind = "no_worker",
                   .text = fmt::format("{}{} while {} waited", short_duration(gap.to - gap.from), gap.open ? " and on" : "", gap.waiting)});
  }
  std::ranges::sort(all, {}, [](const Happening& one) { return std::tie(one.time, one.kind, one.text); });
  return all;
}

std::vector<TaskGroup> task_groups_of(const Story& story) {
  std::vector<TaskGroup> groups;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> places;
  for (const WorkflowTask& task : story.workflow_tasks) {
    const auto [place, is_new] =
        places.try_emplace(std::pair<std::string_view, std::string_view>(task.worker.text, task.version), groups.size());
    if (is_new) {
      groups.push_back({.version = task.version, .behavior = "", .worker = task.worker});
    }
    TaskGroup& group = groups[place->second];
    group.behavior = task.behavior.empty() ? group.behavior : task.behavior;
    group.completed += task.status == TaskStatus::kCompleted ? 1 : 0;
    group.failed += task.status == TaskStatus::kFailed ? 1 : 0;
    group.timed_out += task.status == TaskStatus::kTimedOut ? 1 : 0;
    const WallTime taken = task.started.value_or(task.closed.value_or(story.now));
    group.longest_wait = std::max(group.longest_wait, taken - task.scheduled);
  }
  return groups;
}

}  // namespace lifecycle::cli
