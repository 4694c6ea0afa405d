#include "cli/describe/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/duration.h"
#include "base/text.h"
#include "cli/describe/story_words.h"
#include "cli/failure_text.h"
#include "cli/table.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLabelWidthMax = 24;
constexpr std::size_t kNoteWidth = 22;
constexpr std::size_t kChartWidthMin = 20;

constexpr char kWaits = '.';
constexpr char kEarlierAttempts = '~';
constexpr char kTimer = '-';
constexpr char kChild = '=';
constexpr char kFailed = 'x';
constexpr char kNoWorker = '#';
constexpr char kFault = '!';
constexpr char kSignal = 'v';

struct Sign {
  char sign;
  std::string_view meaning;
};

constexpr std::array kSigns{
    Sign{.sign = kWaits, .meaning = "waits for a worker"},
    Sign{.sign = kEarlierAttempts, .meaning = "earlier attempts"},
    Sign{.sign = kTimer, .meaning = "timer"},
    Sign{.sign = kChild, .meaning = "child workflow, update"},
    Sign{.sign = kFailed, .meaning = "failed"},
    Sign{.sign = kNoWorker, .meaning = "no worker"},
    Sign{.sign = kFault, .meaning = "fault"},
    Sign{.sign = kSignal, .meaning = "signal"},
};

// One row: a sign for each column, and whose colour it has.
struct ChartRow {
  std::string signs;
  std::vector<std::string_view> versions;
};

class Chart {
 public:
  Chart(const Story& story, const TimelineOptions& options) : story_(story), options_(options) {
    for (const Span& span : shown_spans()) {
      label_width_ = std::max(label_width_, std::min(display_width(one_line(title_of(span))), kLabelWidthMax));
    }
    const std::size_t rest = label_width_ + 2 + kNoteWidth;
    chart_width_ = options.width > rest + kChartWidthMin ? options.width - rest : kChartWidthMin;
    total_ = std::max<Duration>(story.now - story.began, 1ms);
  }

  std::vector<std::string> lines() {
    lines_.push_back(axis());
    add_tasks();
    if (const std::size_t left_out = story_.spans.size() - shown_spans().size(); left_out > 0) {
      lines_.push_back(fmt::format("({} earlier rows are left out; -o html shows all)", left_out));
    }
    for (const Span& span : shown_spans()) {
      add_span(span);
    }
    add_gaps();
    add_points();
    lines_.push_back(legend());
    return std::move(lines_);
  }

 private:
  [[nodiscard]] std::span<const Span> shown_spans() const {
    const std::size_t shown = std::min(story_.spans.size(), options_.rows_max);
    return std::span(story_.spans).last(shown);
  }

  [[nodiscard]] std::size_t column(WallTime time) const {
    const double share = static_cast<double>((time - story_.began).count()) / static_cast<double>(total_.count());
    const auto place = static_cast<std::int64_t>(share * static_cast<double>(chart_width_));
    return static_cast<std::size_t>(std::clamp<std::int64_t>(place, 0, static_cast<std::int64_t>(chart_width_) - 1));
  }

  [[nodiscard]] ChartRow empty_row() const {
    return {.signs = std::string(chart_width_, ' '), .versions = std::vector<std::string_view>(chart_width_)};
  }

  // Something takes at least one column, however short it was.
  void fill(ChartRow& row, WallTime from, WallTime to, char sign, std::string_view version = {}) const {
    const std::size_t first = column(from);
    const std::size_t last = std::max(column(to), first + 1);
    for (std::size_t i = first; i < std::min(last, chart_width_); ++i) {
      row.signs[i] = sign;
      row.versions[i] = version;
    }
  }

  void add_row(std::string_view label, const ChartRow& row, std::string_view note = {}) {
    std::string line = shortened_label(label);
    line.append(label_width_ - std::min(label_width_, display_width(line)) + 1, ' ');
    for (std::size_t i = 0; i < row.signs.size();) {
      std::size_t end = i;
      while (end < row.signs.size() && row.versions[end] == row.versions[i]) {
        ++end;
      }
      const std::string_view run = std::string_view(row.signs).substr(i, end - i);
      line += row.versions[i].empty() ? std::string(run) : in_version_color(run, story_, row.versions[i], options_.color);
      i = end;
    }
    line += note.empty() ? "" : fmt::format(" {}", note);
    line.erase(line.find_last_not_of(' ') + 1);
    lines_.push_back(std::move(line));
    for (const char sign : row.signs) {
      used_.insert(sign);
    }
  }

