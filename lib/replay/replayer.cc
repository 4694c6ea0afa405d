#include "replay/replayer.h"

#include <fmt/format.h>

#include <utility>

#include "history/history_file.h"
#include "history/history_reader.h"

namespace lifecycle::replay {

Result<ReplayResult> Replayer::replay(std::shared_ptr<const api::History> history) const {
  if (history->events_size() == 0) {
    return fail(ErrorCode::kDataLoss, "the history is empty");
  }
  const api::HistoryEvent& first = history->events(0);
  if (!first.has_workflow_execution_started_event_attributes()) {
    return fail(ErrorCode::kDataLoss,
                fmt::format("the history begins with {}, not with WorkflowExecutionStarted", history::event_name(first.event_type())));
  }
  const auto& started = first.workflow_execution_started_event_attributes();
  if (registry_.find_workflow(started.workflow_type().name()) == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("workflow type '{}' is not registered here", started.workflow_type().name()));
  }
  CachedRun run(registry_,
                RunIdentity{.name_space = "replay", .workflow_id = started.workflow_id(), .run_id = started.original_execution_run_id()});
  const RunRequest request = run.on_workflow_task(core::WorkflowTask{.history = std::move(history), .replay_only = true});
  if (const auto* failed = std::get_if<core::RespondWorkflowTaskFailed>(&request)) {
    const api::Failure& failure = failed->failure.failure;
    if (failure.application_failure_info().type() == core::kHistoryErrorType) {
      return fail(ErrorCode::kDataLoss, failure.message());
    }
    return ReplayResult{.verdict = Verdict::kMismatch, .failure = failed->failure};
  }
  const auto* finished = std::get_if<core::ReplayFinished>(&request);
  check(finished != nullptr, "a replay of a whole history finishes or fails");
  return ReplayResult{.verdict = finished->closed ? Verdict::kReplayed : Verdict::kInProgress};
}

Result<ReplayResult> Replayer::replay_file(const std::string& path) const {
  Result<api::History> history = history::read_history_file(path);
  if (!history) {
    return std::unexpected(std::move(history).error());
  }
  Result<ReplayResult> result = replay(std::make_shared<const api::History>(*std::move(history)));
  return result ? std::move(result) : fail(result.error().code, fmt::format("{}: {}", path, result.error().message), result.error().hint);
}

}  // namespace lifecycle::replay
