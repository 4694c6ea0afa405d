#include "worker/activity_task_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "converter/failure.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

Duration heartbeat_interval(const rpc::service::PollActivityTaskQueueResponse& task) {
  const Duration timeout = api::to_duration(task.heartbeat_timeout());
  if (timeout <= Duration::zero()) {
    return kHeartbeatIntervalDefault;
  }
  return std::min(std::chrono::duration_cast<Duration>(timeout * kHeartbeatIntervalFraction), kHeartbeatIntervalMax);
}

ActivityInfo info_of(const rpc::service::PollActivityTaskQueueResponse& task, const WorkerOptions& options) {
  const Duration heartbeat_timeout = api::to_duration(task.heartbeat_timeout());
  return {.name_space = task.workflow_namespace(),
          .workflow_id = task.workflow_execution().workflow_id(),
          .run_id = task.workflow_execution().run_id(),
          .workflow_type = task.workflow_type().name(),
          .activity_id = task.activity_id(),
          .activity_type = task.activity_type().name(),
          .task_queue = options.task_queue,
          .identity = options.identity,
          .worker_version = options.worker_version,
          .attempt = task.attempt(),
          .scheduled_time = api::to_wall_time(task.scheduled_time()),
          .heartbeat_timeout = heartbeat_timeout > Duration::zero() ? std::optional(heartbeat_timeout) : std::nullopt};
}

// Why the server wants an attempt to stop; empty when it does not.
std::string_view stop_reason(const rpc::service::RecordActivityTaskHeartbeatResponse& response) {
  if (response.cancel_requested()) {
    return "cancellation was requested";
  }
  if (response.activity_reset()) {
    return "the activity was reset";
  }
  return response.activity_paused() ? "the activity was paused" : "";
}

}  // namespace

// One attempt of one activity. Used on the loop, but for what `mutex` guards.
struct ActivityTaskHandler::Running {
  ActivityTaskResponse task;
  std::unique_ptr<activity::Execution> execution;
  Duration interval{};
  TimerId next_heartbeat = TimerId::kNone;  // the earliest moment of the next one
  TimerId timeout = TimerId::kNone;
  bool cancel_requested = false;  // by the server: the attempt may be reported as cancelled
  bool known_to_server = true;    // false: the attempt is over for the server, and nothing is reported
  bool forgotten = false;         // reported already

  std::mutex mutex;
  std::optional<api::Payloads> newest_details;  // not sent yet
  bool loop_knows = false;                      // that there are details

  std::optional<api::Payloads> take_details() {
    const std::scoped_lock lock(mutex);
    loop_knows = false;
    return std::exchange(newest_details, std::nullopt);
  }
};

ActivityTaskHandler::ActivityTaskHandler(Shared& shared) : shared_(shared) {}

ActivityTaskHandler::~ActivityTaskHandler() { *alive_ = false; }

void ActivityTaskHandler::on_task(ActivityTaskResponse task) {
  const auto running = std::make_shared<Running>();
  running->task = std::move(task);
  running->interval = heartbeat_interval(*running->task);
  running_.push_back(running);
  const ActivityFunction* function = shared_.registry.find_activity(running->task->activity_type().name());
  if (function == nullptr) {
    report_failed(running, converter::to_failure(converter::ApplicationFailure(
                               fmt::format("activity type '{}' is not registered on this worker; registered are: {}",
                                           running->task->activity_type().name(), fmt::join(shared_.registry.activity_types(), ", ")),
                               {.type = "NotRegistered"})));
    return;
  }
  start(running, *function);
}

void ActivityTaskHandler::start(const RunningPtr& running, const ActivityFunction& function) {
  const auto& task = *running->task;
  EventLoop& loop = shared_.loop;
  const std::weak_ptr<Running> weak = running;
  const auto alive = alive_;
  // On the activity's thread. The loop is told once for all beats that come before it looks.
  auto beat = [this, weak, alive, &loop](api::Payloads details) {
    const RunningPtr beating = weak.lock();
    if (beating == nullptr) {
      return;
    }
    const std::scoped_lock lock(beating->mutex);
    beating->newest_details = std::move(details);
    if (!std::exchange(beating->loop_knows, true)) {
      loop.post([this, beating, alive] {
        if (*alive) {
          on_heartbeat_due(beating);
        }
      });
    }
  };
  running->execution = std::make_unique<activity::Execution>(
      info_of(task, shared_.options), task.has_heartbeat_details() ? task.heartbeat_details() : api::Payloads(), std::move(beat));
  if (const Duration timeout = api::to_duration(task.start_to_close_timeout()); timeout > Duration::zero()) {
    running->timeout = loop.schedule(timeout + kLocalTimeoutBuffer, [running] {
      running->known_to_server = false;
      running->execution->cancel("the attempt's time-out has passed");
    });
  }
  threads_.run([this, running, &function, alive, &loop] {
    ActivityContext ctx(*running->execution);
    Outcome outcome;
    try {
      outcome = function(ctx, running->task->has_input() ? &running->task->input() : nullptr);
    } catch (...) {
      outcome = std::current_exception();
    }
    loop.post([this, running, alive, outcome = std::move(outcome)]() mutable {
      if (*alive) {
        on_ended(running, std::move(outcome));
      }
    });
  });
}

void ActivityTaskHandler::on_heartbeat_due(const RunningPtr& running) {
  if (running->next_heartbeat == TimerId::kNone && !running->forgotten) {
    send_heartbeat(running);
  }
}

