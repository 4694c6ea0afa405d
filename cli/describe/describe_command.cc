#include "cli/describe/describe_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/file.h"
#include "cli/chaos/journal.h"
#include "cli/connection.h"
#include "cli/describe/journal_faults.h"
#include "cli/describe/live_screen.h"
#include "cli/describe/story.h"
#include "cli/describe/story_changes.h"
#include "cli/describe/story_html.h"
#include "cli/describe/story_json.h"
#include "cli/describe/story_mermaid.h"
#include "cli/describe/story_svg.h"
#include "cli/describe/story_text.h"
#include "cli/describe/story_watch.h"
#include "cli/flags.h"
#include "cli/run_report.h"
#include "cli/stop_requests.h"
#include "history/history_json.h"

namespace lifecycle::cli {
namespace {

OutputFormat output_format_of(DescribeFormat format) {
  switch (format) {
    case DescribeFormat::kJson:
      return OutputFormat::kJson;
    case DescribeFormat::kJsonl:
      return OutputFormat::kJsonl;
    case DescribeFormat::kNone:
      return OutputFormat::kNone;
    default:
      return OutputFormat::kText;
  }
}

bool is_good_end(WorkflowStatus status) {
  return status == temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_COMPLETED ||
         status == temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW;
}

// As many rows as there is room for: the newest of each table.
std::vector<std::string> lines_that_fit(const Story& story, StoryTextOptions options, ScreenSize size) {
  options.width = size.columns - 1;
  for (const std::size_t rows : {200U, 100U, 50U, 30U, 20U, 12U, 8U, 5U}) {
    options.rows_max = rows;
    options.timeline_rows_max = rows;
    if (std::vector<std::string> lines = story_lines(story, options); lines.size() <= size.rows) {
      return lines;
    }
  }
  options.rows_max = 3;
  options.timeline_rows_max = 3;
  return story_lines(story, options);
}

class DescribeCommand {
 public:
  DescribeCommand(const GlobalOptions& global, const DescribeOptions& options, const ProcessContext& process, Output& output,
                  Connection& connection)
      : global_(global),
        options_(options),
        process_(process),
        output_(output),
        connection_(connection),
        client_(make_client(connection)),
        standard_output_(output_options(global, process.environment).standard_output),
        stop_requests_(connection.loop, global.command_timeout, [this](ExitCode stopped_by) { stop(stopped_by); }) {}

  ExitCode run() {
    if (const auto connected = client_.check_connection(global_.connect_timeout); !connected) {
      return output_.report(connected.error());
    }
    if (options_.history) {
      return print_history();
    }
    if (const Result<void> readable = check_journal(); !readable) {
      return output_.report(readable.error());
    }
    return options_.watch ? watch() : describe();
  }

 private:
  void stop(ExitCode stopped_by) {
    stopped_by_ = stopped_by;
    if (!watching_) {
      report_stop(output_, stopped_by, "nothing was changed", "");
      ::_exit(to_int(stopped_by));
    }
  }

  // --- faults

  // The default file need not be there; one that is named must be.
  Result<void> check_journal() {
    if (options_.journal.empty()) {
      return {};
    }
    const Result<std::string> content = read_file(options_.journal);
    return content ? Result<void>()
                   : fail(content.error().code, fmt::format("journal '{}': {}", options_.journal, content.error().message));
  }

  std::vector<Fault> faults() {
    const Result<std::string> path = options_.journal.empty() ? chaos::default_journal_path(process_.environment) : options_.journal;
    if (!path) {
      return {};  // no home, no journal
    }
    const Result<chaos::JournalContent> journal = chaos::read_journal(*path);
    if (!journal) {
      warn_once(fmt::format("warning: the journal of faults cannot be read: {}", journal.error().message));
      return {};
    }
    for (const std::string& warning : journal->warnings) {
      warn_once("warning: " + warning);
    }
    return faults_in(journal->entries);
  }

  void warn_once(const std::string& warning) {
    if (std::exchange(warned_, true)) {
      return;
    }
    output_.warning(warning);
  }

  // --- one look

  ExitCode print_history() {
    const Result<api::History> history = client_.fetch_history(options_.workflow_id, options_.run_id);
    if (!history) {
      return output_.report(history.error());
    }
    std::string json = history::history_to_json(*history);
    json.erase(json.find_last_not_of('\n') + 1);
    output_.answer(json);
    return ExitCode::kDone;
  }

