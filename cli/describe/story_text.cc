#include "cli/describe/story_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <utility>

#include "cli/describe/story_words.h"
#include "cli/describe/timeline.h"
#include "cli/failure_text.h"
#include "cli/output.h"
#include "cli/run_report.h"
#include "cli/table.h"

namespace lifecycle::cli {
namespace {

constexpr std::size_t kNoteBytesMax = 100;

class StoryText {
 public:
  StoryText(const Story& story, const StoryTextOptions& options) : story_(story), options_(options) {}

  std::vector<std::string> lines() {
    add_head();
    add_spans();
    add_pending();
    add_tasks();
    add_happenings();
    add_block(timeline_lines(story_, {.width = options_.width, .rows_max = options_.timeline_rows_max, .color = options_.color}));
    return std::move(lines_);
  }

 private:
  [[nodiscard]] std::string in_color(std::string_view text, Color color) const { return painted(text, color, options_.color); }
  [[nodiscard]] std::string time(WallTime time) const { return time_text(options_.time_format, time, story_.began); }

  [[nodiscard]] std::string version_cell(std::string_view version) const {
    return in_version_color(one_line(version_label(story_, version)), story_, version, options_.color);
  }

  [[nodiscard]] Color status_color() const {
    if (!story_.ended) {
      return story_.failing_task ? Color::kRed : Color::kBold;
    }
    return status_name(story_.status) == "COMPLETED"          ? Color::kGreen
           : status_name(story_.status) == "CONTINUED_AS_NEW" ? Color::kBold
                                                              : Color::kRed;
  }

  void add_block(std::vector<std::string> block) {
    if (block.empty()) {
      return;
    }
    lines_.emplace_back();
    std::ranges::move(block, std::back_inserter(lines_));
  }

  // --- head

