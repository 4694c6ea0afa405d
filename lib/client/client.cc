#include "client/client.h"

#include <fmt/format.h>
#include <temporal/api/errordetails/v1/message.pb.h>

#include <utility>

#include "client/call.h"
#include "rpc/await.h"
#include "rpc/methods.h"
#include "rpc/status_details.h"

namespace lifecycle::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kServerAwayWait = 500ms;  // between two tries to reach a server that is not there yet

void set(temporal::api::common::v1::WorkflowExecution& execution, const std::string& workflow_id, const std::string& run_id = "") {
  execution.set_workflow_id(workflow_id);
  execution.set_run_id(run_id);
}

}  // namespace

Client::Client(rpc::WorkflowService& service, rpc::RunnableEventLoop& loop, ClientOptions options)
    : service_(service), loop_(loop), options_(std::move(options)), request_ids_(entropy_stream()) {
  if (options_.identity.empty()) {
    options_.identity = default_identity();
  }
}

template <class Rpc>
Result<typename Rpc::Response> Client::ask(typename Rpc::Request request, std::string_view attempt) {
  return client::ask<Rpc>(service_, loop_, options_, std::move(request), attempt);
}

bool is_version_not_serving(const Error& error) {
  return error.code == ErrorCode::kFailedPrecondition && error.message.contains("not present in task queue");
}

Result<service::GetSystemInfoResponse> Client::check_connection(Duration timeout) {
  Result<service::GetSystemInfoResponse> system_info = reach_server(timeout);
  if (!system_info) {
    return system_info;
  }
  rpc::DescribeNamespace::Request request;
  request.set_namespace_(options_.name_space);
  // The server is there: from here on it is the command's time, however little is left of the time to connect.
  const auto name_space = ask<rpc::DescribeNamespace>(std::move(request), fmt::format("namespace '{}'", options_.name_space));
  if (!name_space) {
    return std::unexpected(name_space.error());
  }
  return system_info;
}

Result<service::GetSystemInfoResponse> Client::reach_server(Duration timeout) {
  const SteadyTime deadline = loop_.clock().steady_now() + timeout;
  while (true) {
    const Duration time_left = deadline - loop_.clock().steady_now();
    const rpc::Reply<rpc::GetSystemInfo> reply = rpc::await<rpc::GetSystemInfo>(service_, loop_, {}, {.timeout = time_left});
    if (reply) {
      return **reply;
    }
    rpc::Status status = reply.error();
    if (status.code == rpc::StatusCode::kUnimplemented) {
      return service::GetSystemInfoResponse();  // a server from before 2022
    }
    if (status.code == rpc::StatusCode::kDeadlineExceeded) {
      status.code = rpc::StatusCode::kUnavailable;  // to the caller a server that is silent is one that is not there
    }
    if (status.diagnosis || status.code != rpc::StatusCode::kUnavailable || loop_.clock().steady_now() + kServerAwayWait >= deadline) {
      return std::unexpected(error_of(options_, status, "connect"));
    }
    wait(loop_, kServerAwayWait);
  }
}

Result<std::string> Client::start_workflow(const StartOptions& options, const api::Payloads& input) {
  rpc::StartWorkflowExecution::Request request;
  request.set_namespace_(options_.name_space);
  request.set_workflow_id(options.workflow_id);
  request.mutable_workflow_type()->set_name(options.workflow_type);
  request.mutable_task_queue()->set_name(options.task_queue);
  *request.mutable_input() = input;
  if (options.execution_timeout > Duration::zero()) {
    api::set(*request.mutable_workflow_execution_timeout(), options.execution_timeout);
  }
  if (options.pinned_to) {
    auto& pinned = *request.mutable_versioning_override()->mutable_pinned();
    pinned.set_behavior(temporal::api::workflow::v1::VersioningOverride::PINNED_OVERRIDE_BEHAVIOR_PINNED);
    *pinned.mutable_version() = to_api(*options.pinned_to);
  }
  request.set_identity(options_.identity);
  // A retried request with the same id is the same start, not a second one.
  request.set_request_id(uuid_from(request_ids_));
  request.set_workflow_id_conflict_policy(temporal::api::enums::v1::WORKFLOW_ID_CONFLICT_POLICY_FAIL);

  const std::string attempt = fmt::format("start workflow '{}'", options.workflow_id);
  const auto reply = rpc::await<rpc::StartWorkflowExecution>(service_, loop_, std::move(request), {.timeout = options_.command_timeout});
  if (reply) {
    return (*reply)->run_id();
  }
  using AlreadyStarted = temporal::api::errordetails::v1::WorkflowExecutionAlreadyStartedFailure;
  if (const auto started = rpc::find_detail<AlreadyStarted>(reply.error())) {
    return fail(ErrorCode::kAlreadyExists, fmt::format("{}: it runs already, as run {}", attempt, started->run_id()),
                "choose another workflow id, or wait for the end of that run");
  }
  return std::unexpected(error_of(options_, reply.error(), attempt));
}