  ExitCode describe() {
    const auto description = client_.describe(options_.workflow_id, options_.run_id);
    if (!description) {
      return output_.report(description.error());
    }
    // Of the run that was described: the latest may be another one by now.
    const Result<api::History> history =
        client_.fetch_history(options_.workflow_id, description->workflow_execution_info().execution().run_id());
    if (!history) {
      return output_.report(history.error());
    }
    Story story = make_story(*history, &*description, faults(), process_.clock.wall_now());
    story.name_space = connection_.config.name_space;
    print(story);
    return ExitCode::kDone;
  }

  void print(const Story& story) {
    switch (options_.format.value_or(DescribeFormat::kText)) {
      case DescribeFormat::kMermaid:
        return print_text(story_mermaid(story));
      case DescribeFormat::kSvg:
        return print_text(story_svg(story));
      case DescribeFormat::kHtml:
        return print_text(story_html(story));
      default:
        break;
    }
    if (output_.format() == OutputFormat::kJson) {
      output_.document(story_json(story));
    } else if (output_.format() == OutputFormat::kJsonl) {
      for (const auto& line : story_json_lines(story)) {
        output_.document(line);
      }
    } else if (output_.format() == OutputFormat::kText) {
      StoryTextOptions options = text_options();
      options.width = standard_output_.is_terminal ? screen_size().columns : options.width;
      for (const std::string& line : story_lines(story, options)) {
        output_.answer(line);
      }
    }
  }

  void print_text(std::string text) {
    text.erase(text.find_last_not_of('\n') + 1);
    output_.answer(text);
  }

  [[nodiscard]] StoryTextOptions text_options() const {
    return {.time_format = global_.time_format, .color = use_color(global_.color, standard_output_)};
  }

  // --- watching

  ExitCode watch() {
    const auto description = client_.describe(options_.workflow_id, options_.run_id);
    if (!description) {
      return output_.report(description.error());
    }
    watching_ = true;
    std::string run_id = description->workflow_execution_info().execution().run_id();
    const bool live = output_.format() == OutputFormat::kText && standard_output_.is_terminal && !standard_output_.term.empty() &&
                      standard_output_.term != "dumb";
    std::optional<LiveScreen> screen;
    if (live) {
      screen.emplace();
    }
    while (true) {
      const Result<Story> story = watch_run(run_id, screen ? &*screen : nullptr);
      const bool goes_on = story && !stopped_by_ && options_.run_id.empty() && !story->continued_to_run.empty();
      if (!goes_on) {
        screen.reset();
        return end_watch(story, live);
      }
      run_id = story->continued_to_run;
    }
  }

  // Watches to the run's end. After a stop, what was seen last.
  Result<Story> watch_run(const std::string& run_id, LiveScreen* screen) {
    Story last;
    StoryWatch watch(*connection_.service, connection_.loop,
                     {.name_space = connection_.config.name_space, .workflow_id = options_.workflow_id, .run_id = run_id},
                     {.on_story =
                          [&](const Story& story) {
                            if (screen != nullptr) {
                              screen->draw(lines_that_fit(story, text_options(), screen_size()));
                            } else {
                              tell_changes(last, story);
                            }
                            last = story;
                          },
                      .on_server =
                          [&](const std::string& why) {
                            if (screen == nullptr) {
                              output_.note(why.empty() ? "Temporal answers again" : "Temporal does not answer, still waiting: " + why);
                            }
                          },
                      .faults = [this] { return faults(); }});
    connection_.loop.run_until([&] { return watch.ended() || stopped_by_.has_value(); });
    return watch.ended() ? watch.story() : Result<Story>(last);
  }

  ExitCode end_watch(const Result<Story>& story, bool live) {
    if (!story) {
      return output_.report(story.error());
    }
    const bool seen = !story->run_id.empty();
    if (seen && (live || output_.format() == OutputFormat::kJson)) {
      print(*story);  // what the screen has shown stays
    }
    if (stopped_by_) {
      return report_stop(output_, *stopped_by_, fmt::format("workflow '{}' goes on", options_.workflow_id), "");
    }
    return is_good_end(story->status) ? ExitCode::kDone : ExitCode::kOperationFailed;
  }

