// The Worker Deployments of one Temporal namespace: which versions there are, where new workflows go, and how that is changed.
//
// A deployment and a version exist from their first poll on: before, the server says NotFound of both.
#pragma once

#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "client/client_options.h"
#include "client/deployment_version.h"
#include "rpc/runnable_event_loop.h"
#include "rpc/workflow_service.h"

namespace lifecycle::client {

namespace service = temporal::api::workflowservice::v1;

// Errors of all calls, beside the ones named: those of Client.
class Deployments {
 public:
  using Summary = service::ListWorkerDeploymentsResponse::WorkerDeploymentSummary;

  // Both outlive this object.
  Deployments(rpc::WorkflowService& service, rpc::RunnableEventLoop& loop, ClientOptions options);

  // All deployments of the namespace, all pages.
  [[nodiscard]] Result<std::vector<Summary>> list();
  // Errors: kNotFound, which names the deployments that exist.
  [[nodiscard]] Result<service::DescribeWorkerDeploymentResponse> describe(const std::string& deployment_name);
  // Task queues with their backlogs. Errors: kNotFound.
  [[nodiscard]] Result<service::DescribeWorkerDeploymentVersionResponse> describe_version(const DeploymentVersion& version);

  // Waits up to `timeout` until workers of the version have polled the task queue for workflow and activity tasks. Errors: kNotFound when
  // nobody has heard of the version by then, with the versions that exist; kDeadlineExceeded when it is known and does not serve the queue.
  [[nodiscard]] Result<void> wait_until_serving(const DeploymentVersion& version, const std::string& task_queue, Duration timeout);

  // Sends new workflows to the version, and auto-upgrading ones with their next task. `conflict_token` is describe()'s: what somebody else
  // has changed since is an error and not overwritten. Errors: kNotFound for the version, kFailedPrecondition.
  [[nodiscard]] Result<void> set_current(const DeploymentVersion& version, const std::string& conflict_token);
  // Sends this percentage of the new workflows to the version. An empty build id with 0 % ends a ramp.
  [[nodiscard]] Result<void> set_ramping(const DeploymentVersion& version, float percentage, const std::string& conflict_token);
  // Waits until every task queue routes as the deployment says, and returns the description. Servers before 1.30 do not tell, and route at
  // once. Errors: kDeadlineExceeded.
  [[nodiscard]] Result<service::DescribeWorkerDeploymentResponse> wait_until_propagated(const std::string& deployment_name,
                                                                                        Duration timeout);

 private:
  template <class Rpc>
  [[nodiscard]] Result<typename Rpc::Response> ask(typename Rpc::Request request, std::string_view attempt);
  [[nodiscard]] Error unknown_version(const DeploymentVersion& version);
  [[nodiscard]] Error unknown_deployment(const std::string& deployment_name);

  rpc::WorkflowService& service_;
  rpc::RunnableEventLoop& loop_;
  ClientOptions options_;
};

}  // namespace lifecycle::client
