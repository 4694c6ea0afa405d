#include "cli/verify/verify_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "cli/chaos/journal.h"
#include "cli/connection.h"
#include "cli/replay/history_paths.h"
#include "cli/stop_requests.h"
#include "cli/verify/contract_rules.h"
#include "cli/verify/verify_report.h"
#include "client/call.h"
#include "history/history_file.h"
#include "rpc/methods.h"

namespace lifecycle::cli {
namespace {

using nlohmann::ordered_json;

constexpr int kListPageSize = 1'000;

// Which history is meant, and its run where it is a server's: empty for the latest.
struct Target {
  std::string source;
  std::string run_id;
};

std::string status_of(const verify::HistoryIndex& history) {
  const api::HistoryEvent* end = history.final_event();
  switch (end == nullptr ? api::enums::EVENT_TYPE_UNSPECIFIED : end->event_type()) {
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
      return "completed";
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
      return "failed";
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
      return "timed out";
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
      return "cancelled";
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
      return "terminated";
    case api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
      return "continued as new";
    default:
      return "open";
  }
}

// The faults that were done since `began` to what executed this workflow, each once: proven where one of its lines says so. They are over
// when they were injected; of one whose answer was lost that is known only when it was seen.
std::vector<verify::Fault> faults_of(const std::vector<chaos::JournalEntry>& journal, const std::string& workflow_id, WallTime began) {
  std::vector<verify::Fault> faults;
  std::set<std::string_view> injected;
  for (const chaos::JournalEntry& entry : journal) {
    const bool is_of_run = entry.time >= began - verify::kClocksApartMax;  // an earlier run may have had the same id
    if (!is_of_run || std::ranges::find(entry.workflow_ids, workflow_id) == entry.workflow_ids.end()) {
      continue;
    }
    auto fault = std::ranges::find(faults, entry.id, &verify::Fault::id);
    if (fault == faults.end()) {
      fault = faults.insert(faults.end(), verify::Fault{.id = entry.id,
                                                        .time = entry.time,
                                                        .worker_identity = entry.worker_identity,
                                                        .is_kill = entry.fault == chaos::FaultKind::kSigkill});
    }
    switch (entry.event) {
      case chaos::JournalEvent::kInjected:
        fault->time = entry.time;
        injected.insert(entry.id);
        break;
      case chaos::JournalEvent::kProven:
        fault->proven = true;
        fault->time = injected.contains(entry.id) ? fault->time : entry.time;
        break;
      case chaos::JournalEvent::kRefused:
        faults.erase(fault);
        break;
      default:
        break;
    }
  }
  return faults;
}

class VerifyCommand {
 public:
  VerifyCommand(const VerifyOptions& options, Output& output, Connection* connection)
      : options_(options),
        output_(output),
        connection_(connection),
        rules_(verify::general_rules().begin(), verify::general_rules().end()) {
    rules_.insert(rules_.end(), contract_rules().begin(), contract_rules().end());
  }

  ExitCode run() {
    if (const Result<void> read = read_faults(); !read) {
      return output_.report(read.error());
    }
    Result<std::vector<Target>> targets = find_targets();
    if (!targets) {
      return output_.report(targets.error());
    }
    for (Target& target : *targets) {
      const Result<api::History> history = history_of(target);
      history ? tell(judge(target, *history)) : tell(target, history.error());
    }
    return tell_summary();
  }

 private:
  Result<void> read_faults() {
    if (options_.journal.empty()) {
      return {};
    }
    if (::access(options_.journal.c_str(), F_OK) != 0) {
      return fail(ErrorCode::kNotFound, fmt::format("journal '{}': there is none", options_.journal), "lifecycle chaos writes it");
    }
    Result<chaos::JournalContent> content = chaos::read_journal(options_.journal);
    if (!content) {
      return std::unexpected(std::move(content).error());
    }
    for (const std::string& warning : content->warnings) {
      output_.warning("warning: " + warning);
    }
    journal_ = std::move(content->entries);
    return {};
  }

