#include "tests/support/run_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/duration.h"
#include "history/history_reader.h"

namespace lifecycle::test {
namespace {

using namespace temporal::api::enums::v1;  // NOLINT(google-build-using-namespace): event and command types only, in this file only

// SDKs write JSON with fields in different orders; the tests compare what it means.
std::string text_of(const api::Payloads& payloads) {
  std::vector<std::string> texts;
  for (const api::Payload& payload : payloads.payloads()) {
    const nlohmann::json tree = nlohmann::json::parse(payload.data(), nullptr, false);
    texts.push_back(tree.is_discarded() ? payload.data() : tree.dump());
  }
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

std::string schedule(const std::string& id, const std::string& type, const api::Payloads& input) {
  return fmt::format("ScheduleActivityTask(id {}, {}, {})", id, type, text_of(input));
}

std::string start_timer(const std::string& id, const google::protobuf::Duration& timeout) {
  return fmt::format("StartTimer(id {}, {})", id, format_duration(api::to_duration(timeout)));
}

// With metadata, because both sides must agree on it to the byte: other SDKs compare it.
std::string text_with_metadata(const api::Payload& payload) {
  std::string text = payload.data();
  for (const auto& [key, value] : std::map<std::string, std::string>(payload.metadata().begin(), payload.metadata().end())) {
    text += fmt::format(" {}={}", key, value);
  }
  return text;
}

std::string marker(const std::string& name, const google::protobuf::Map<std::string, api::Payloads>& details) {
  std::string text = fmt::format("RecordMarker({}", name);
  for (const auto& [key, payloads] : details) {
    text += fmt::format(", {}: {}", key, text_with_metadata(payloads.payloads(0)));
  }
  return text + ")";
}

std::string upsert(const temporal::api::common::v1::SearchAttributes& attributes) {
  std::string text = "UpsertWorkflowSearchAttributes(";
  for (const auto& [key, payload] : attributes.indexed_fields()) {
    text += fmt::format("{}: {}", key, text_with_metadata(payload));
  }
  return text + ")";
}

std::string rendered(const api::Command& command) {
  switch (command.command_type()) {
    case COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK: {
      const auto& attributes = command.schedule_activity_task_command_attributes();
      return schedule(attributes.activity_id(), attributes.activity_type().name(), attributes.input());
    }
    case COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK:
      return fmt::format("RequestCancelActivityTask(event {})",
                         command.request_cancel_activity_task_command_attributes().scheduled_event_id());
    case COMMAND_TYPE_START_TIMER:
      return start_timer(command.start_timer_command_attributes().timer_id(),
                         command.start_timer_command_attributes().start_to_fire_timeout());
    case COMMAND_TYPE_RECORD_MARKER:
      return marker(command.record_marker_command_attributes().marker_name(), command.record_marker_command_attributes().details());
    case COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
      return upsert(command.upsert_workflow_search_attributes_command_attributes().search_attributes());
    case COMMAND_TYPE_CANCEL_TIMER:
      return fmt::format("CancelTimer(id {})", command.cancel_timer_command_attributes().timer_id());
    case COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
      return fmt::format("CompleteWorkflowExecution({})", text_of(command.complete_workflow_execution_command_attributes().result()));
    case COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION:
      return fmt::format("FailWorkflowExecution({})", command.fail_workflow_execution_command_attributes().failure().message());
    case COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION:
      return "CancelWorkflowExecution";
    case COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION: {
      const auto& attributes = command.continue_as_new_workflow_execution_command_attributes();
      return fmt::format("ContinueAsNewWorkflowExecution({}, {})", attributes.workflow_type().name(), text_of(attributes.input()));
    }
    default:
      return command.ShortDebugString();
  }
}

std::string rendered(const api::HistoryEvent& event, bool written_by_this_sdk) {
  switch (event.event_type()) {
    case EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: {
      const auto& attributes = event.activity_task_scheduled_event_attributes();
      const std::string id = written_by_this_sdk ? attributes.activity_id() : std::to_string(event.event_id());
      return schedule(id, attributes.activity_type().name(), attributes.input());
    }
    case EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED:
      return fmt::format("RequestCancelActivityTask(event {})",
                         event.activity_task_cancel_requested_event_attributes().scheduled_event_id());
    case EVENT_TYPE_TIMER_STARTED:
      return start_timer(event.timer_started_event_attributes().timer_id(), event.timer_started_event_attributes().start_to_fire_timeout());
    case EVENT_TYPE_MARKER_RECORDED:
      return marker(event.marker_recorded_event_attributes().marker_name(), event.marker_recorded_event_attributes().details());
    case EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
      return upsert(event.upsert_workflow_search_attributes_event_attributes().search_attributes());
    case EVENT_TYPE_TIMER_CANCELED:
      return fmt::format("CancelTimer(id {})", event.timer_canceled_event_attributes().timer_id());
    case EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
      return fmt::format("CompleteWorkflowExecution({})", text_of(event.workflow_execution_completed_event_attributes().result()));
    case EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
      return fmt::format("FailWorkflowExecution({})", event.workflow_execution_failed_event_attributes().failure().message());
    case EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
      return "CancelWorkflowExecution";
    case EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW: {
      const auto& attributes = event.workflow_execution_continued_as_new_event_attributes();
      return fmt::format("ContinueAsNewWorkflowExecution({}, {})", attributes.workflow_type().name(), text_of(attributes.input()));
    }
    default:
      return history::event_name(event.event_type());
  }
}

}  // namespace

HistoryPtr slice(const api::History& history, std::int64_t first, std::int64_t last) {
  auto part = std::make_shared<api::History>();
  for (const api::HistoryEvent& event : history.events()) {
    if (event.event_id() >= first && event.event_id() <= last) {
      *part->add_events() = event;
    }
  }
  return part;
}

CachedRun fresh_run(const Registry& registry) {
  return {registry, RunIdentity{.name_space = "default",
                                .workflow_id = std::string(replay::HistoryBuilder::kWorkflowId),
                                .run_id = std::string(replay::HistoryBuilder::kRunId)}};
}

StoredHistory::Page StoredHistory::page(const std::string& token) const {
  const std::int64_t first = token.empty() ? 1 : std::stoll(token);
  const std::int64_t last = std::min<std::int64_t>(first + events_per_page_ - 1, history_->events_size());
  auto events = std::make_shared<api::History>();
  for (std::int64_t index = first - 1; index < last; ++index) {
    *events->add_events() = history_->events(static_cast<int>(index));
  }
  return {.events = std::move(events), .next_page_token = last < history_->events_size() ? std::to_string(last + 1) : ""};
}

RunRequest serve(CachedRun& run, RunRequest request, const StoredHistory& stored) {
  while (const auto* fetch = std::get_if<core::FetchHistoryPage>(&request)) {
    StoredHistory::Page page = stored.page(fetch->page_token);
    request = run.on_history_page(std::move(page.events), std::move(page.next_page_token));
  }
  return request;
}

RunRequest answer_to(const Registry& registry, const HistoryPtr& history) {
  CachedRun run = fresh_run(registry);
  return serve(run, run.on_workflow_task({.history = history, .started_event_id = history->events_size()}),
               StoredHistory(history, history->events_size()));
}

std::vector<std::string> rendered(const std::vector<api::Command>& commands) {
  std::vector<std::string> lines;
  lines.reserve(commands.size());
  for (const api::Command& command : commands) {
    lines.push_back(rendered(command));
  }
  return lines;
}

std::vector<std::string> recorded_commands(const api::History& history, std::int64_t started_event_id) {
  const bool written_by_this_sdk = std::ranges::any_of(history.events(), [](const api::HistoryEvent& event) {
    return event.workflow_task_completed_event_attributes().sdk_metadata().sdk_name() == core::kSdkName;
  });
  std::vector<std::string> lines;
  for (auto index = static_cast<int>(started_event_id + 1); index < history.events_size(); ++index) {
    if (!history::is_command_event(history.events(index).event_type())) {
      break;
    }
    lines.push_back(rendered(history.events(index), written_by_this_sdk));
  }
  return lines;
}

std::vector<std::string> commands_of(const RunRequest& request) {
  if (const auto* completed = std::get_if<core::RespondWorkflowTaskCompleted>(&request)) {
    return rendered(completed->commands);
  }
  if (const auto* failed = std::get_if<core::RespondWorkflowTaskFailed>(&request)) {
    std::string_view cause = WorkflowTaskFailedCause_Name(failed->failure.cause);
    cause.remove_prefix(std::string_view("WORKFLOW_TASK_FAILED_CAUSE_").size());
    return {fmt::format("WorkflowTaskFailed({}: {})", cause, failed->failure.failure.message())};
  }
  return {fmt::format("no answer to a task, but alternative {} of RunRequest", request.index())};
}

std::string outcome_of(const core::QueryAnswer& answer) {
  if (const auto* payloads = std::get_if<api::Payloads>(&answer.outcome)) {
    return fmt::format("answered: {}", text_of(*payloads));
  }
  return fmt::format("failed: {}", std::get<api::Failure>(answer.outcome).message());
}

std::vector<std::int64_t> workflow_tasks(const api::History& history) {
  std::vector<std::int64_t> started;
  for (int index = 0; index < history.events_size(); ++index) {
    const bool is_last = index + 1 == history.events_size();
    if (history.events(index).event_type() == EVENT_TYPE_WORKFLOW_TASK_STARTED &&
        (is_last || history.events(index + 1).event_type() == EVENT_TYPE_WORKFLOW_TASK_COMPLETED)) {
      started.push_back(index + 1);
    }
  }
  return started;
}

}  // namespace lifecycle::test
