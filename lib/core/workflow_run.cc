#include "core/workflow_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/overloaded.h"

namespace lifecycle::core {
namespace {

using QueryEvent = machines::QueryMachineDefinition::Event;
using QueryEffect = machines::QueryMachineDefinition::Effect;

api::Failure failure_of(std::string message, std::string type) {
  api::Failure failure;
  failure.set_message(std::move(message));
  failure.set_source("CppSDK");
  failure.mutable_application_failure_info()->set_type(std::move(type));
  return failure;
}

}  // namespace

RunStep WorkflowRun::on_workflow_task(WorkflowTask task) {
  task_ = std::move(task);
  answers_.clear();
  queries_.clear();
  if (task_.query != nullptr) {
    queries_.push_back(
        {.query = {.type = task_.query->query_type(), .arguments = task_.query->has_query_args() ? &task_.query->query_args() : nullptr}});
  }
  for (const QueryWorkflow& query : task_.queries) {
    queries_.push_back({.query = query});
  }
  from_first_event_ = false;
  fetched_again_ = false;
  asking_ = false;
  next_page_token_ = task_.next_page_token;
  const bool has_events = task_.history != nullptr && task_.history->events_size() > 0;
  if (!has_events) {
    return has_state() && task_.started_event_id == 0 ? ask_queries() : restart_from_first_event();
  }
  const std::int64_t first_event_id = task_.history->events(0).event_id();
  if (first_event_id == 1) {
    reader_ = {};
    machines_ = {};
    last_started_event_id_ = 0;
  } else if (has_state() && first_event_id == last_started_event_id_ + 1) {
    // What a query's replay read beyond the last started task comes again, now as part of a task.
    reader_.continue_after(last_started_event_id_);
  } else {
    return restart_from_first_event();
  }
  const bool is_last = next_page_token_.empty();
  return after_adding(reader_.add_page(task_.history, is_last), is_last);
}

RunStep WorkflowRun::restart_from_first_event() {
  reader_ = {};
  machines_ = {};
  last_started_event_id_ = 0;
  from_first_event_ = true;
  next_page_token_.clear();
  return FetchHistoryPage{};
}

RunStep WorkflowRun::on_history_page(const std::shared_ptr<const api::History>& page, std::string next_page_token) {
  next_page_token_ = std::move(next_page_token);
  const bool is_last = next_page_token_.empty();
  Result<void> added = reader_.add_page(page, is_last);
  if (added && is_last && from_first_event_ && task_.history != nullptr) {
    added = reader_.add_tail(task_.history);
  }
  return after_adding(std::move(added), is_last);
}

RunStep WorkflowRun::after_adding(Result<void> added, bool is_last) {
  if (added && is_last && reader_.last_event_id() < task_.started_event_id) {
    added = fail(ErrorCode::kDataLoss, fmt::format("history ends at event {}, before the task's started event {}", reader_.last_event_id(),
                                                   task_.started_event_id));
  }
  if (added && is_last && reader_.last_event_id() == 0) {
    added = fail(ErrorCode::kDataLoss, "history is empty");
  }
  if (added) {
    return advance();
  }
  if (!fetched_again_ && !task_.replay_only) {
    fetched_again_ = true;
    return restart_from_first_event();
  }
  return fail_task(Problem(std::move(added.error())));
}

RunStep WorkflowRun::advance() {
  for (;;) {
    const history::HistoryReader::Next next = reader_.next();
    if (std::holds_alternative<history::NeedPage>(next)) {
      return FetchHistoryPage{.page_token = next_page_token_};
    }
    if (std::holds_alternative<history::EndOfHistory>(next)) {
      return ask_queries();
    }
    const auto& task = std::get<history::LogicalTask>(next);
    const bool is_open_end = task.started == nullptr && !history::is_final_event(task.events.back()->event_type());
    if (is_open_end && !task_.replay_only) {
      return ask_queries();  // news that no workflow task has brought to the code yet
    }
    WorkflowActivation activation{.timestamp = now_};
    activation.is_replaying = task.started == nullptr || task.started->event_id() != task_.started_event_id;
    if (auto applied = machines_.apply(task, activation); !applied) {
      return fail_task(applied.error());
    }
    now_ = activation.timestamp;
    if (task.started != nullptr) {
      last_started_event_id_ = task.started->event_id();
      return Activate{std::move(activation)};
    }
  }
}

RunStep WorkflowRun::on_completion(WorkflowActivationCompletion completion) {
  if (completion.failure) {
    return fail_task(std::move(*completion.failure));
  }
  if (asking_) {
    answers_ = settle_queries(std::move(completion.queries));
    return respond();
  }
  for (WorkflowCommand& command : completion.commands) {
    machines_.issue(std::move(command));
  }
  return advance();
}

RunStep WorkflowRun::ask_queries() {
  if (task_.replay_only) {
    return ReplayFinished{.closed = machines_.closed()};
  }
  WorkflowActivation activation{.timestamp = now_, .is_replaying = true, .history_length = last_started_event_id_};
  for (PendingQuery& pending : queries_) {
    if (pending.machine.fire(QueryEvent::kAsk) == QueryEffect::kActivate) {
      activation.jobs.emplace_back(pending.query);
    }
  }
  if (activation.jobs.empty()) {
    return respond();
  }
  asking_ = true;
  return Activate{std::move(activation)};
}

// Exactly one answer for each query, whatever the code gave.
std::vector<QueryAnswer> WorkflowRun::settle_queries(std::vector<QueryAnswer> answers) {
  std::vector<QueryAnswer> settled;
  for (PendingQuery& pending : queries_) {
    const auto given = std::ranges::find(answers, pending.query.id, &QueryAnswer::id);
    QueryAnswer answer = given != answers.end() ? std::move(*given)
                                                : QueryAnswer{.id = std::string(pending.query.id),
                                                              .outcome = failure_of("the query was not answered", "QueryFailed")};
    const bool succeeded = std::holds_alternative<api::Payloads>(answer.outcome);
    if (pending.machine.fire(succeeded ? QueryEvent::kSucceed : QueryEvent::kFail)) {
      settled.push_back(std::move(answer));
    }
  }
  return settled;
}

RunStep WorkflowRun::respond() {
  // The task's messages go with it: a cached run may wait for its next one for months.
  const WorkflowTask task = std::exchange(task_, {});
  queries_.clear();
  if (task.query != nullptr) {
    check(answers_.size() == 1, "a query has one answer");
    return RespondQuery{.answer = std::move(answers_.front())};
  }
  if (last_started_event_id_ != task.started_event_id) {
    return fail_task(Problem(Error{.code = ErrorCode::kDataLoss,
                                   .message = fmt::format("history's last workflow task was started by event {}, the task says event {}",
                                                          last_started_event_id_, task.started_event_id)}));
  }
  RespondWorkflowTaskCompleted completed{.commands = machines_.take_commands(task.started_event_id),
                                         .queries = std::exchange(answers_, {}),
                                         .sign_with_sdk_name = !machines_.written_by_this_sdk()};
  completed.upserts_change_versions = std::ranges::any_of(completed.commands, [](const api::Command& command) {
    return command.command_type() == api::enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES;
  });
  return completed;
}

RunStep WorkflowRun::fail_task(const Problem& problem) {
  return fail_task(std::visit(
      Overloaded{
          [](const Nondeterminism& nondeterminism) {
            return WorkflowTaskFailure{.cause = api::enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR,
                                       .failure = failure_of(nondeterminism.message(), "Nondeterminism"),
                                       .nondeterminism = nondeterminism};
          },
          [](const Error& error) { return WorkflowTaskFailure{.failure = failure_of(error.message, std::string(kHistoryErrorType))}; },
      },
      problem));
}

RunStep WorkflowRun::fail_task(WorkflowTaskFailure failure) {
  last_started_event_id_ = 0;
  if (task_.query != nullptr && queries_.front().machine.fire(QueryEvent::kFail)) {
    return RespondQuery{.answer = QueryAnswer{.id = {}, .outcome = std::move(failure.failure)}, .run_is_broken = true};
  }
  return RespondWorkflowTaskFailed{.failure = std::move(failure)};
}

}  // namespace lifecycle::core