  Result<std::vector<Target>> find_targets() {
    std::vector<Target> targets;
    for (const std::string& workflow_id : options_.workflow_ids) {
      targets.push_back({.source = workflow_id, .run_id = options_.run_id});
    }
    if (!options_.histories.empty()) {
      const Result<std::vector<std::string>> files = history_files(options_.histories);
      if (!files) {
        return std::unexpected(files.error());
      }
      for (const std::string& file : *files) {
        targets.push_back({.source = file, .run_id = {}});
      }
    }
    return options_.query.empty() ? Result<std::vector<Target>>(std::move(targets)) : list_runs();
  }

  Result<std::vector<Target>> list_runs() {
    const client::Client client = make_client(*connection_);
    rpc::ListWorkflowExecutions::Request request;
    request.set_namespace_(client.options().name_space);
    request.set_query(options_.query);
    request.set_page_size(kListPageSize);
    std::vector<Target> targets;
    do {
      const auto page = client::ask<rpc::ListWorkflowExecutions>(*connection_->service, connection_->loop, client.options(), request,
                                                                 fmt::format("list workflows with {}", options_.query));
      if (!page) {
        return std::unexpected(page.error());
      }
      for (const auto& execution : page->executions()) {
        targets.push_back({.source = execution.execution().workflow_id(), .run_id = execution.execution().run_id()});
      }
      request.set_next_page_token(page->next_page_token());
    } while (!request.next_page_token().empty());
    if (targets.empty()) {
      return fail(ErrorCode::kNotFound, fmt::format("no workflow is found by: {}", options_.query),
                  "a run is listed a moment after it began");
    }
    return targets;
  }

  // Fills in which run the latest one is: the history of a run that was reset names the one that it began as.
  Result<api::History> history_of(Target& target) {
    if (!options_.histories.empty()) {
      return history::read_history_file(target.source);
    }
    client::Client client = make_client(*connection_);
    if (target.run_id.empty()) {
      const auto latest = client.describe(target.source);
      if (!latest) {
        return std::unexpected(latest.error());
      }
      target.run_id = latest->workflow_execution_info().execution().run_id();
    }
    return client.fetch_history(target.source, target.run_id);
  }

  VerifiedRun judge(const Target& target, const api::History& history) {
    const verify::HistoryIndex index(history);
    const std::string workflow_id =
        !options_.histories.empty() && index.started() != nullptr ? index.started()->workflow_id() : target.source;
    const WallTime began = history.events().empty() ? WallTime() : api::to_wall_time(history.events(0).event_time());
    const std::vector<verify::Fault> faults = faults_of(journal_, workflow_id, began);
    return {.source = target.source,
            .workflow_id = workflow_id,
            .workflow_type = index.workflow_type().empty() ? "unknown type" : index.workflow_type(),
            .run_id = target.run_id.empty() && index.started() != nullptr ? index.started()->original_execution_run_id() : target.run_id,
            .status = status_of(index),
            .events = history.events_size(),
            .report = verify::verify({.history = index, .has_journal = !options_.journal.empty(), .faults = faults}, rules_)};
  }

  void tell(const VerifiedRun& run) {
    summary_.add(run.report.verdict());
    if (output_.format() == OutputFormat::kJson) {
      runs_.push_back(json_of(run));
    } else if (output_.is_json()) {
      output_.document(json_of(run));
    } else {
      for (const std::string& line : lines_of(run)) {
        output_.answer(line);
      }
    }
  }

  // The others are verified all the same.
  void tell(const Target& target, const Error& error) {
    summary_.add(verify::Verdict::kUnknown);
    first_error_ = first_error_ ? first_error_ : error;
    ordered_json document{
        {"source", target.source}, {"verdict", "unknown"}, {"error", {{"code", name_of(error.code)}, {"message", error.message}}}};
    if (output_.format() == OutputFormat::kJson) {
      runs_.push_back(std::move(document));
    } else if (output_.is_json()) {
      output_.document(document);
    } else {
      output_.answer("ERROR    " + error.message);
    }
  }

