#include "cli/replay/replay_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "cli/failure_text.h"
#include "cli/replay/history_paths.h"
#include "history/history_file.h"
#include "replay/replayer.h"
#include "worker/register.h"

namespace lifecycle::cli {
namespace {

using nlohmann::ordered_json;

// One history, and what became of it.
struct Replayed {
  std::string path;
  std::string workflow_type;
  std::string workflow_id;
  int events = 0;
  Result<replay::ReplayResult> result;
};

Replayed replay_file(const std::string& path, const replay::Replayer& replayer) {
  Result<api::History> history = history::read_history_file(path);
  if (!history) {
    return {.path = path, .workflow_type = {}, .workflow_id = {}, .result = std::unexpected(std::move(history).error())};
  }
  const auto& started = history->events(0).workflow_execution_started_event_attributes();
  Replayed replayed{.path = path,
                    .workflow_type = started.workflow_type().name(),
                    .workflow_id = started.workflow_id(),
                    .events = history->events_size(),
                    .result = {}};
  replayed.result = replayer.replay(std::make_shared<const api::History>(*std::move(history)));
  if (!replayed.result) {
    Error& error = replayed.result.error();
    error.message = fmt::format("{}: {}", path, error.message);
    if (error.code == ErrorCode::kNotFound) {
      error.hint =
          "this binary has LifecycleWorkflow alone; the histories of other workflows are replayed by the program that has their code";
    }
  }
  return replayed;
}

bool is_mismatch(const Replayed& replayed) { return replayed.result && replayed.result->verdict == replay::Verdict::kMismatch; }

std::string_view word_of(const Replayed& replayed) {
  if (!replayed.result) {
    return "error";
  }
  switch (replayed.result->verdict) {
    case replay::Verdict::kReplayed:
      return "replayed";
    case replay::Verdict::kInProgress:
      return "in_progress";
    case replay::Verdict::kMismatch:
      return "mismatch";
  }
  std::unreachable();
}

// What the code did instead, as one line.
std::string difference_of(const core::WorkflowTaskFailure& failure) {
  if (failure.nondeterminism) {
    return fmt::format("event {}: recorded {}, attempted {}", failure.nondeterminism->event_id, failure.nondeterminism->recorded,
                       failure.nondeterminism->attempted);
  }
  return "the code failed: " + failure_text(failure.failure);
}

std::string line_of(const Replayed& replayed) {
  if (!replayed.result) {
    return "ERROR        " + replayed.result.error().message;
  }
  const std::string what =
      fmt::format("{} ({} {}, {} events)", replayed.path, replayed.workflow_type, replayed.workflow_id, replayed.events);
  switch (replayed.result->verdict) {
    case replay::Verdict::kReplayed:
      return "replayed     " + what;
    case replay::Verdict::kInProgress:
      return "in progress  " + what;
    case replay::Verdict::kMismatch:
      return fmt::format("MISMATCH     {}: {}", what, difference_of(replayed.result->failure));
  }
  std::unreachable();
}

ordered_json json_of(const Replayed& replayed) {
  ordered_json out{{"path", replayed.path}, {"verdict", word_of(replayed)}};
  if (!replayed.result) {
    out["error"] = {{"code", name_of(replayed.result.error().code)}, {"message", replayed.result.error().message}};
    return out;
  }
  out["workflowType"] = replayed.workflow_type;
  out["workflowId"] = replayed.workflow_id;
  out["events"] = replayed.events;
  if (is_mismatch(replayed)) {
    const core::WorkflowTaskFailure& failure = replayed.result->failure;
    out["message"] = failure_text(failure.failure);
    if (failure.nondeterminism) {
      out["eventId"] = failure.nondeterminism->event_id;
      out["recorded"] = failure.nondeterminism->recorded;
      out["attempted"] = failure.nondeterminism->attempted;
    }
  }
  return out;
}

// All histories of one call.
struct Summary {
  int replayed = 0;
  int in_progress = 0;
  int mismatches = 0;
  std::vector<Error> errors;

  void add(const Replayed& each) {
    if (!each.result) {
      errors.push_back(each.result.error());
    } else if (is_mismatch(each)) {
      ++mismatches;
    } else {
      ++(each.result->verdict == replay::Verdict::kReplayed ? replayed : in_progress);
    }
  }

  [[nodiscard]] std::size_t all() const { return static_cast<std::size_t>(replayed + in_progress + mismatches) + errors.size(); }
  // What was seen broken outweighs what was not seen.
  [[nodiscard]] std::string_view word() const { return mismatches > 0 ? "broken" : errors.empty() ? "accepted" : "unknown"; }
};

std::string text_of(const Summary& summary) {
  const std::string counts = fmt::format("{} replayed, {} in progress", summary.replayed, summary.in_progress);
  if (summary.mismatches > 0) {
    return fmt::format("BROKEN: {} of {} histories do not fit this code ({}, {} errors)", summary.mismatches, summary.all(), counts,
                       summary.errors.size());
  }
  if (!summary.errors.empty()) {
    return fmt::format("UNKNOWN: {} of {} histories could not be replayed ({})", summary.errors.size(), summary.all(), counts);
  }
  const std::string histories = summary.all() == 1 ? "the history" : fmt::format("all {} histories", summary.all());
  return fmt::format("ACCEPTED: this code fits {} ({})", histories, counts);
}

ordered_json json_of(const Summary& summary) {
  return {{"verdict", summary.word()},         {"histories", summary.all()},       {"replayed", summary.replayed},
          {"inProgress", summary.in_progress}, {"mismatches", summary.mismatches}, {"errors", summary.errors.size()}};
}

}  // namespace

void add_replay_options(CLI::App& app, ReplayOptions& options) {
  app.add_option("history", options.paths, "files, or folders of them: JSON of the temporal CLI, of the Web UI or of its API, or protobuf")
      ->required();
}

ExitCode run_replay(const ReplayOptions& options, const Registry& registry, Output& output) {
  const Result<std::vector<std::string>> files = history_files(options.paths);
  if (!files) {
    return output.report(files.error());
  }
  const replay::Replayer replayer(registry);
  Summary summary;
  ordered_json histories = ordered_json::array();
  for (const std::string& file : *files) {
    const Replayed replayed = replay_file(file, replayer);
    summary.add(replayed);
    if (output.format() == OutputFormat::kJson) {
      histories.push_back(json_of(replayed));
    } else if (output.is_json()) {
      output.document(json_of(replayed));
    } else {
      output.answer(line_of(replayed));
    }
  }
  if (output.is_json()) {
    ordered_json document = json_of(summary);
    if (output.format() == OutputFormat::kJson) {
      document["histories"] = std::move(histories);
    }
    output.document(document);
  } else {
    output.answer(text_of(summary));
  }
  if (summary.mismatches > 0) {
    return ExitCode::kGuaranteeBroken;
  }
  return summary.errors.empty() ? ExitCode::kDone : output.report(summary.errors.front());
}

ExitCode run_replay(const GlobalOptions& global, const ReplayOptions& options, const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  Registry registry;
  demo::register_all(registry);
  return run_replay(options, registry, output);
}

}  // namespace lifecycle::cli