  void add_head() {
    lines_.push_back(
        fmt::format("{}  {}", in_color(one_line(story_.workflow_id), Color::kBold), in_color(status_line(story_), status_color())));
    std::vector<Row> card;
    const auto add = [&card](std::string_view key, std::string_view value) {
      if (!value.empty()) {
        card.push_back({fmt::format("  {}", key), one_line(value)});
      }
    };
    add("run", story_.run_id);
    add("type", story_.workflow_type);
    add("namespace", story_.name_space);
    add("task queue", story_.task_queue);
    add("started", options_.time_format == TimeFormat::kRaw ? time(story_.began) : iso_time(story_.began));
    add("parent", story_.parent_workflow_id);
    add("continues", story_.continued_from_run);
    add("goes on as", story_.continued_to_run);
    add("deployment", versioning_line(story_));
    if (!story_.versions.empty()) {
      card.push_back({"  versions", versions_line()});
    }
    add("history", history_line());
    if (story_.result) {
      add("result", result_json(story_.result).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    }
    add("failure", story_.failure ? failure_text(*story_.failure) : "");
    add("ended by", story_.ended_by);
    std::ranges::move(aligned(card), std::back_inserter(lines_));
    if (!story_.complete) {
      lines_.emplace_back("  the beginning of its history is not there");
    }
    for (const std::string& problem : problems_of(story_, options_.time_format)) {
      lines_.push_back("  " + in_color(one_line(problem, 1000), problem.starts_with("retrying") ? Color::kYellow : Color::kRed));
    }
  }

  [[nodiscard]] std::string versions_line() const {
    std::vector<std::string> labels;
    for (const std::string& version : story_.versions) {
      labels.push_back(version_cell(version));
    }
    return fmt::format("{}", fmt::join(labels, ", "));
  }

  [[nodiscard]] std::string history_line() const {
    std::string line = fmt::format("{} events", story_.event_count);
    line += story_.history_bytes > 0 ? fmt::format(", {:.1f} KiB", static_cast<double>(story_.history_bytes) / 1024) : "";
    return line;
  }

  // --- tables

  template <class T>
  std::span<const T> newest(const std::vector<T>& all, std::string_view what) {
    const std::size_t shown = std::min(all.size(), options_.rows_max);
    if (shown < all.size()) {
      lines_.emplace_back();
      lines_.push_back(fmt::format("({} earlier {} are left out; -o json has all)", all.size() - shown, what));
    }
    return std::span(all).last(shown);
  }

  void add_spans() {
    if (story_.spans.empty()) {
      return;
    }
    const bool pods = has_pods(story_);
    const bool notes = std::ranges::any_of(story_.spans, [](const Span& span) { return !span.failure.empty() && is_over(span.status); });
    std::vector<Row> rows{
        {"STEP", "STATUS", "VERSION", pods ? "POD" : "PROCESS", pods ? "NODE" : "HOST", "ATTEMPT", "STARTED", "DURATION"}};
    if (notes) {
      rows.front().emplace_back("LAST FAILURE");
    }
    for (const Span& span : newest(story_.spans, "steps")) {
      const bool is_activity = span.kind == SpanKind::kActivity || span.kind == SpanKind::kLocalActivity;
      const Place place = place_of(span.worker);
      Row& row = rows.emplace_back(Row{one_line(title_of(span)), status_cell(span),
                                       is_activity && !span.worker.text.empty() ? version_cell(span.version) : "", one_line(place.process),
                                       one_line(place.machine), is_activity ? std::to_string(span.attempt) : "",
                                       time(span.started.value_or(span.scheduled)), short_duration(span.duration(story_.now))});
      if (notes) {
        row.push_back(is_over(span.status) ? one_line(span.failure, kNoteBytesMax) : "");
      }
    }
    add_table(rows);
  }

  [[nodiscard]] std::string status_cell(const Span& span) const {
    const Color color = span.status == SpanStatus::kCompleted ? Color::kPlain : is_over(span.status) ? Color::kRed : Color::kYellow;
    return in_color(status_text(span), color);
  }

  void add_table(const std::vector<Row>& rows) {
    std::vector<std::string> table = aligned(rows);
    table.front() = in_color(table.front(), Color::kDim);
    add_block(std::move(table));
  }

  // In the future or the past of the story's moment.
  [[nodiscard]] std::string from_now(std::optional<WallTime> when) const {
    if (!when) {
      return "";
    }
    if (options_.time_format != TimeFormat::kRelative) {
      return time(*when);
    }
    return *when > story_.now ? "in " + short_duration(*when - story_.now) : short_duration(story_.now - *when) + " ago";
  }

  void add_pending() {
    std::vector<Row> rows{{"PENDING", "STATE", "ATTEMPT", "NEXT RETRY", "HEARTBEAT", "WORKER", "LAST FAILURE"}};
    for (const Span& span : story_.spans) {
      if (span.kind != SpanKind::kActivity || is_over(span.status) || story_.ended) {
        continue;
      }
      const std::string attempt =
          span.maximum_attempts > 0 ? fmt::format("{} of {}", span.attempt, span.maximum_attempts) : std::to_string(span.attempt);
      rows.push_back({one_line(title_of(span)), status_cell(span), attempt, from_now(span.next_attempt), from_now(span.last_heartbeat),
                      one_line(span.worker.short_name()), one_line(span.failure, kNoteBytesMax)});
    }
    if (rows.size() > 1) {
      add_table(rows);
    }
  }

  void add_tasks() {
    const std::vector<TaskGroup> groups = task_groups_of(story_);
    if (groups.empty()) {
      return;
    }
    std::vector<Row> rows{{"WORKFLOW TASKS", "VERSION", "BEHAVIOR", "WORKER", "FAILED", "TIMED OUT", "LONGEST WAIT"}};
    for (const TaskGroup& group : groups) {
      rows.push_back({fmt::format("{} completed", group.completed), group.worker.text.empty() ? "" : version_cell(group.version),
                      group.behavior, group.worker.text.empty() ? "(nobody)" : one_line(group.worker.short_name()),
                      group.failed > 0 ? std::to_string(group.failed) : "", group.timed_out > 0 ? std::to_string(group.timed_out) : "",
                      short_duration(group.longest_wait)});
    }
    add_table(rows);
  }

  void add_happenings() {
    const std::vector<Happening> all = happenings_of(story_);
    if (all.empty()) {
      return;
    }
    std::vector<Row> rows{{"TIME", "WHAT", ""}};
    for (const Happening& each : newest(all, "happenings")) {
      std::string kind = each.kind;
      std::ranges::replace(kind, '_', ' ');
      rows.push_back({time(each.time), kind, one_line(each.text)});
    }
    add_table(rows);
  }

  const Story& story_;
  const StoryTextOptions& options_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> story_lines(const Story& story, const StoryTextOptions& options) { return StoryText(story, options).lines(); }

}  // namespace lifecycle::cli