  void tell_changes(const Story& before, const Story& after) {
    if (before.run_id.empty() && output_.format() == OutputFormat::kText) {
      output_.note(fmt::format("watching {} (run {})", after.workflow_id, after.run_id));
    }
    const bool color = use_color(global_.color, standard_output_);
    for (const StoryChange& change : changes_between(before, after)) {
      if (output_.format() == OutputFormat::kJsonl) {
        output_.document(change_json(change));
      } else if (output_.format() == OutputFormat::kText) {
        const std::string when = time_text(global_.time_format, change.time, after.began);
        output_.answer(fmt::format("{} {}", painted(fmt::format("{:>8}", when), Color::kDim, color),
                                   painted(change_text(change), is_bad(change) ? Color::kRed : Color::kPlain, color)));
      }
    }
    if (after.ended && output_.format() == OutputFormat::kJsonl) {
      nlohmann::ordered_json line{{"event", "ended"}, {"time", iso_time(*after.ended)}};
      line.update(story_json(after));
      output_.document(line);
    }
  }

  const GlobalOptions& global_;
  const DescribeOptions& options_;
  const ProcessContext& process_;
  Output& output_;
  Connection& connection_;
  client::Client client_;
  StreamFacts standard_output_;
  bool watching_ = false;
  bool warned_ = false;
  std::optional<ExitCode> stopped_by_;
  StopRequests stop_requests_;
};

}  // namespace

void add_workflow_reference(CLI::App& app, std::string& workflow_id, std::string& run_id) {
  CLI::Option* const positional = app.add_option("workflow", workflow_id, "workflow id");
  app.add_option("-w,--workflow-id", workflow_id, "the same, as the temporal CLI has it")->excludes(positional);
  app.add_option("-r,--run-id", run_id, "run id [the latest run]");
}

void add_describe_options(CLI::App& app, DescribeOptions& options) {
  add_workflow_reference(app, options.workflow_id, options.run_id);
  CLI::Option* const watch =
      app.add_flag("--watch", options.watch,
                   "show it until it ends: drawn anew on a terminal, a line for each change elsewhere; exit code 1 when "
                   "it does not complete");
  app.add_flag("--history", options.history, "print its history alone, as JSON that the temporal CLI and the SDKs replay")->excludes(watch);
  app.add_option("--journal", options.journal, "file in which lifecycle chaos noted its faults [the one that it writes by default]")
      ->type_name("FILE");
  add_choice<std::optional<DescribeFormat>>(app, "-o,--output", options.format,
                                            {{"text", DescribeFormat::kText},
                                             {"json", DescribeFormat::kJson},
                                             {"jsonl", DescribeFormat::kJsonl},
                                             {"none", DescribeFormat::kNone},
                                             {"mermaid", DescribeFormat::kMermaid},
                                             {"svg", DescribeFormat::kSvg},
                                             {"html", DescribeFormat::kHtml}},
                                            "form of the answer; html is one page that needs nothing beside itself");
}

ExitCode run_describe(const GlobalOptions& global, const DescribeOptions& options, const ProcessContext& process) {
  GlobalOptions adjusted = global;
  adjusted.output = options.format ? output_format_of(*options.format) : global.output;
  Output output(output_options(adjusted, process.environment));
  if (options.workflow_id.empty()) {
    return output.report("usage", ExitCode::kUsage, "which workflow?",
                         "lifecycle describe WORKFLOW_ID; lifecycle list shows which there are");
  }
  if (options.watch && options.format >= DescribeFormat::kMermaid) {
    return output.report("usage", ExitCode::kUsage, "--watch: a picture is drawn once", "use -o text, json or jsonl with it");
  }
  const Result<std::unique_ptr<Connection>> connection = connect_command(adjusted, process, output);
  if (!connection) {
    return output.report(connection.error());
  }
  return run_describe(adjusted, options, process, output, **connection);
}

ExitCode run_describe(const GlobalOptions& global, const DescribeOptions& options, const ProcessContext& process, Output& output,
                      Connection& connection) {
  return DescribeCommand(global, options, process, output, connection).run();
}

}  // namespace lifecycle::cli
