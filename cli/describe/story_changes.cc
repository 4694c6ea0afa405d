#include "cli/describe/story_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cli/describe/story_reader.h"
#include "cli/describe/story_words.h"
#include "cli/failure_text.h"
#include "cli/run_report.h"
#include "cli/time_text.h"

namespace lifecycle::cli {
namespace {

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; });
  return lower;
}

// "step_completed" for an activity, "child_workflow_timed_out" for a child.
std::string event_of(const Span& span, std::string_view what) {
  std::string event = fmt::format("{}_{}", span.kind == SpanKind::kActivity ? "step" : name_of(span.kind), what);
  std::ranges::replace(event, ' ', '_');
  return event;
}

const Gap* open_gap(const Story& story) { return story.gaps.empty() || !story.gaps.back().open ? nullptr : &story.gaps.back(); }

class Comparison {
 public:
  Comparison(const Story& before, const Story& after) : before_(before), after_(after) {}

  std::vector<StoryChange> changes() {
    for (std::size_t i = 0; i < after_.spans.size(); ++i) {
      compare(i < before_.spans.size() ? &before_.spans[i] : nullptr, after_.spans[i]);
    }
    for (std::size_t i = before_.marks.size(); i < after_.marks.size(); ++i) {
      const Mark& mark = after_.marks[i];
      add({.time = mark.time, .event = std::string(name_of(mark.kind)), .event_id = mark.event_id, .message = mark.text});
    }
    for (std::size_t i = before_.faults.size(); i < after_.faults.size(); ++i) {
      const Fault& fault = after_.faults[i];
      add({.time = fault.time, .event = "fault", .version = fault.version, .message = fault_text(fault)});
    }
    compare_tasks();
    compare_gaps();
    sort_by_time();
    if (after_.ended && !before_.ended) {
      add({.time = *after_.ended, .event = in_lower_case(status_name(after_.status)), .message = end_text()});
    }
    return std::move(changes_);
  }

 private:
  // Keeps the order of changes of one moment: a step starts before it ends.
  void sort_by_time() {
    std::multimap<WallTime, StoryChange> sorted;
    for (StoryChange& change : changes_) {
      sorted.emplace(change.time, std::move(change));
    }
    changes_.clear();
    for (auto& [time, change] : sorted) {
      changes_.push_back(std::move(change));
    }
  }

  void add(StoryChange change) { changes_.push_back(std::move(change)); }

  static StoryChange of_span(const Span& span, std::string_view what, WallTime time) {
    const bool has_attempts = span.kind == SpanKind::kActivity;
    return {.time = time,
            .event = event_of(span, what),
            .name = title_of(span),
            .event_id = span.event_id,
            .attempt = has_attempts ? span.attempt : 0,
            .worker = span.worker,
            .version = span.version};
  }

  void compare(const Span* before, const Span& after) {
    if (before != nullptr && is_over(before->status)) {
      return;
    }
    const bool is_activity = after.kind == SpanKind::kActivity;
    const int told_attempt = before == nullptr ? 1 : before->attempt;
    if (is_activity && after.attempt > told_attempt) {
      add_retry(before, after);
    }
    const bool was_running = before != nullptr && before->status == SpanStatus::kRunning && before->attempt == after.attempt;
    if (after.started && !was_running && after.kind != SpanKind::kLocalActivity) {
      add(of_span(after, "started", *after.started));
    }
    if (is_over(after.status)) {
      StoryChange over = of_span(after, status_text(after), after.closed.value_or(after_.now));
      over.message = after.status == SpanStatus::kCompleted ? "" : after.failure;
      add(std::move(over));
    }
  }

  // History and description name one worker: while the next attempt waits that is still the one that failed.
  void add_retry(const Span* before, const Span& after) {
    const bool worker_is_new = after.status == SpanStatus::kRunning || is_over(after.status);
    StoryChange retry = of_span(after, "retrying", after.last_attempt_ended.value_or(after.started.value_or(after_.now)));
    retry.attempt = after.attempt - 1;
    if (worker_is_new) {
      const bool known = before != nullptr && before->attempt == retry.attempt;
      retry.worker = known ? before->worker : WorkerIdentity{};
      retry.version = known ? before->version : "";
    }
    retry.message = after.failure;
    add(std::move(retry));
  }

  void compare_tasks() {
    if (after_.failing_task && !before_.failing_task) {
      const FailingTask& failing = *after_.failing_task;
      add({.time = failing.since,
           .event = "workflow_task_failed",
           .attempt = failing.attempt,
           .worker = failing.worker,
           .version = failing.version,
           .message = fmt::format("{}: {}", failing.cause, failing.failure)});
    } else if (before_.failing_task && !after_.failing_task && !after_.ended) {
      add({.time = after_.now, .event = "workflow_task_succeeds_again"});
    }
  }

  void compare_gaps() {
    const Gap* const before = open_gap(before_);
    const Gap* const after = open_gap(after_);
    if (after != nullptr && before == nullptr) {
      add({.time = after->from,
           .event = "no_worker",
           .message = fmt::format("{} waits on task queue {}", after->waiting, after_.task_queue)});
    } else if (before != nullptr && after == nullptr) {
      add({.time = after_.now,
           .event = "worker_is_back",
           .message = fmt::format("no worker for {}", short_duration(after_.now - before->from))});
    }
  }

  [[nodiscard]] std::string end_text() const {
    if (!after_.continued_to_run.empty()) {
      return "goes on as run " + after_.continued_to_run;
    }
    return after_.failure ? failure_text(*after_.failure) : after_.ended_by;
  }

  const Story& before_;
  const Story& after_;
  std::vector<StoryChange> changes_;
};

}  // namespace

std::vector<StoryChange> changes_between(const Story& before, const Story& after) { return Comparison(before, after).changes(); }

std::string change_text(const StoryChange& change) {
  std::string what = change.event;
  if (!change.name.empty()) {  // the name says which kind it is
    for (const std::string_view kind : {"step_", "local_activity_", "timer_", "child_workflow_", "nexus_operation_", "update_"}) {
      what.erase(0, what.starts_with(kind) ? kind.size() : 0);
    }
  }
  std::ranges::replace(what, '_', ' ');
  std::string text = change.name.empty() ? what : fmt::format("{} {}", change.name, what);
  if (!change.worker.text.empty()) {
    text += fmt::format(" on {} ({})", change.worker.short_name(), change.version.empty() ? "version unknown" : change.version);
  }
  text += change.attempt > 1 || what == "retrying" ? fmt::format(", attempt {}", change.attempt) : "";
  text += change.message.empty() ? "" : ": " + change.message;
  return one_line(text, 1000);
}

nlohmann::ordered_json change_json(const StoryChange& change) {
  nlohmann::ordered_json object{{"event", change.event}, {"time", iso_time(change.time)}};
  const auto put = [&object](const char* key, const std::string& value) {
    if (!value.empty()) {
      object[key] = value;
    }
  };
  put("name", change.name);
  if (change.event_id > 0) {
    object["eventId"] = change.event_id;
  }
  if (change.attempt > 0) {
    object["attempt"] = change.attempt;
  }
  put("worker", change.worker.text);
  put("version", change.version);
  put("message", change.message);
  return object;
}

bool is_bad(const StoryChange& change) {
  const std::string_view event = change.event;
  return event == "no_worker" || event == "fault" || event.ends_with("failed") || event.ends_with("timed_out") ||
         event.ends_with("timeout") || event.ends_with("retrying") || event.ends_with("terminated") || event.ends_with("cancelled") ||
         event.ends_with("canceled");
}

}  // namespace lifecycle::cli
