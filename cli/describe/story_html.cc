#include "cli/describe/story_html.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <utility>

#include "cli/describe/story_json.h"
#include "cli/describe/story_svg.h"
#include "cli/describe/story_tables.h"
#include "cli/describe/story_words.h"
#include "cli/failure_text.h"

namespace lifecycle::cli {
namespace {

constexpr std::size_t kRowsMax = 5000;  // of a table: what a browser still scrolls without stopping

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--ink:#1a1a1a;--faint:#5f6368;--line:#d0d4da;--paper:#fff;--good:#1a7f37;--warning:#9a6700;--bad:#c1121f}
@media (prefers-color-scheme:dark){:root{--ink:#e8e8e8;--faint:#a0a4aa;--line:#3a3f46;--paper:#16181c;--good:#4ac26b;--warning:#d4a72c;--bad:#ff6b6b}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:2rem auto;max-width:1140px;padding:0 1rem}
h1{font-size:1.4rem;margin:0 0 .2rem;overflow-wrap:anywhere}h2{font-size:1rem;margin:2rem 0 .5rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem;margin:1rem 0}dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th{text-align:left;color:var(--faint);font-weight:500;font-size:.85em}
th,td{padding:.25rem .9rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
svg{max-width:100%;height:auto}.strong{font-weight:600}.good{color:var(--good);font-weight:600}.warning{color:var(--warning)}.bad{color:var(--bad)}
.status{font-size:1.1rem}.problem{border-left:4px solid;padding:.4rem .8rem;margin:.5rem 0}
.version{display:inline-block;border-left:.8em solid;padding-left:.4em}.versions .version{margin-right:1em}
@media print{body{margin:0;max-width:none}:root{--ink:#000;--paper:#fff}}
)";

std::string_view class_of(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "plain";
    case Tone::kStrong:
      return "strong";
    case Tone::kGood:
      return "good";
    case Tone::kWarning:
      return "warning";
    case Tone::kBad:
      return "bad";
  }
  std::unreachable();
}

class Page {
 public:
  explicit Page(const Story& story) : story_(story) {}

  std::string write() {
    const std::string title = xml_text(one_line(story_.workflow_id));
    put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">");
    put("<title>{} {}</title>\n<style>{}</style>\n</head>\n<body>", title, xml_text(status_line(story_)), kStyle);
    put("<h1>{}</h1>\n<p class=\"status\">{}</p>", title, html(status_cell(story_)));
    for (const Cell& problem : story_problems(story_, TimeFormat::kRelative)) {
      put("<p class=\"problem {}\">{}</p>", class_of(problem.tone), xml_text(problem.text));
    }
    put_facts();
    put("<h2>Timeline</h2>\n<div class=\"scroll\">\n{}</div>", story_svg(story_, SvgPlace::kPage));
    for (const StoryTable& table : story_tables(story_, TimeFormat::kRelative, kRowsMax)) {
      put_table(table);
    }
    put_data();
    put("</body>\n</html>");
    return std::move(out_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  [[nodiscard]] std::string html(const Cell& cell) const {
    if (!cell.version.empty()) {
      return fmt::format("<span class=\"version\" style=\"border-color:{}\">{}</span>", version_fill(story_, cell.version),
                         xml_text(cell.text));
    }
    return cell.tone == Tone::kPlain ? xml_text(cell.text)
                                     : fmt::format("<span class=\"{}\">{}</span>", class_of(cell.tone), xml_text(cell.text));
  }

  void put_facts() {
    put("<dl>");
    for (const Fact& fact : story_facts(story_, TimeFormat::kRelative)) {
      std::string values;
      for (const Cell& cell : fact.cells) {
        values += html(cell);
      }
      put("<dt>{}</dt><dd class=\"{}\">{}</dd>", fact.name, fact.name == "versions" ? "versions" : "fact", values);
    }
    put("</dl>");
  }

  void put_table(const StoryTable& table) {
    put("<h2>{}</h2>", heading_of(table));
    put("<div class=\"scroll\">\n<table>\n<thead><tr>");
    for (const std::string& column : table.columns) {
      put("<th>{}</th>", column);
    }
    put("</tr></thead>\n<tbody>");
    for (const auto& row : table.rows) {
      out_ += "<tr>";
      for (const Cell& cell : row) {
        out_ += fmt::format("<td>{}</td>", html(cell));
      }
      put("</tr>");
    }
    put("</tbody>\n</table>\n</div>");
    if (!table.left_out.empty()) {
      put("<p>{}</p>", table.left_out);
    }
  }

  // The first column's heading is the table's name, too.
  static std::string heading_of(const StoryTable& table) {
    std::string text = table.columns.front();
    if (text == "TIME") {
      return "What happened";
    }
    if (text == "STEP") {
      return "Steps";
    }
    for (std::size_t i = 1; i < text.size(); ++i) {
      text[i] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    }
    return text;
  }

  // Nothing in it may end the element.
  void put_data() {
    std::string data = story_json(story_).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    for (std::size_t at = data.find('<'); at != std::string::npos; at = data.find('<', at)) {
      data.replace(at, 1, "\\u003c");
    }
    put("<script type=\"application/json\" id=\"story\">{}</script>", data);
  }

  const Story& story_;
  std::string out_;
};

}  // namespace

std::string story_html(const Story& story) { return Page(story).write(); }

}  // namespace lifecycle::cli
