#include "worker/last_will_executor.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "api/failure_types.h"
#include "converter/failure.h"
#include "rpc/methods.h"
#include "worker/deployment.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

// What the answer to the first call may take, so that a slow one leaves time for the rest.
constexpr Duration kReleaseTimeout = std::chrono::seconds(1);

class Executor : public std::enable_shared_from_this<Executor> {
 public:
  Executor(rpc::WorkflowService& service, EventLoop& loop, const LastWill& will, const WorkerOptions& options, std::string death,
           std::move_only_function<void(LastWillReport)> done)
      : service_(service), loop_(loop), will_(will), options_(options), death_(std::move(death)), done_(std::move(done)) {}

  void begin() {
    deadline_ = loop_.schedule(kLastWillTimeout, [self = shared_from_this()] {
      self->report_.not_told += self->unanswered_;
      self->end();
    });
    if (will_.sticky_task_queue.empty()) {
      fail_tasks();
      return;
    }
    rpc::ShutdownWorker::Request request;
    request.set_namespace_(options_.name_space);
    request.set_identity(will_.identity);
    request.set_sticky_task_queue(will_.sticky_task_queue);
    request.set_reason(death_);
    service_.call<rpc::ShutdownWorker>(std::move(request), {.timeout = kReleaseTimeout},
                                       [self = shared_from_this()](const rpc::Reply<rpc::ShutdownWorker>& reply) {
                                         self->report_.sticky_queue_released = reply.has_value();
                                         self->fail_tasks();
                                       });
  }

 private:
  void fail_tasks() {
    if (done_ == nullptr) {
      return;
    }
    for (const UnfinishedTask& task : will_.tasks) {
      if (task.kind == TaskKind::kActivity) {
        fail_activity(task);
      } else if (task.attempt <= 1) {
        fail_workflow_task(task);
      }
    }
    if (unanswered_ == 0) {
      loop_.post([self = shared_from_this()] { self->end(); });
    }
  }

  void fail_activity(const UnfinishedTask& task) {
    rpc::RespondActivityTaskFailed::Request request;
    if (task.details) {
      *request.mutable_last_heartbeat_details() = *task.details;
    }
    send<rpc::RespondActivityTaskFailed>(std::move(request), task, retry_delay_after_death(task.attempt), report_.activities_failed);
  }

  void fail_workflow_task(const UnfinishedTask& task) {
    rpc::RespondWorkflowTaskFailed::Request request;
    request.set_cause(api::enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
    send<rpc::RespondWorkflowTaskFailed>(std::move(request), task, std::nullopt, report_.workflow_tasks_failed);
  }

  template <class Rpc>
  void send(typename Rpc::Request request, const UnfinishedTask& task, std::optional<Duration> retry_delay, std::size_t& told) {
    request.set_task_token(task.token);
    request.set_namespace_(options_.name_space);
    request.set_identity(will_.identity);
    set_deployment_options(request, options_);
    *request.mutable_failure() = converter::to_failure(
        converter::ApplicationFailure(fmt::format("the worker that executed this attempt is dead: {}", death_),
                                      {.type = std::string(api::kWorkerDiedFailure), .next_retry_delay = retry_delay}));
    ++unanswered_;
    service_.call<Rpc>(std::move(request), {.timeout = kLastWillTimeout},
                       [self = shared_from_this(), &told](const rpc::Reply<Rpc>& reply) { self->on_answer(reply, told); });
  }

  template <class Rpc>
  void on_answer(const std::expected<std::shared_ptr<Rpc>, rpc::Status>& reply, std::size_t& told) {
    if (done_ == nullptr) {
      return;
    }
    if (reply) {
      ++told;
    } else if (reply.error().code == rpc::StatusCode::kNotFound) {
      ++report_.already_over;
    } else {
      ++report_.not_told;
    }
    if (--unanswered_ == 0) {
      end();
    }
  }

  void end() {
    loop_.cancel(deadline_);
    if (auto done = std::exchange(done_, nullptr)) {
      done(report_);
    }
  }

  rpc::WorkflowService& service_;
  EventLoop& loop_;
  LastWill will_;
  WorkerOptions options_;
  std::string death_;
  std::move_only_function<void(LastWillReport)> done_;  // null: it is over
  LastWillReport report_;
  std::size_t unanswered_ = 0;
  TimerId deadline_ = TimerId::kNone;
};

}  // namespace

void execute_last_will(rpc::WorkflowService& service, EventLoop& loop, const LastWill& will, const WorkerOptions& options,
                       const std::string& death, std::move_only_function<void(LastWillReport)> done) {
  std::make_shared<Executor>(service, loop, will, options, death, std::move(done))->begin();
}

}  // namespace lifecycle::worker