Result<service::DescribeWorkflowExecutionResponse> Client::describe(const std::string& workflow_id, const std::string& run_id) {
  rpc::DescribeWorkflowExecution::Request request;
  request.set_namespace_(options_.name_space);
  set(*request.mutable_execution(), workflow_id, run_id);
  return ask<rpc::DescribeWorkflowExecution>(std::move(request), fmt::format("describe workflow '{}'", workflow_id));
}

Result<api::History> Client::fetch_history(const std::string& workflow_id, const std::string& run_id) {
  rpc::GetWorkflowExecutionHistory::Request request;
  request.set_namespace_(options_.name_space);
  set(*request.mutable_execution(), workflow_id, run_id);
  const std::string attempt = fmt::format("fetch the history of workflow '{}'", workflow_id);
  api::History history;
  do {
    auto page = ask<rpc::GetWorkflowExecutionHistory>(request, attempt);
    if (!page) {
      return std::unexpected(std::move(page.error()));
    }
    for (api::HistoryEvent& event : *page->mutable_history()->mutable_events()) {
      history.add_events()->Swap(&event);
    }
    request.set_next_page_token(page->next_page_token());
  } while (!request.next_page_token().empty());
  return history;
}

Result<WorkflowOutcome> Client::wait_for_outcome(const std::string& workflow_id, const std::string& run_id, Duration timeout) {
  std::optional<Result<WorkflowOutcome>> outcome;
  OutcomeWatch watch(service_, loop_, {.name_space = options_.name_space, .workflow_id = workflow_id, .run_id = run_id}, timeout,
                     [&outcome](Result<WorkflowOutcome> end) { outcome = std::move(end); });
  loop_.run_until([&outcome] { return outcome.has_value(); });
  return *std::move(outcome);
}

Result<api::Payloads> Client::query(const std::string& workflow_id, const std::string& query_type, const api::Payloads& arguments) {
  rpc::QueryWorkflow::Request request;
  request.set_namespace_(options_.name_space);
  set(*request.mutable_execution(), workflow_id);
  request.mutable_query()->set_query_type(query_type);
  *request.mutable_query()->mutable_query_args() = arguments;
  const std::string attempt = fmt::format("query '{}' of workflow '{}'", query_type, workflow_id);
  auto response = ask<rpc::QueryWorkflow>(std::move(request), attempt);
  if (!response) {
    return std::unexpected(std::move(response.error()));
  }
  if (response->has_query_rejected()) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: rejected, the workflow is {}", attempt,
                            temporal::api::enums::v1::WorkflowExecutionStatus_Name(response->query_rejected().status())));
  }
  return std::move(*response->mutable_query_result());
}

Result<void> Client::signal(const std::string& workflow_id, const std::string& signal_name, const api::Payloads& input) {
  rpc::SignalWorkflowExecution::Request request;
  request.set_namespace_(options_.name_space);
  set(*request.mutable_workflow_execution(), workflow_id);
  request.set_signal_name(signal_name);
  *request.mutable_input() = input;
  request.set_identity(options_.identity);
  request.set_request_id(uuid_from(request_ids_));
  return without_answer(
      ask<rpc::SignalWorkflowExecution>(std::move(request), fmt::format("signal '{}' to workflow '{}'", signal_name, workflow_id)));
}

Result<void> Client::request_cancel(const std::string& workflow_id, const std::string& reason) {
  rpc::RequestCancelWorkflowExecution::Request request;
  request.set_namespace_(options_.name_space);
  set(*request.mutable_workflow_execution(), workflow_id);
  request.set_reason(reason);
  request.set_identity(options_.identity);
  request.set_request_id(uuid_from(request_ids_));
  return without_answer(ask<rpc::RequestCancelWorkflowExecution>(std::move(request), fmt::format("cancel workflow '{}'", workflow_id)));
}

Result<void> Client::terminate(const std::string& workflow_id, const std::string& reason) {
  rpc::TerminateWorkflowExecution::Request request;
  request.set_namespace_(options_.name_space);
  set(*request.mutable_workflow_execution(), workflow_id);
  request.set_reason(reason);
  request.set_identity(options_.identity);
  return without_answer(ask<rpc::TerminateWorkflowExecution>(std::move(request), fmt::format("terminate workflow '{}'", workflow_id)));
}

Result<std::int64_t> Client::count_workflows(const std::string& query) {
  rpc::CountWorkflowExecutions::Request request;
  request.set_namespace_(options_.name_space);
  request.set_query(query);
  const auto response = ask<rpc::CountWorkflowExecutions>(std::move(request), fmt::format("count workflows with {}", query));
  if (!response) {
    return std::unexpected(response.error());
  }
  return response->count();
}

Result<service::DescribeTaskQueueResponse> Client::describe_task_queue(const std::string& task_queue) {
  rpc::DescribeTaskQueue::Request request;
  request.set_namespace_(options_.name_space);
  request.mutable_task_queue()->set_name(task_queue);
  request.set_task_queue_type(temporal::api::enums::v1::TASK_QUEUE_TYPE_WORKFLOW);
  return ask<rpc::DescribeTaskQueue>(std::move(request), fmt::format("describe task queue '{}'", task_queue));
}

}  // namespace lifecycle::client