  [[nodiscard]] std::string shortened_label(std::string_view label) const {
    std::string text = one_line(label);
    while (display_width(text) > label_width_) {
      text.pop_back();
      while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) {
        text.pop_back();
      }
      if (display_width(text) + 2 <= label_width_) {
        text += "..";
        break;
      }
    }
    return text;
  }

  [[nodiscard]] std::string axis() const {
    const Duration step = tick_interval(total_, static_cast<int>(std::max<std::size_t>(chart_width_ / 12, 1)));
    std::string line(label_width_ + 1 + chart_width_, ' ');
    std::size_t free_from = 0;
    for (Duration offset = Duration::zero(); offset <= total_; offset += step) {
      const std::string text = tick_text(offset);
      const std::size_t at = label_width_ + 1 + column(story_.began + offset);
      if (at >= free_from && at + text.size() <= line.size() && (offset < total_ || offset == Duration::zero())) {
        line.replace(at, text.size(), text);
        free_from = at + text.size() + 1;
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  }

  void add_tasks() {
    ChartRow row = empty_row();
    for (const WorkflowTask& task : story_.workflow_tasks) {
      if (task.started.value_or(story_.now) - task.scheduled > total_ / static_cast<std::int64_t>(chart_width_)) {
        fill(row, task.scheduled, task.started.value_or(task.closed.value_or(story_.now)), kWaits);
      }
    }
    for (const WorkflowTask& task : story_.workflow_tasks) {
      if (task.started) {
        fill(row, *task.started, task.closed.value_or(story_.now), letter_of(story_, task.version), task.version);
      }
    }
    for (const WorkflowTask& task : story_.workflow_tasks) {
      if (task.closed && (task.status == TaskStatus::kFailed || task.status == TaskStatus::kTimedOut)) {
        fill(row, *task.closed, *task.closed, kFailed, task.version);
      }
    }
    add_row("workflow tasks", row);
  }

  void add_span(const Span& span) {
    ChartRow row = empty_row();
    const WallTime end = span.closed.value_or(story_.now);
    const bool is_activity = span.kind == SpanKind::kActivity || span.kind == SpanKind::kLocalActivity;
    if (is_activity) {
      const WallTime taken = span.started.value_or(end);
      if (span.attempt > 1) {
        fill(row, span.scheduled, taken, kEarlierAttempts);
      } else if (column(taken) > column(span.scheduled)) {
        fill(row, span.scheduled, taken, kWaits);
      }
      if (span.started) {
        fill(row, taken, end, letter_of(story_, span.version), span.version);
      }
    } else {
      fill(row, span.scheduled, end, span.kind == SpanKind::kTimer ? kTimer : kChild);
    }
    if (is_over(span.status) && span.status != SpanStatus::kCompleted) {
      row.signs[column(end)] = kFailed;
    }
    add_row(title_of(span), row, note_of(span));
  }

  [[nodiscard]] static std::string note_of(const Span& span) {
    // Pods of one Deployment differ at the end of their names.
    std::string note = shortened_to_end(one_line(place_of(span.worker).process), kNoteWidth);
    if (span.kind == SpanKind::kChildWorkflow) {
      note = one_line(span.id, kNoteWidth);
    }
    if (span.attempt > 1) {
      note += fmt::format("{}attempt {}", note.empty() ? "" : " ", span.attempt);
    }
    return note;
  }

  void add_gaps() {
    if (story_.gaps.empty()) {
      return;
    }
    ChartRow row = empty_row();
    for (const Gap& gap : story_.gaps) {
      fill(row, gap.from, gap.to, kNoWorker);
    }
    add_row("no worker", row);
  }

  void add_points() {
    ChartRow signals = empty_row();
    bool any_signal = false;
    for (const Mark& mark : story_.marks) {
      if (mark.kind == MarkKind::kSignal || mark.kind == MarkKind::kCancelRequested) {
        fill(signals, mark.time, mark.time, kSignal);
        any_signal = true;
      }
    }
    if (any_signal) {
      add_row("signals", signals);
    }
    if (story_.faults.empty()) {
      return;
    }
    ChartRow faults = empty_row();
    for (const Fault& fault : story_.faults) {
      fill(faults, fault.time, fault.time, kFault);
    }
    add_row("faults", faults);
  }

  [[nodiscard]] std::string legend() const {
    std::string line;
    const auto add = [&line](const std::string& text) { line += fmt::format("{}{}", line.empty() ? "" : "   ", text); };
    for (const std::string& version : story_.versions) {
      add(in_version_color(one_line(version_label(story_, version)), story_, version, options_.color));
    }
    if (used_.contains('?')) {
      add("? version unknown");
    }
    for (const Sign& each : kSigns) {
      if (used_.contains(each.sign)) {
        add(fmt::format("{} {}", each.sign, each.meaning));
      }
    }
    return line;
  }

  const Story& story_;
  const TimelineOptions& options_;
  std::size_t label_width_ = std::string_view("workflow tasks").size();
  std::size_t chart_width_ = kChartWidthMin;
  Duration total_ = {};
  std::vector<std::string> lines_;
  std::set<char> used_;
};

}  // namespace

std::vector<std::string> timeline_lines(const Story& story, const TimelineOptions& options) {
  return story.began == WallTime() ? std::vector<std::string>() : Chart(story, options).lines();
}

std::string in_version_color(std::string_view text, const Story& story, std::string_view version, bool color) {
  constexpr std::array kCodes{36, 33, 35, 32, 34, 91, 96, 93};  // of 16 colours; the letter is what tells
  const auto found = std::ranges::find(story.versions, version);
  if (!color || found == story.versions.end()) {
    return std::string(text);
  }
  const auto index = static_cast<std::size_t>(found - story.versions.begin());
  return fmt::format("\033[{}m{}\033[0m", kCodes[index % kCodes.size()], text);
}

Duration tick_interval(Duration total, int ticks) {
  constexpr std::array<Duration, 28> kIntervals{1ms, 2ms,  5ms,  10ms, 20ms,  50ms,  100ms, 200ms, 500ms, 1s, 2s,  5s,  10s,  15s,
                                                30s, 1min, 2min, 5min, 10min, 15min, 30min, 1h,    2h,    6h, 12h, 24h, 168h, 720h};
  for (const Duration interval : kIntervals) {
    if (interval * ticks >= total) {
      return interval;
    }
  }
  return kIntervals.back() * (total / (kIntervals.back() * ticks) + 1);
}

std::string tick_text(Duration offset) { return offset == Duration::zero() ? "0s" : format_duration(offset); }

}  // namespace lifecycle::cli
