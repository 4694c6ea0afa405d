// A client of one Temporal namespace: starts workflows, follows them, asks and tells them things.
//
// Calls return when the server has answered: they run the loop they were given until then. A program that waits for several things at once
// (the command line's progress display) uses OutcomeWatch, or the service and the loop directly.
#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <optional>
#include <string>
#include <string_view>

#include "api/api.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "client/client_options.h"
#include "client/deployment_version.h"
#include "client/outcome_watch.h"
#include "rpc/runnable_event_loop.h"
#include "rpc/workflow_service.h"

namespace lifecycle::client {

namespace service = temporal::api::workflowservice::v1;

struct StartOptions {
  std::string workflow_id;
  std::string task_queue;
  std::string workflow_type;
  Duration execution_timeout = {};  // zero: none
  // Every task of the workflow runs on this version, whatever is current, or it does not run.
  std::optional<DeploymentVersion> pinned_to = {};
};

// Whether a pinned start was refused because the version does not serve the task queue, as far as the server knows: it remembers what it
// saw for a second, so that this passes soon after the version's first poll.
[[nodiscard]] bool is_version_not_serving(const Error& error);

// The server answers an empty poll after 60 s, and a worker sends the next at once. It remembers a poller for five minutes: one whose last
// poll is older than this is gone, one whose last poll is younger may have been killed since.
inline constexpr Duration kPollRenewedWithin = std::chrono::seconds(70);

// Errors of all calls, beside the ones named: kUnavailable when no server answers, kDeadlineExceeded, kPermissionDenied.
class Client {
 public:
  // Both outlive the client.
  Client(rpc::WorkflowService& service, rpc::RunnableEventLoop& loop, ClientOptions options);

  // Asks the server for its version and whether the namespace exists, and waits up to `timeout` for a server that is not there yet. Errors:
  // kUnavailable when none answers in time, kNotFound for the namespace, kPermissionDenied. A server that does not know GetSystemInfo gives
  // an empty answer.
  [[nodiscard]] Result<service::GetSystemInfoResponse> check_connection(Duration timeout);

  // Returns the run id. Errors: kAlreadyExists when a workflow with this id runs, kNotFound for the namespace, kFailedPrecondition for a
  // version that cannot be pinned to.
  [[nodiscard]] Result<std::string> start_workflow(const StartOptions& options, const api::Payloads& input);
  // An empty run id is the latest run. Errors: kNotFound.
  [[nodiscard]] Result<service::DescribeWorkflowExecutionResponse> describe(const std::string& workflow_id, const std::string& run_id = "");
  // The whole history, all pages. Errors: kNotFound.
  [[nodiscard]] Result<api::History> fetch_history(const std::string& workflow_id, const std::string& run_id = "");
  // Waits for the end, following continued-as-new and retried runs; see OutcomeWatch. `timeout` zero waits for ever.
  [[nodiscard]] Result<WorkflowOutcome> wait_for_outcome(const std::string& workflow_id, const std::string& run_id, Duration timeout);
  // Errors: kInvalidArgument for an unknown query type and for a query that failed, kNotFound, kFailedPrecondition when the workflow's
  // state forbids it, kDeadlineExceeded when no worker answers.
  [[nodiscard]] Result<api::Payloads> query(const std::string& workflow_id, const std::string& query_type,
                                            const api::Payloads& arguments = {});
  // Errors of these: kNotFound when no such workflow runs.
  [[nodiscard]] Result<void> signal(const std::string& workflow_id, const std::string& signal_name, const api::Payloads& input = {});
  [[nodiscard]] Result<void> request_cancel(const std::string& workflow_id, const std::string& reason);
  [[nodiscard]] Result<void> terminate(const std::string& workflow_id, const std::string& reason);

  // How many workflows the visibility store lists for `query`. It is written a moment after the fact. Errors: kInvalidArgument for the
  // query.
  [[nodiscard]] Result<std::int64_t> count_workflows(const std::string& query);
  // Who polls the workflow tasks of a queue, as the server remembers it: for five minutes after the last poll.
  [[nodiscard]] Result<service::DescribeTaskQueueResponse> describe_task_queue(const std::string& task_queue);

  [[nodiscard]] const ClientOptions& options() const { return options_; }

 private:
  // Waits for a server up to `timeout`.
  [[nodiscard]] Result<service::GetSystemInfoResponse> reach_server(Duration timeout);
  template <class Rpc>
  [[nodiscard]] Result<typename Rpc::Response> ask(typename Rpc::Request request, std::string_view attempt);

  rpc::WorkflowService& service_;
  rpc::RunnableEventLoop& loop_;
  ClientOptions options_;
  RandomStream request_ids_;
};

}  // namespace lifecycle::client
