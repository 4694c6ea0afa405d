#include "cli/describe/story_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/text.h"
#include "cli/describe/story_words.h"
#include "cli/describe/timeline.h"
#include "cli/failure_text.h"
#include "cli/table.h"

namespace lifecycle::cli {
namespace {

// All in pixels.
constexpr double kWidth = 1180;
constexpr double kChartLeft = 200;
constexpr double kChartRight = 920;
constexpr double kRowHeight = 24;
constexpr double kBarHeight = 16;
constexpr double kTopOfFile = 64;  // room for a title
constexpr double kTopOfPage = 28;
constexpr double kBarWidthMin = 2;
constexpr double kLetterWidth = 12;  // a bar that is narrower has no letter in it
constexpr std::size_t kLabelBytesMax = 28;
constexpr std::size_t kNoteBytesMax = 36;

// Okabe and Ito's, the darker ones first.
constexpr std::array<std::string_view, 8> kFills{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#8c6bb1"};
constexpr std::string_view kUnknownFill = "#8a8a8a";
constexpr std::array<std::string_view, 4> kDarkFills{"#0072b2", "#009e73", "#d55e00", "#8c6bb1"};  // which want white letters

constexpr std::string_view kFileStyle =
    ".paper{fill:#fff}.ink{fill:#1a1a1a}.faint{fill:#666}.line{stroke:#ccc}"
    "@media (prefers-color-scheme:dark){.paper{fill:#16181c}.ink{fill:#e8e8e8}.faint{fill:#a0a0a0}.line{stroke:#444}}";
constexpr std::string_view kPageStyle = ".paper{fill:none}.ink{fill:var(--ink)}.faint{fill:var(--faint)}.line{stroke:var(--line)}";
constexpr std::string_view kSharedStyle =
    "text{font:12px "
    "system-ui,sans-serif}.title{font-size:16px;font-weight:600}.letter{fill:#000;font-weight:600;text-anchor:middle}.light{fill:#fff}"
    ".wait{fill:none;stroke:#8a8a8a;stroke-dasharray:2 2}.earlier{fill:#8a8a8a;fill-opacity:.25;stroke:#8a8a8a;stroke-dasharray:4 2}"
    ".timer{fill:#8a8a8a;fill-opacity:.35}.child{fill:none;stroke:#8a8a8a;stroke-width:2}.bad{fill:#c1121f;stroke:#c1121f}.bad-word{fill:#"
    "c1121f}"
    ".gap{fill:url(#hatch)}";

class Picture {
 public:
  Picture(const Story& story, SvgPlace place) : story_(story), place_(place) {
    total_ = std::max<Duration>(story.now - story.began, std::chrono::milliseconds(1));
    rows_ = 1 + story.spans.size();
    top_ = place == SvgPlace::kFile ? kTopOfFile : kTopOfPage;
    bottom_ = top_ + static_cast<double>(rows_) * kRowHeight;
  }

  std::string draw() {
    open();
    draw_axis();
    draw_gaps();
    draw_tasks();
    double top = top_ + kRowHeight;
    for (const Span& span : story_.spans) {
      draw_span(span, top);
      top += kRowHeight;
    }
    draw_marks();
    draw_faults();
    draw_legend();
    out_ += "</svg>\n";
    return std::move(out_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  [[nodiscard]] double x_of(WallTime time) const {
    const double share = static_cast<double>((time - story_.began).count()) / static_cast<double>(total_.count());
    return kChartLeft + std::clamp(share, 0.0, 1.0) * (kChartRight - kChartLeft);
  }

  void open() {
    const double height = bottom_ + 56;
    put(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">)", kWidth, height,
        kWidth, height, xml_text(fmt::format("{} {}", story_.workflow_id, status_line(story_))));
    put("<style>{}{}</style>", place_ == SvgPlace::kFile ? kFileStyle : kPageStyle, kSharedStyle);
    put(R"svg(<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">)svg"
        R"svg(<rect width="2" height="6" fill="#c1121f" fill-opacity=".35"/></pattern></defs>)svg");
    put(R"(<rect class="paper" width="{}" height="{}"/>)", kWidth, height);
    if (place_ == SvgPlace::kFile) {
      put(R"(<text class="ink title" x="12" y="26">{}</text>)",
          xml_text(fmt::format("{}  {}", one_line(story_.workflow_id, 80), status_line(story_))));
    }
  }

  void draw_axis() {
    const Duration step = tick_interval(total_, 8);
    for (Duration offset = Duration::zero(); offset <= total_; offset += step) {
      const double x = x_of(story_.began + offset);
      put(R"(<line class="line" x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"/>)", x, top_ - 6, bottom_);
      put(R"(<text class="faint" x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", x, top_ - 12, tick_text(offset));
    }
  }

  void draw_gaps() {
    for (const Gap& gap : story_.gaps) {
      const double x = x_of(gap.from);
      put(R"(<rect class="gap" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>)", x, top_ - 6,
          std::max(x_of(gap.to) - x, kBarWidthMin), bottom_ - top_ + 6,
          xml_text(fmt::format("no worker for {}: {} waited", short_duration(gap.to - gap.from), gap.waiting)));
    }
  }

  void draw_label(std::string_view label, double top, std::string_view note = {}) {
    put(R"(<text class="ink" x="12" y="{}">{}</text>)", top + 16, xml_text(one_line(label, kLabelBytesMax)));
    if (!note.empty()) {
      put(R"(<text class="faint" x="{}" y="{}">{}</text>)", kChartRight + 10, top + 16, xml_text(one_line(note, kNoteBytesMax)));
    }
  }

  void draw_bar(WallTime from, WallTime to, double top, std::string_view style, std::string_view fill, std::string_view tip) {
    const double x = x_of(from);
    put(R"(<rect class="{}"{} x="{:.1f}" y="{}" width="{:.1f}" height="{}" rx="2"><title>{}</title></rect>)", style,
        fill.empty() ? "" : fmt::format(R"( fill="{}")", fill), x, top + (kRowHeight - kBarHeight) / 2,
        std::max(x_of(to) - x, kBarWidthMin), kBarHeight, xml_text(tip));
  }

  void draw_letter(WallTime from, WallTime to, double top, std::string_view version) {
    if (x_of(to) - x_of(from) >= kLetterWidth) {
      const bool dark = std::ranges::find(kDarkFills, version_fill(story_, version)) != kDarkFills.end();
      put(R"(<text class="letter{}" x="{:.1f}" y="{}">{}</text>)", dark ? " light" : "", (x_of(from) + x_of(to)) / 2, top + 16,
          letter_of(story_, version));
    }
  }

  void draw_cross(WallTime time, double top) {
    const double x = x_of(time);
    const double y = top + kRowHeight / 2;
    put(R"(<path class="bad" stroke-width="2" d="M{:.1f} {}l8 8m-8 0l8 -8"/>)", x - 4, y - 4);
  }

  void draw_tasks() {
    draw_label("workflow tasks", top_);
    for (const WorkflowTask& task : story_.workflow_tasks) {
      const WallTime taken = task.started.value_or(task.closed.value_or(story_.now));
      if (taken - task.scheduled > total_ / 200) {
        draw_bar(task.scheduled, taken, top_, "wait", "", fmt::format("workflow task waited {}", short_duration(taken - task.scheduled)));
      }
      const WallTime closed = task.closed.value_or(story_.now);
      if (task.started) {
        draw_bar(*task.started, closed, top_, "run", version_fill(story_, task.version),
                 fmt::format("workflow task {}: {} on {} ({})", task.scheduled_event_id, name_of(task.status), task.worker.short_name(),
                             version_label(story_, task.version)));
        draw_letter(*task.started, closed, top_, task.version);
      }
      if (task.status == TaskStatus::kFailed || task.status == TaskStatus::kTimedOut) {
        draw_cross(closed, top_);
      }
    }
  }

  void draw_span(const Span& span, double top) {
    const WallTime end = span.closed.value_or(story_.now);
    const bool is_activity = span.kind == SpanKind::kActivity || span.kind == SpanKind::kLocalActivity;
    std::string note = span.attempt > 1 ? fmt::format("attempt {}", span.attempt) : "";
    note += !note.empty() && !span.worker.text.empty() ? ", " : "";
    note += place_of(span.worker).process;
    draw_label(title_of(span), top, span.kind == SpanKind::kChildWorkflow ? span.id : note);
    const std::string tip = tip_of(span);
    if (!is_activity) {
      draw_bar(span.scheduled, end, top, span.kind == SpanKind::kTimer ? "timer" : "child", "", tip);
    } else {
      const WallTime taken = span.started.value_or(end);
      if (span.attempt > 1 || taken - span.scheduled > total_ / 200) {
        draw_bar(span.scheduled, taken, top, span.attempt > 1 ? "earlier" : "wait", "", tip);
      }
      if (span.started) {
        draw_bar(taken, end, top, "run", version_fill(story_, span.version), tip);
        draw_letter(taken, end, top, span.version);
      }
    }
    if (is_over(span.status) && span.status != SpanStatus::kCompleted) {
      draw_cross(end, top);
    }
  }

  [[nodiscard]] std::string tip_of(const Span& span) const {
    std::string tip = fmt::format("{}: {} after {}", title_of(span), status_text(span), short_duration(span.duration(story_.now)));
    tip += span.worker.text.empty() ? "" : fmt::format(", on {} ({})", span.worker.short_name(), version_label(story_, span.version));
    tip += span.attempt > 1 ? fmt::format(", attempt {}", span.attempt) : "";
    tip += span.failure.empty() ? "" : fmt::format("; last failure: {}", span.failure);
    return tip;
  }

  void draw_marks() {
    for (const Mark& mark : story_.marks) {
      const double x = x_of(mark.time);
      const std::string tip = xml_text(fmt::format("{} {}", name_of(mark.kind), mark.text));
      if (mark.kind == MarkKind::kVersionChange) {
        put(R"(<line class="line" stroke-dasharray="3 3" stroke-width="2" x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"><title>{3}</title></line>)",
            x, top_ - 6, bottom_, tip);
      } else {
        put(R"(<path class="ink" d="M{:.1f} {}l5 -8h-10z"><title>{}</title></path>)", x, top_, tip);
      }
    }
  }

  void draw_faults() {
    for (const Fault& fault : story_.faults) {
      const double x = x_of(fault.time);
      put(R"(<line class="bad" stroke-width="2" x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"><title>{3}</title></line>)", x, top_ - 6,
          bottom_ + 4, xml_text(fault_text(fault)));
      put(R"(<text class="bad-word" x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", x, bottom_ + 16,
          xml_text(one_line(fault.action, kLabelBytesMax)));
    }
  }

  void draw_legend() {
    double x = 12;
    const double y = bottom_ + 40;
    const auto item = [&](std::string_view style, std::string_view fill, std::string_view text) {
      put(R"(<rect class="{}"{} x="{:.0f}" y="{}" width="14" height="12" rx="2"/>)", style,
          fill.empty() ? "" : fmt::format(R"( fill="{}")", fill), x, y - 10);
      put(R"(<text class="ink" x="{:.0f}" y="{}">{}</text>)", x + 20, y, xml_text(text));
      x += 36 + 7.0 * static_cast<double>(display_width(text));
    };
    for (const std::string& version : story_.versions) {
      item("run", version_fill(story_, version), one_line(version_label(story_, version), kLabelBytesMax));
    }
    item("wait", "", "waits for a worker");
    item("earlier", "", "earlier attempts");
    item("gap", "", "no worker");
  }

  const Story& story_;
  SvgPlace place_;
  Duration total_ = {};
  std::size_t rows_ = 0;
  double top_ = 0;
  double bottom_ = 0;
  std::string out_;
};

}  // namespace

std::string story_svg(const Story& story, SvgPlace place) { return Picture(story, place).draw(); }

std::string xml_text(std::string_view text) {
  std::string valid = valid_utf8(text);
  for (const std::string_view never : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {  // U+FFFE and U+FFFF
    for (std::size_t at = valid.find(never); at != std::string::npos; at = valid.find(never, at)) {
      valid.replace(at, never.size(), "?");
    }
  }
  std::string out;
  for (const char letter : valid) {
    switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
    }
  }
  return out;
}

std::string_view version_fill(const Story& story, std::string_view version) {
  const auto found = std::ranges::find(story.versions, version);
  return found == story.versions.end() ? kUnknownFill : kFills[static_cast<std::size_t>(found - story.versions.begin()) % kFills.size()];
}

}  // namespace lifecycle::cli