void ActivityTaskHandler::send_heartbeat(const RunningPtr& running) {
  std::optional<api::Payloads> details = running->take_details();
  if (!details) {
    return;
  }
  rpc::RecordActivityTaskHeartbeat::Request request;
  request.set_task_token(running->task->task_token());
  request.set_namespace_(shared_.options.name_space);
  request.set_identity(shared_.options.identity);
  *request.mutable_details() = *std::move(details);
  shared_.service.call<rpc::RecordActivityTaskHeartbeat>(
      std::move(request), {.timeout = running->interval},
      [this, running](rpc::Reply<rpc::RecordActivityTaskHeartbeat> reply) { on_heartbeat_answered(running, std::move(reply)); });
  running->next_heartbeat = shared_.loop.schedule(running->interval, [this, running] {
    running->next_heartbeat = TimerId::kNone;
    send_heartbeat(running);
  });
}

void ActivityTaskHandler::on_heartbeat_answered(const RunningPtr& running, rpc::Reply<rpc::RecordActivityTaskHeartbeat> reply) {
  if (running->forgotten) {
    return;
  }
  if (!reply) {
    if (reply.error().code == rpc::StatusCode::kNotFound) {
      running->known_to_server = false;
      running->execution->cancel("the server no longer knows of this attempt");
    }
    return;  // the next one is on its way in time
  }
  if (const std::string_view reason = stop_reason(**reply); !reason.empty()) {
    running->cancel_requested = (*reply)->cancel_requested();
    running->execution->cancel(std::string(reason));
  }
}

void ActivityTaskHandler::on_ended(const RunningPtr& running, Outcome outcome) {
  if (running->forgotten) {
    return;
  }
  if (!running->known_to_server) {
    forget(running);
    return;
  }
  if (auto* result = std::get_if<api::Payloads>(&outcome)) {
    report_completed(running, std::move(*result));
    return;
  }
  try {
    std::rethrow_exception(std::get<std::exception_ptr>(outcome));
  } catch (const converter::CancelledFailure& cancelled) {
    if (running->cancel_requested) {
      report_canceled(running, cancelled);
    } else {
      // The server takes a cancellation only when it asked for one. An attempt that ends for another reason is a failed attempt.
      report_failed(running, converter::to_failure(converter::ApplicationFailure(cancelled.message(), {.type = "AttemptStopped"})));
    }
  } catch (...) {
    report_failed(running, converter::to_failure(std::current_exception()));
  }
}

template <class Rpc>
void ActivityTaskHandler::report(const RunningPtr& running, typename Rpc::Request request) {
  request.set_task_token(running->task->task_token());
  request.set_namespace_(shared_.options.name_space);
  request.set_identity(shared_.options.identity);
  forget(running);
  ++reports_in_flight_;
  shared_.service.call<Rpc>(std::move(request), {.timeout = kRespondTimeout}, [this, running](const rpc::Reply<Rpc>& reply) {
    --reports_in_flight_;
    // NotFound: timed out, or reported before and the answer was lost. Either way the server has gone on.
    if (!reply && reply.error().code != rpc::StatusCode::kNotFound) {
      shared_.log.warn("outcome of an activity could not be reported",
                       {{"workflow_id", std::string_view(running->task->workflow_execution().workflow_id())},
                        {"activity_type", std::string_view(running->task->activity_type().name())},
                        {"attempt", std::int64_t{running->task->attempt()}},
                        {"status", rpc::name_of(reply.error().code)},
                        {"message", std::string_view(reply.error().message)}});
    }
  });
}

void ActivityTaskHandler::report_completed(const RunningPtr& running, api::Payloads result) {
  rpc::RespondActivityTaskCompleted::Request request;
  *request.mutable_result() = std::move(result);
  if (const std::size_t bytes = request.ByteSizeLong(); bytes > kRequestBytesMax) {
    report_failed(running, converter::to_failure(converter::ApplicationFailure(
                               fmt::format("the activity's result is {} bytes, and the server takes {} at most", bytes, kRequestBytesMax),
                               {.type = "ResultTooLarge", .non_retryable = true})));
    return;
  }
  ++shared_.stats.activities_completed;
  report<rpc::RespondActivityTaskCompleted>(running, std::move(request));
}

void ActivityTaskHandler::report_failed(const RunningPtr& running, api::Failure failure) {
  ++shared_.stats.activities_failed;
  shared_.log.info("activity failed", {{"workflow_id", std::string_view(running->task->workflow_execution().workflow_id())},
                                       {"activity_type", std::string_view(running->task->activity_type().name())},
                                       {"attempt", std::int64_t{running->task->attempt()}},
                                       {"message", std::string_view(failure.message())}});
  rpc::RespondActivityTaskFailed::Request request;
  *request.mutable_failure() = std::move(failure);
  if (std::optional<api::Payloads> details = running->take_details()) {
    *request.mutable_last_heartbeat_details() = *std::move(details);  // throttled so far; the next attempt goes on from there
  }
  report<rpc::RespondActivityTaskFailed>(running, std::move(request));
}

void ActivityTaskHandler::report_canceled(const RunningPtr& running, const converter::CancelledFailure& cancelled) {
  rpc::RespondActivityTaskCanceled::Request request;
  *request.mutable_details() = cancelled.details();
  report<rpc::RespondActivityTaskCanceled>(running, std::move(request));
}

void ActivityTaskHandler::forget(const RunningPtr& running) {
  running->forgotten = true;
  shared_.loop.cancel(running->next_heartbeat);
  shared_.loop.cancel(running->timeout);
  std::erase(running_, running);
  shared_.activity_slots.release();
}

void ActivityTaskHandler::cancel_all(const std::string& reason) {
  for (const RunningPtr& running : running_) {
    running->execution->cancel(reason);
  }
}

void ActivityTaskHandler::give_up_on_all(const std::string& reason) {
  for (const RunningPtr& running : std::list(running_)) {
    report_failed(running, converter::to_failure(converter::ApplicationFailure(reason, {.type = "AttemptStopped"})));
  }
}

}  // namespace lifecycle::worker
