#include "cli/describe/story_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "cli/describe/story_words.h"
#include "cli/failure_text.h"
#include "cli/run_report.h"

namespace lifecycle::cli {
namespace {

constexpr std::size_t kNoteBytesMax = 100;
constexpr std::size_t kProblemBytesMax = 1000;

Cell plain(std::string_view text) { return {.text = one_line(text)}; }

Cell version_cell(const Story& story, const WorkerIdentity& worker, std::string_view version) {
  return worker.text.empty() ? Cell{} : Cell{.text = one_line(version_label(story, version)), .version = std::string(version)};
}

Cell status_cell_of(const Span& span) {
  const Tone tone = span.status == SpanStatus::kCompleted ? Tone::kPlain : is_over(span.status) ? Tone::kBad : Tone::kWarning;
  return {.text = status_text(span), .tone = tone};
}

bool is_activity(const Span& span) { return span.kind == SpanKind::kActivity || span.kind == SpanKind::kLocalActivity; }

template <class T>
std::span<const T> newest(const std::vector<T>& all, std::size_t rows_max, StoryTable& table) {
  const std::size_t shown = std::min(all.size(), rows_max);
  if (shown < all.size()) {
    table.left_out = fmt::format("{} earlier rows are left out; -o json has all", all.size() - shown);
  }
  return std::span(all).last(shown);
}

StoryTable step_table(const Story& story, TimeFormat format, std::size_t rows_max) {
  const bool pods = has_pods(story);
  const bool notes = std::ranges::any_of(story.spans, [](const Span& span) { return is_over(span.status) && !span.failure.empty(); });
  StoryTable table{.columns = {"STEP", "STATUS", "VERSION", pods ? "POD" : "PROCESS", pods ? "NODE" : "HOST", "ATTEMPT", "SCHEDULED",
                               "DURATION", "LAST ATTEMPT"}};
  if (notes) {
    table.columns.emplace_back("LAST FAILURE");
  }
  for (const Span& span : newest(story.spans, rows_max, table)) {
    const Place place = place_of(span.worker);
    auto& row = table.rows.emplace_back();
    row = {plain(title_of(span)),
           status_cell_of(span),
           is_activity(span) ? version_cell(story, span.worker, span.version) : Cell{},
           plain(place.process),
           plain(place.machine),
           plain(is_activity(span) ? std::to_string(span.attempt) : ""),
           plain(time_text(format, span.scheduled, story.began)),
           plain(short_duration(span.duration(story.now))),
           plain(is_activity(span) && span.started ? short_duration(span.closed.value_or(story.now) - *span.started) : "")};
    if (notes) {
      row.push_back({.text = is_over(span.status) ? one_line(span.failure, kNoteBytesMax) : ""});
    }
  }
  return table;
}

// In the future or the past of the story's moment.
std::string from_now(const Story& story, std::optional<WallTime> when, TimeFormat format) {
  if (!when) {
    return "";
  }
  if (format != TimeFormat::kRelative) {
    return time_text(format, *when, story.began);
  }
  return *when > story.now ? "in " + short_duration(*when - story.now) : short_duration(story.now - *when) + " ago";
}

StoryTable pending_table(const Story& story, TimeFormat format, std::size_t rows_max) {
  std::vector<const Span*> pending;
  for (const Span& span : story.spans) {
    if (span.kind == SpanKind::kActivity && !is_over(span.status) && !story.ended) {
      pending.push_back(&span);
    }
  }
  StoryTable table{.columns = {"PENDING", "STATE", "ATTEMPT", "NEXT RETRY", "HEARTBEAT", "WORKER", "LAST FAILURE"}};
  for (const Span* const span : newest(pending, rows_max, table)) {
    table.rows.push_back(
        {plain(title_of(*span)), status_cell_of(*span),
         plain(span->maximum_attempts > 0 ? fmt::format("{} of {}", span->attempt, span->maximum_attempts) : std::to_string(span->attempt)),
         plain(from_now(story, span->next_attempt, format)), plain(from_now(story, span->last_heartbeat, format)),
         plain(span->worker.short_name()), Cell{.text = one_line(span->failure, kNoteBytesMax)}});
  }
  return table;
}

StoryTable task_table(const Story& story, std::size_t rows_max) {
  const auto count = [](int number) { return Cell{.text = number > 0 ? std::to_string(number) : "", .tone = Tone::kBad}; };
  const std::vector<TaskGroup> groups = task_groups_of(story);
  StoryTable table{.columns = {"WORKFLOW TASKS", "VERSION", "BEHAVIOR", "WORKER", "FAILED", "TIMED OUT", "LONGEST WAIT"}};
  for (const TaskGroup& group : newest(groups, rows_max, table)) {
    table.rows.push_back({plain(fmt::format("{} completed", group.completed)), version_cell(story, group.worker, group.version),
                          plain(group.behavior), plain(group.worker.text.empty() ? "(nobody)" : group.worker.short_name()),
                          count(group.failed), count(group.timed_out), plain(short_duration(group.longest_wait))});
  }
  return table;
}

StoryTable happening_table(const Story& story, TimeFormat format, std::size_t rows_max) {
  const std::vector<Happening> all = happenings_of(story);
  StoryTable table{.columns = {"TIME", "WHAT", "DETAIL"}};
  for (const Happening& each : newest(all, rows_max, table)) {
    std::string kind = each.kind;
    std::ranges::replace(kind, '_', ' ');
    const bool bad = each.kind == "fault" || each.kind == "no_worker" || each.kind == "task_failed";
    table.rows.push_back(
        {plain(time_text(format, each.time, story.began)), Cell{.text = kind, .tone = bad ? Tone::kBad : Tone::kPlain}, plain(each.text)});
  }
  return table;
}

class Facts {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) {
      facts_.push_back({.name = std::string(name), .cells = {plain(value)}});
    }
  }
  void add(std::string_view name, std::vector<Cell> cells) { facts_.push_back({.name = std::string(name), .cells = std::move(cells)}); }
  std::vector<Fact> take() && { return std::move(facts_); }

