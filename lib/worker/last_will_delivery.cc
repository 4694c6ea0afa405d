#include "worker/last_will_delivery.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "converter/failure.h"
#include "rpc/methods.h"
#include "worker/deployment.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

class Delivery : public std::enable_shared_from_this<Delivery> {
 public:
  Delivery(rpc::WorkflowService& service, const WorkerOptions& options, LastWill will, std::string cause,
           std::move_only_function<void(LastWillReport)> done)
      : service_(service), options_(options), will_(std::move(will)), cause_(std::move(cause)), done_(std::move(done)) {}

  void run() {
    if (will_.sticky_task_queue.empty()) {
      fail_tasks();
      return;
    }
    rpc::ShutdownWorker::Request request;
    sign(request);
    request.set_sticky_task_queue(will_.sticky_task_queue);
    request.set_reason("worker " + cause_);
    service_.call<rpc::ShutdownWorker>(std::move(request), {.timeout = kLastWillTimeout},
                                       [self = shared_from_this()](const rpc::Reply<rpc::ShutdownWorker>&) { self->fail_tasks(); });
  }

 private:
  void fail_tasks() {
    open_ = will_.tasks.size();
    for (const TaskWill& task : will_.tasks) {
      if (task.kind == TaskKind::kActivity) {
        fail_activity(task);
      } else {
        fail_workflow_task(task);
      }
    }
    if (open_ == 0) {
      done_(report_);
    }
  }

  void fail_activity(const TaskWill& task) {
    rpc::RespondActivityTaskFailed::Request request;
    sign(request);
    set_deployment_options(request, options_);
    request.set_task_token(task.task_token);
    *request.mutable_failure() = failure();
    if (task.attempt == 1) {
      // At once, but only once: an activity that kills its workers must run into its policy's growing delays.
      auto& delay = *request.mutable_failure()->mutable_application_failure_info()->mutable_next_retry_delay();
      api::set(delay, kLastWillRetryDelay);
    }
    if (task.newest_details) {
      *request.mutable_last_heartbeat_details() = *task.newest_details;
    }
    send<rpc::RespondActivityTaskFailed>(std::move(request), report_.activities);
  }

  void fail_workflow_task(const TaskWill& task) {
    rpc::RespondWorkflowTaskFailed::Request request;
    sign(request);
    set_deployment_options(request, options_);
    request.set_task_token(task.task_token);
    request.set_cause(api::enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
    *request.mutable_failure() = failure();
    send<rpc::RespondWorkflowTaskFailed>(std::move(request), report_.workflow_tasks);
  }

  template <class Request>
  void sign(Request& request) const {
    request.set_namespace_(options_.name_space);
    request.set_identity(will_.identity);
  }

  [[nodiscard]] api::Failure failure() const {
    return converter::to_failure(
        converter::ApplicationFailure(fmt::format("worker {} was {}", will_.identity, cause_), {.type = "WorkerDied"}));
  }

  // `taken` counts the answers that say that the server took it.
  template <class Rpc>
  void send(typename Rpc::Request request, std::int64_t& taken) {
    service_.call<Rpc>(std::move(request), {.timeout = kLastWillTimeout},
                       [self = shared_from_this(), &taken](const rpc::Reply<Rpc>& reply) {
                         const bool superseded = !reply && reply.error().code == rpc::StatusCode::kNotFound;
                         ++(reply ? taken : superseded ? self->report_.superseded : self->report_.undelivered);
                         if (--self->open_ == 0) {
                           self->done_(self->report_);
                         }
                       });
  }

  rpc::WorkflowService& service_;
  const WorkerOptions& options_;
  const LastWill will_;
  const std::string cause_;
  std::move_only_function<void(LastWillReport)> done_;
  std::size_t open_ = 0;
  LastWillReport report_;
};

}  // namespace

void deliver_last_will(rpc::WorkflowService& service, const WorkerOptions& options, LastWill will, std::string cause,
                       std::move_only_function<void(LastWillReport)> done) {
  std::make_shared<Delivery>(service, options, std::move(will), std::move(cause), std::move(done))->run();
}

}  // namespace lifecycle::worker
