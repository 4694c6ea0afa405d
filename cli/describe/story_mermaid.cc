#include "cli/describe/story_mermaid.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

#include "cli/describe/story_words.h"
#include "cli/failure_text.h"

namespace lifecycle::cli {
namespace {

constexpr std::size_t kRowsMax = 200;  // Mermaid refuses texts beyond 50,000 characters
constexpr std::size_t kNameBytesMax = 60;

// Colons, commas, semicolons and hashes mean something to Mermaid.
std::string name_text(std::string_view text) {
  std::string name = one_line(text, kNameBytesMax);
  std::ranges::replace_if(name, [](char letter) { return std::string_view(":;#,%{}\"").contains(letter); }, ' ');
  return name;
}

std::string spaced(std::string words) {
  std::ranges::replace(words, '_', ' ');
  return words;
}

std::int64_t millis(WallTime time) { return to_millis(time.time_since_epoch()); }

std::string_view tag_of(const Span& span) {
  if (!is_over(span.status)) {
    return "active, ";
  }
  return span.status == SpanStatus::kCompleted ? "done, " : "crit, ";
}

}  // namespace

std::string story_mermaid(const Story& story) {
  std::string out = "gantt\n";
  const auto put = [&out]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
    out += '\n';
  };
  const auto bar = [&](const std::string& name, std::string_view tag, WallTime from, WallTime to) {
    put("    {} :{}{}, {}", name, tag, millis(from), std::max(millis(to), millis(from) + 1));
  };
  put("    title {}", name_text(fmt::format("{} {}", story.workflow_id, status_line(story))));
  put("    dateFormat x");
  put("    axisFormat %H:%M:%S");
  put("    section Steps");
  for (const Span& span : std::span(story.spans).last(std::min(story.spans.size(), kRowsMax))) {
    std::string name = title_of(span);
    name += span.worker.text.empty() ? "" : fmt::format(" ({}", version_label(story, span.version));
    name += span.worker.text.empty() ? "" : fmt::format(" on {})", place_of(span.worker).process);
    name += span.attempt > 1 ? fmt::format(" attempt {}", span.attempt) : "";
    bar(name_text(name), tag_of(span), span.scheduled, span.closed.value_or(story.now));
  }
  if (!story.gaps.empty()) {
    put("    section No worker");
    for (const Gap& gap : story.gaps) {
      bar(name_text(gap.waiting + " waits"), "crit, ", gap.from, gap.to);
    }
  }
  if (!story.marks.empty() || !story.faults.empty()) {
    put("    section Events");
    for (const Happening& each : happenings_of(story)) {
      if (each.kind != "no_worker") {
        put("    {} :milestone, {}, 0ms", name_text(fmt::format("{} {}", spaced(each.kind), each.text)), millis(each.time));
      }
    }
  }
  return out;
}

}  // namespace lifecycle::cli