  ExitCode tell_summary() {
    if (output_.is_json()) {
      ordered_json document = json_of(summary_);
      if (output_.format() == OutputFormat::kJson) {
        document["runs"] = std::move(runs_);
      }
      output_.document(document);
    } else {
      output_.answer(text_of(summary_));
    }
    switch (summary_.verdict()) {
      case verify::Verdict::kBroken:
        return ExitCode::kGuaranteeBroken;
      case verify::Verdict::kUnknown:
        return first_error_ ? output_.report(*first_error_) : ExitCode::kOperationFailed;
      default:
        return ExitCode::kDone;
    }
  }

  const VerifyOptions& options_;
  Output& output_;
  Connection* connection_;  // null: files only
  std::vector<verify::Rule> rules_;
  std::vector<chaos::JournalEntry> journal_;
  VerifySummary summary_;
  std::optional<Error> first_error_;
  ordered_json runs_ = ordered_json::array();
};

// One source of histories at a time.
Result<void> check_sources(const VerifyOptions& options) {
  const int sources = (options.workflow_ids.empty() ? 0 : 1) + (options.query.empty() ? 0 : 1) + (options.histories.empty() ? 0 : 1);
  if (sources != 1) {
    return fail(ErrorCode::kInvalidArgument, "verify what? workflow ids, or --query, or --history", "lifecycle verify --help");
  }
  if (!options.run_id.empty() && options.workflow_ids.size() != 1) {
    return fail(ErrorCode::kInvalidArgument, "--run-id is a run of one workflow", "lifecycle verify WORKFLOW_ID --run-id RUN_ID");
  }
  return {};
}

}  // namespace

void add_verify_options(CLI::App& app, VerifyOptions& options) {
  app.add_option("workflow-id", options.workflow_ids, "workflows; of each the latest run is verified");
  app.add_option("-r,--run-id", options.run_id, "run id of the one workflow [the latest run]");
  app.add_option("--query,-q", options.query, "list filter: all runs that it finds are verified");
  app.add_option("--history", options.histories, "files of histories, or folders of them; no server is asked");
  app.add_option("--journal", options.journal,
                 "file in which lifecycle chaos noted its faults [the one that it writes by default, if there is one]");
}

ExitCode run_verify(const GlobalOptions& global, const VerifyOptions& options, Output& output, Connection* connection) {
  if (const Result<void> valid = check_sources(options); !valid) {
    return output.report(valid.error());
  }
  if (connection == nullptr) {
    return VerifyCommand(options, output, nullptr).run();
  }
  const StopRequests stop_requests(connection->loop, global.command_timeout, [&output](ExitCode stopped_by) {
    report_stop(output, stopped_by, "nothing was changed", "");
    ::_exit(to_int(stopped_by));
  });
  client::Client client = make_client(*connection);
  if (const auto connected = client.check_connection(global.connect_timeout); !connected) {
    return output.report(connected.error());
  }
  return VerifyCommand(options, output, connection).run();
}

ExitCode run_verify(const GlobalOptions& global, const VerifyOptions& given, const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  VerifyOptions options = given;
  const Result<std::string> journal = chaos::default_journal_path(process.environment);
  if (options.journal.empty() && journal && ::access(journal->c_str(), F_OK) == 0) {
    options.journal = *journal;
  }
  if (!options.histories.empty()) {
    return run_verify(global, options, output, nullptr);
  }
  if (const Result<void> valid = check_sources(options); !valid) {
    return output.report(valid.error());
  }
  const Result<std::unique_ptr<Connection>> connection = connect_command(global, process, output);
  if (!connection) {
    return output.report(connection.error());
  }
  return run_verify(global, options, output, connection->get());
}

}  // namespace lifecycle::cli
