// A client of one Temporal namespace: starts workflows, follows them, asks and tells them things.
//
// Calls return when the server has answered: they run the loop they were given until then. A program that waits for several things at once (the
// command line's progress display) uses the service and the loop below it directly.
#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <memory>
#include <optional>
#include <string>

#include "api/api.h"
#include "base/clock.h"
#include "base/error.h"
#include "rpc/grpc_event_loop.h"
#include "rpc/workflow_service.h"

namespace lifecycle::client {

namespace service = temporal::api::workflowservice::v1;

struct ClientOptions {
  std::string name_space = "default";                   // the Temporal namespace
  std::string identity = {};                            // "<pid>@<host>" when empty
  Duration command_timeout = std::chrono::seconds(10);  // of each call, retries included
};

struct StartOptions {
  std::string workflow_id;
  std::string task_queue;
  std::string workflow_type;
  Duration execution_timeout = {};  // zero: none
};

// How a workflow ended. `result` is set for kCompleted, `failure` for the others where the server has one.
struct WorkflowOutcome {
  temporal::api::enums::v1::WorkflowExecutionStatus status = temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_UNSPECIFIED;
  std::string run_id;
  std::optional<api::Payloads> result;
  std::optional<api::Failure> failure;
};

class Client {
 public:
  // All three outlive the client.
  Client(rpc::WorkflowService& service, rpc::GrpcEventLoop& loop, ClientOptions options);

  // Asks the server for its version and whether the namespace exists. Errors: kUnavailable when no server answers within `timeout`,
  // kNotFound for the namespace, kPermissionDenied.
  [[nodiscard]] Result<service::GetSystemInfoResponse> check_connection(Duration timeout);

  // Returns the run id. Errors: kAlreadyExists when a workflow with this id runs, kNotFound for the namespace.
  [[nodiscard]] Result<std::string> start_workflow(const StartOptions& options, const api::Payloads& input);
  [[nodiscard]] Result<service::DescribeWorkflowExecutionResponse> describe(const std::string& workflow_id, const std::string& run_id = "");
  // The whole history, all pages.
  [[nodiscard]] Result<api::History> fetch_history(const std::string& workflow_id, const std::string& run_id = "");
  // Waits for the end, following continued-as-new and retried runs. `timeout` zero waits for ever.
  [[nodiscard]] Result<WorkflowOutcome> wait_for_outcome(const std::string& workflow_id, const std::string& run_id, Duration timeout);
  [[nodiscard]] Result<api::Payloads> query(const std::string& workflow_id, const std::string& query_type, const api::Payloads& arguments = {});
  [[nodiscard]] Result<void> signal(const std::string& workflow_id, const std::string& signal_name, const api::Payloads& input = {});
  [[nodiscard]] Result<void> request_cancel(const std::string& workflow_id, const std::string& reason);
  [[nodiscard]] Result<void> terminate(const std::string& workflow_id, const std::string& reason);

  [[nodiscard]] const ClientOptions& options() const { return options_; }

 private:
  rpc::WorkflowService& service_;
  rpc::GrpcEventLoop& loop_;
  ClientOptions options_;
};

}  // namespace lifecycle::client
