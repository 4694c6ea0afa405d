// Waits for the end of a workflow without blocking.
#pragma once

#include <temporal/api/enums/v1/workflow.pb.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/api.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/event_loop.h"
#include "rpc/workflow_service.h"

namespace lifecycle::client {

// How a workflow ended. `result` is set for COMPLETED, `failure` for FAILED and TERMINATED.
struct WorkflowOutcome {
  temporal::api::enums::v1::WorkflowExecutionStatus status = temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_UNSPECIFIED;
  std::string run_id;  // of the last run; empty when neither the caller named a run nor one followed on the first
  std::optional<api::Payloads> result;
  std::optional<api::Failure> failure;
};

// Follows a workflow by long polls to its end: over continued-as-new, retried and cron runs, and over restarts of the server. A server that
// goes away after it has answered once is waited for; one that does not answer at first is an error.
//
// The callback runs once, on the loop, never from inside the constructor. Errors: kNotFound, kUnavailable, kPermissionDenied,
// kDeadlineExceeded when `timeout` has elapsed, kCancelled after cancel().
class OutcomeWatch {
 public:
  struct Target {
    std::string name_space;
    std::string workflow_id;
    std::string run_id = {};  // empty: the latest run
  };
  using Done = std::move_only_function<void(Result<WorkflowOutcome>)>;

  // Begins at once. Service and loop outlive the watch. `timeout` zero waits for ever.
  OutcomeWatch(rpc::WorkflowService& service, EventLoop& loop, Target target, Duration timeout, Done done);
  // The callback does not run any more.
  ~OutcomeWatch();
  OutcomeWatch(const OutcomeWatch&) = delete;
  OutcomeWatch& operator=(const OutcomeWatch&) = delete;

  // Ends the watch, not the workflow. Does nothing once the callback has run.
  void cancel();

 private:
  class Poller;
  std::shared_ptr<Poller> poller_;
};

}  // namespace lifecycle::client