 private:
  std::vector<Fact> facts_;
};

}  // namespace

Cell status_cell(const Story& story) {
  const std::string_view status = status_name(story.status);
  const bool neutral = !story.ended || status == "CONTINUED_AS_NEW";
  const Tone tone = status == "COMPLETED" ? Tone::kGood : neutral && !story.failing_task ? Tone::kStrong : Tone::kBad;
  return {.text = status_line(story), .tone = tone};
}

std::vector<Fact> story_facts(const Story& story, TimeFormat format) {
  Facts facts;
  facts.add("run", story.run_id);
  facts.add("type", story.workflow_type);
  facts.add("namespace", story.name_space);
  facts.add("task queue", story.task_queue);
  facts.add("started", format == TimeFormat::kRaw ? time_text(format, story.began, story.began) : iso_time(story.began));
  facts.add("parent", story.parent_workflow_id);
  facts.add("continues", story.continued_from_run);
  facts.add("goes on as", story.continued_to_run);
  facts.add("deployment", versioning_line(story));
  std::vector<Cell> versions;
  for (const std::string& version : story.versions) {
    versions.push_back({.text = one_line(version_label(story, version)), .version = version});
  }
  if (!versions.empty()) {
    facts.add("versions", std::move(versions));
  }
  facts.add("history",
            fmt::format("{} events{}", story.event_count,
                        story.history_bytes > 0 ? fmt::format(", {:.1f} KiB", static_cast<double>(story.history_bytes) / 1024) : ""));
  if (story.result) {
    facts.add("result", result_json(story.result).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  facts.add("failure", story.failure ? failure_text(*story.failure) : "");
  facts.add("ended by", story.ended_by);
  return std::move(facts).take();
}

std::vector<Cell> story_problems(const Story& story, TimeFormat format) {
  std::vector<Cell> problems;
  if (!story.complete) {
    problems.push_back({.text = "the beginning of its history is not there", .tone = Tone::kWarning});
  }
  for (const std::string& problem : problems_of(story, format)) {
    problems.push_back(
        {.text = one_line(problem, kProblemBytesMax), .tone = problem.starts_with("retrying") ? Tone::kWarning : Tone::kBad});
  }
  return problems;
}

std::vector<StoryTable> story_tables(const Story& story, TimeFormat format, std::size_t rows_max) {
  std::vector<StoryTable> tables;
  tables.push_back(step_table(story, format, rows_max));
  tables.push_back(pending_table(story, format, rows_max));
  tables.push_back(task_table(story, rows_max));
  tables.push_back(happening_table(story, format, rows_max));
  std::erase_if(tables, [](const StoryTable& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace lifecycle::cli
