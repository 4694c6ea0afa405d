// One descriptor for each RPC that this library calls: its messages, its path, how it may be retried.
#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include "rpc/workflow_service.h"

namespace lifecycle::rpc {

namespace service = temporal::api::workflowservice::v1;

// Starting, signalling and cancelling carry a request id, and the server answers a repeated one as the first: safe to retry. A completion
// that arrives twice is NotFound the second time: the caller takes that as done.
struct GetSystemInfo {
  using Request = service::GetSystemInfoRequest;
  using Response = service::GetSystemInfoResponse;
  static constexpr Method kMethod{.name = "GetSystemInfo",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo",
                                  .retry = RetryClass::kNone};  // Client::check_connection() tries again, and knows until when
};

struct DescribeNamespace {
  using Request = service::DescribeNamespaceRequest;
  using Response = service::DescribeNamespaceResponse;
  static constexpr Method kMethod{.name = "DescribeNamespace",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace",
                                  .retry = RetryClass::kNormal};
};

// The same RPC, for whoever asks again by himself and wants to know at once what came of one try.
struct TryDescribeNamespace {
  using Request = service::DescribeNamespaceRequest;
  using Response = service::DescribeNamespaceResponse;
  static constexpr Method kMethod{.name = "DescribeNamespace",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/DescribeNamespace",
                                  .retry = RetryClass::kNone};
};

struct StartWorkflowExecution {
  using Request = service::StartWorkflowExecutionRequest;
  using Response = service::StartWorkflowExecutionResponse;
  static constexpr Method kMethod{.name = "StartWorkflowExecution",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution",
                                  .retry = RetryClass::kNormal};
};

struct DescribeWorkflowExecution {
  using Request = service::DescribeWorkflowExecutionRequest;
  using Response = service::DescribeWorkflowExecutionResponse;
  static constexpr Method kMethod{.name = "DescribeWorkflowExecution",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/DescribeWorkflowExecution",
                                  .retry = RetryClass::kNormal};
};

struct GetWorkflowExecutionHistory {
  using Request = service::GetWorkflowExecutionHistoryRequest;
  using Response = service::GetWorkflowExecutionHistoryResponse;
  static constexpr Method kMethod{.name = "GetWorkflowExecutionHistory",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/GetWorkflowExecutionHistory",
                                  .retry = RetryClass::kNormal};
};

struct SignalWorkflowExecution {
  using Request = service::SignalWorkflowExecutionRequest;
  using Response = service::SignalWorkflowExecutionResponse;
  static constexpr Method kMethod{.name = "SignalWorkflowExecution",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/SignalWorkflowExecution",
                                  .retry = RetryClass::kNormal};
};

struct QueryWorkflow {
  using Request = service::QueryWorkflowRequest;
  using Response = service::QueryWorkflowResponse;
  static constexpr Method kMethod{
      .name = "QueryWorkflow", .path = "/temporal.api.workflowservice.v1.WorkflowService/QueryWorkflow", .retry = RetryClass::kNormal};
};

struct RequestCancelWorkflowExecution {
  using Request = service::RequestCancelWorkflowExecutionRequest;
  using Response = service::RequestCancelWorkflowExecutionResponse;
  static constexpr Method kMethod{.name = "RequestCancelWorkflowExecution",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/RequestCancelWorkflowExecution",
                                  .retry = RetryClass::kNormal};
};

struct TerminateWorkflowExecution {
  using Request = service::TerminateWorkflowExecutionRequest;
  using Response = service::TerminateWorkflowExecutionResponse;
  static constexpr Method kMethod{.name = "TerminateWorkflowExecution",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/TerminateWorkflowExecution",
                                  .retry = RetryClass::kNormal};
};

struct ListWorkflowExecutions {
  using Request = service::ListWorkflowExecutionsRequest;
  using Response = service::ListWorkflowExecutionsResponse;
  static constexpr Method kMethod{.name = "ListWorkflowExecutions",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/ListWorkflowExecutions",
                                  .retry = RetryClass::kNormal};
};

struct CountWorkflowExecutions {
  using Request = service::CountWorkflowExecutionsRequest;
  using Response = service::CountWorkflowExecutionsResponse;
  static constexpr Method kMethod{.name = "CountWorkflowExecutions",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/CountWorkflowExecutions",
                                  .retry = RetryClass::kNormal};
};

struct DescribeTaskQueue {
  using Request = service::DescribeTaskQueueRequest;
  using Response = service::DescribeTaskQueueResponse;
  static constexpr Method kMethod{.name = "DescribeTaskQueue",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/DescribeTaskQueue",
                                  .retry = RetryClass::kNormal};
};

struct DescribeWorkerDeployment {
  using Request = service::DescribeWorkerDeploymentRequest;
  using Response = service::DescribeWorkerDeploymentResponse;
  static constexpr Method kMethod{.name = "DescribeWorkerDeployment",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/DescribeWorkerDeployment",
                                  .retry = RetryClass::kNormal};
};

struct DescribeWorkerDeploymentVersion {
  using Request = service::DescribeWorkerDeploymentVersionRequest;
  using Response = service::DescribeWorkerDeploymentVersionResponse;
  static constexpr Method kMethod{.name = "DescribeWorkerDeploymentVersion",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/DescribeWorkerDeploymentVersion",
                                  .retry = RetryClass::kNormal};
};

struct ListWorkerDeployments {
  using Request = service::ListWorkerDeploymentsRequest;
  using Response = service::ListWorkerDeploymentsResponse;
  static constexpr Method kMethod{.name = "ListWorkerDeployments",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/ListWorkerDeployments",
                                  .retry = RetryClass::kNormal};
};

struct SetWorkerDeploymentCurrentVersion {
  using Request = service::SetWorkerDeploymentCurrentVersionRequest;
  using Response = service::SetWorkerDeploymentCurrentVersionResponse;
  static constexpr Method kMethod{.name = "SetWorkerDeploymentCurrentVersion",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/SetWorkerDeploymentCurrentVersion",
                                  .retry = RetryClass::kNormal};
};

struct SetWorkerDeploymentRampingVersion {
  using Request = service::SetWorkerDeploymentRampingVersionRequest;
  using Response = service::SetWorkerDeploymentRampingVersionResponse;
  static constexpr Method kMethod{.name = "SetWorkerDeploymentRampingVersion",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/SetWorkerDeploymentRampingVersion",
                                  .retry = RetryClass::kNormal};
};

struct PollWorkflowTaskQueue {
  using Request = service::PollWorkflowTaskQueueRequest;
  using Response = service::PollWorkflowTaskQueueResponse;
  static constexpr Method kMethod{.name = "PollWorkflowTaskQueue",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/PollWorkflowTaskQueue",
                                  .retry = RetryClass::kPoll,
                                  .long_poll = true};
};

struct PollActivityTaskQueue {
  using Request = service::PollActivityTaskQueueRequest;
  using Response = service::PollActivityTaskQueueResponse;
  static constexpr Method kMethod{.name = "PollActivityTaskQueue",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/PollActivityTaskQueue",
                                  .retry = RetryClass::kPoll,
                                  .long_poll = true};
};

struct RespondWorkflowTaskCompleted {
  using Request = service::RespondWorkflowTaskCompletedRequest;
  using Response = service::RespondWorkflowTaskCompletedResponse;
  static constexpr Method kMethod{.name = "RespondWorkflowTaskCompleted",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/RespondWorkflowTaskCompleted",
                                  .retry = RetryClass::kNormal};
};

struct RespondWorkflowTaskFailed {
  using Request = service::RespondWorkflowTaskFailedRequest;
  using Response = service::RespondWorkflowTaskFailedResponse;
  static constexpr Method kMethod{.name = "RespondWorkflowTaskFailed",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/RespondWorkflowTaskFailed",
                                  .retry = RetryClass::kNormal};
};

struct RespondQueryTaskCompleted {
  using Request = service::RespondQueryTaskCompletedRequest;
  using Response = service::RespondQueryTaskCompletedResponse;
  static constexpr Method kMethod{.name = "RespondQueryTaskCompleted",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/RespondQueryTaskCompleted",
                                  .retry = RetryClass::kNormal};
};

struct RespondActivityTaskCompleted {
  using Request = service::RespondActivityTaskCompletedRequest;
  using Response = service::RespondActivityTaskCompletedResponse;
  static constexpr Method kMethod{.name = "RespondActivityTaskCompleted",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/RespondActivityTaskCompleted",
                                  .retry = RetryClass::kNormal};
};

struct RespondActivityTaskFailed {
  using Request = service::RespondActivityTaskFailedRequest;
  using Response = service::RespondActivityTaskFailedResponse;
  static constexpr Method kMethod{.name = "RespondActivityTaskFailed",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/RespondActivityTaskFailed",
                                  .retry = RetryClass::kNormal};
};

struct RespondActivityTaskCanceled {
  using Request = service::RespondActivityTaskCanceledRequest;
  using Response = service::RespondActivityTaskCanceledResponse;
  static constexpr Method kMethod{.name = "RespondActivityTaskCanceled",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/RespondActivityTaskCanceled",
                                  .retry = RetryClass::kNormal};
};

struct RecordActivityTaskHeartbeat {
  using Request = service::RecordActivityTaskHeartbeatRequest;
  using Response = service::RecordActivityTaskHeartbeatResponse;
  static constexpr Method kMethod{.name = "RecordActivityTaskHeartbeat",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/RecordActivityTaskHeartbeat",
                                  .retry = RetryClass::kNone};
};

struct RecordWorkerHeartbeat {
  using Request = service::RecordWorkerHeartbeatRequest;
  using Response = service::RecordWorkerHeartbeatResponse;
  static constexpr Method kMethod{.name = "RecordWorkerHeartbeat",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/RecordWorkerHeartbeat",
                                  .retry = RetryClass::kNone};
};

struct ShutdownWorker {
  using Request = service::ShutdownWorkerRequest;
  using Response = service::ShutdownWorkerResponse;
  static constexpr Method kMethod{
      .name = "ShutdownWorker", .path = "/temporal.api.workflowservice.v1.WorkflowService/ShutdownWorker", .retry = RetryClass::kNone};
};

// The same RPC as GetWorkflowExecutionHistory, asked to wait for a new event: answered after up to a minute.
struct WaitForWorkflowExecutionHistory {
  using Request = service::GetWorkflowExecutionHistoryRequest;
  using Response = service::GetWorkflowExecutionHistoryResponse;
  static constexpr Method kMethod{.name = "GetWorkflowExecutionHistory",
                                  .path = "/temporal.api.workflowservice.v1.WorkflowService/GetWorkflowExecutionHistory",
                                  .retry = RetryClass::kNormal,
                                  .long_poll = true};
};

}  // namespace lifecycle::rpc
