#include "worker/activity_task_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "converter/failure.h"
#include "worker/deployment.h"
#include "worker/last_will.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

Duration heartbeat_interval(const rpc::service::PollActivityTaskQueueResponse& task) {
  const Duration timeout = api::to_duration(task.heartbeat_timeout());
  if (timeout <= Duration::zero()) {
    return kHeartbeatIntervalDefault;
  }
  return std::clamp(std::chrono::duration_cast<Duration>(timeout * kHeartbeatIntervalFraction), kHeartbeatIntervalMin,
                    kHeartbeatIntervalMax);
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

// True for an attempt after which the retry policy allows no other: the server's own time-out tells better what happened to it.
bool is_last_attempt(const rpc::service::PollActivityTaskQueueResponse& task) {
  const std::int32_t attempts_max = task.retry_policy().maximum_attempts();
  return attempts_max > 0 && task.attempt() >= attempts_max;
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

// What is left of a failure that is too large for the server: enough for its retry policy, and for whoever reads it.
api::Failure without_details(const api::Failure& failure) {
  api::Failure out;
  out.set_message(failure.message() + " (its details and causes are too large to be reported)");
  out.set_source(failure.source());
  out.mutable_application_failure_info()->set_type(failure.application_failure_info().type());
  out.mutable_application_failure_info()->set_non_retryable(failure.application_failure_info().non_retryable());
  return out;
}

}  // namespace

// How activities' threads reach the loop. It is closed when the handler goes: an activity that does not stop outlives the handler and even
// the loop, and then has nobody to tell.
class ActivityTaskHandler::Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  explicit Mailbox(EventLoop& loop) : loop_(&loop) {}

  // On any thread. `task` runs on the loop, or is destroyed.
  void post(Task task) {
    const std::scoped_lock lock(mutex_);
    if (loop_ != nullptr) {
      loop_->post([self = shared_from_this(), task = std::move(task)]() mutable {
        if (self->is_open()) {
          task();
        }
      });
    }
  }
  // On the loop's thread.
  void close() {
    const std::scoped_lock lock(mutex_);
    loop_ = nullptr;
  }

 private:
  bool is_open() {
    const std::scoped_lock lock(mutex_);
    return loop_ != nullptr;
  }

  std::mutex mutex_;
  EventLoop* loop_;  // null: closed
};

// One attempt of one activity. Used on the loop, but for what `mutex` guards.
struct ActivityTaskHandler::Running {
  ActivityTaskResponse task;
  SteadyTime began{};
  std::unique_ptr<activity::Execution> execution;
  Duration interval{};
  TimerId next_heartbeat = TimerId::kNone;  // the earliest moment of the next one
  TimerId timeout = TimerId::kNone;
  bool cancel_requested = false;  // by the server: the attempt may be reported as cancelled
  bool known_to_server = true;    // false: the attempt is over for the server, and nothing is reported
  bool forgotten = false;         // reported already
  std::uint64_t beats_sent = 0;
  SteadyTime last_beat_sent{};
  std::optional<api::Payloads> unconfirmed_details;  // sent, but not known to have arrived

  std::mutex mutex;
  std::optional<api::Payloads> newest_details;  // not sent yet
  bool loop_knows = false;                      // that there are details
  LastWillEntry last_will;

  std::optional<api::Payloads> take_details() {
    const std::scoped_lock lock(mutex);
    loop_knows = false;
    return std::exchange(newest_details, std::nullopt);
  }
  // The activity's thread may go on beating.
  LastWillEntry take_last_will() {
    const std::scoped_lock lock(mutex);
    return std::move(last_will);
  }
  // Unless there are newer ones.
  void put_back(std::optional<api::Payloads> details) {
    const std::scoped_lock lock(mutex);
    if (!newest_details) {
      newest_details = std::move(details);
    }
  }
};

ActivityTaskHandler::ActivityTaskHandler(Shared& shared) : shared_(shared), mailbox_(std::make_shared<Mailbox>(shared.loop)) {}

ActivityTaskHandler::~ActivityTaskHandler() { mailbox_->close(); }

void ActivityTaskHandler::on_task(ActivityTaskResponse task) {
  const auto running = std::make_shared<Running>();
  running->task = std::move(task);
  running->interval = heartbeat_interval(*running->task);
  running->began = shared_.loop.clock().steady_now();
  running_.push_back(running);
  if (shared_.options.last_will != nullptr && !is_last_attempt(*running->task)) {
    running->last_will = shared_.options.last_will->record(TaskKind::kActivity, running->task->task_token(), running->task->attempt());
  }
  log(*running, "activity started", std::nullopt, {});
  const ActivityFunction* function = shared_.registry.find_activity(running->task->activity_type().name());
  if (function == nullptr) {
    shared_.metrics.count_activity(SdkMetric::kUnregisteredActivityInvocation, *running->task);
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
  const std::weak_ptr<Running> weak = running;
  // On the activity's thread. The loop is told once for all beats that come before it looks.
  auto beat = [this, weak, mailbox = mailbox_](api::Payloads details) {
    if (const std::size_t bytes = details.ByteSizeLong(); bytes > kRequestBytesMax) {
      throw converter::ApplicationFailure(
          fmt::format("a heartbeat's details are {} bytes, and the server takes {} at most", bytes, kRequestBytesMax),
          {.type = "HeartbeatTooLarge", .non_retryable = true});
    }
    const RunningPtr beating = weak.lock();
    if (beating == nullptr) {
      return;
    }
    const std::scoped_lock lock(beating->mutex);
    beating->last_will.set_details(details);
    beating->newest_details = std::move(details);
    if (!std::exchange(beating->loop_knows, true)) {
      mailbox->post([this, beating] { on_heartbeat_due(beating); });
    }
  };
  running->execution = std::make_unique<activity::Execution>(
      info_of(task, shared_.options), task.has_heartbeat_details() ? task.heartbeat_details() : api::Payloads(), std::move(beat));
  if (const Duration timeout = api::to_duration(task.start_to_close_timeout()); timeout > Duration::zero()) {
    running->timeout = shared_.loop.schedule(timeout + kLocalTimeoutBuffer, [running] {
      running->known_to_server = false;
      running->execution->cancel("the attempt's time-out has passed");
    });
  }
  const bool began = threads_.run([this, running, &function, mailbox = mailbox_] {
    ActivityContext ctx(*running->execution);
    Outcome outcome;
    try {
      outcome = function(ctx, running->task->has_input() ? &running->task->input() : nullptr);
    } catch (...) {
      outcome = std::current_exception();
    }
    mailbox->post([this, running, outcome = std::move(outcome)]() mutable { on_ended(running, std::move(outcome)); });
  });
  if (!began) {
    report_failed(running, converter::to_failure(
                               converter::ApplicationFailure("this worker's system gives it no further thread", {.type = "NoThread"})));
  }
}

void ActivityTaskHandler::on_heartbeat_due(const RunningPtr& running) {
  if (running->next_heartbeat == TimerId::kNone && !running->forgotten) {
    send_heartbeat(running);
  }
}

void ActivityTaskHandler::send_heartbeat(const RunningPtr& running) {
  std::optional<api::Payloads> details = running->take_details();
  if (!details || !running->known_to_server) {
    return;
  }
  rpc::RecordActivityTaskHeartbeat::Request request;
  request.set_task_token(running->task->task_token());
  request.set_namespace_(shared_.options.name_space);
  request.set_identity(shared_.options.identity);
  *request.mutable_details() = *details;
  running->unconfirmed_details = std::move(details);
  running->last_beat_sent = shared_.loop.clock().steady_now();
  const std::uint64_t beat = ++running->beats_sent;
  shared_.service.call<rpc::RecordActivityTaskHeartbeat>(
      std::move(request), {.timeout = running->interval},
      [this, running, beat](const rpc::Reply<rpc::RecordActivityTaskHeartbeat>& reply) { on_heartbeat_answered(running, beat, reply); });
  schedule_heartbeat(running, running->interval);
}

// Not before `delay`; the details are the newest of then.
void ActivityTaskHandler::schedule_heartbeat(const RunningPtr& running, Duration delay) {
  shared_.loop.cancel(running->next_heartbeat);
  running->next_heartbeat = shared_.loop.schedule(delay, [this, running] {
    running->next_heartbeat = TimerId::kNone;
    send_heartbeat(running);
  });
}

void ActivityTaskHandler::on_heartbeat_answered(const RunningPtr& running, std::uint64_t beat,
                                                const rpc::Reply<rpc::RecordActivityTaskHeartbeat>& reply) {
  if (running->forgotten) {
    return;
  }
  const bool is_newest = beat == running->beats_sent;
  if (reply) {
    if (is_newest) {
      running->unconfirmed_details.reset();
    }
    if (const std::string_view reason = stop_reason(**reply); !reason.empty()) {
      running->cancel_requested = running->cancel_requested || (*reply)->cancel_requested();
      running->execution->cancel(std::string(reason));
    }
  } else if (reply.error().code == rpc::StatusCode::kNotFound) {
    running->known_to_server = false;
    running->execution->cancel("the server no longer knows of this attempt");
  } else if (is_newest) {
    running->put_back(std::exchange(running->unconfirmed_details, std::nullopt));
    const Duration age = shared_.loop.clock().steady_now() - running->last_beat_sent;
    schedule_heartbeat(running, std::min(kFailedHeartbeatRetry, std::max(Duration::zero(), running->interval - age)));
  }
}

void ActivityTaskHandler::on_ended(const RunningPtr& running, Outcome outcome) {
  if (running->forgotten) {
    return;
  }
  if (!running->known_to_server) {
    abandon(running);
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
  set_deployment_options(request, shared_.options);
  // Until the server has answered, the report may be lost together with this process.
  LastWillEntry last_will = running->take_last_will();
  forget(running);
  ++reports_in_flight_;
  shared_.service.call<Rpc>(
      std::move(request), {.timeout = kRespondTimeout}, [this, running, last_will = std::move(last_will)](const rpc::Reply<Rpc>& reply) {
        --reports_in_flight_;
        if (std::is_same_v<Rpc, rpc::RespondActivityTaskCompleted> && reply) {
          shared_.metrics.sdk().observe(
              SdkMetric::kActivitySucceedEndToEndLatency,
              shared_.loop.clock().wall_now() - api::to_wall_time(running->task->scheduled_time()),
              {.workflow_type = running->task->workflow_type().name(), .activity_type = running->task->activity_type().name()});
        }
        // NotFound: timed out, or reported before and the answer was lost. Either way the server has gone on.
        if (!reply && reply.error().code != rpc::StatusCode::kNotFound) {
          shared_.log.warn("outcome of an activity could not be reported",
                           {{"workflow_id", std::string_view(running->task->workflow_execution().workflow_id())},
                            {"activity_type", std::string_view(running->task->activity_type().name())},
                            {"attempt", std::int64_t{running->task->attempt()}},
                            {"status", rpc::name_of(reply.error().code)},
                            {"error", std::string_view(reply.error().message)}});
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
  tell_end(*running, "activity completed", {});
  report<rpc::RespondActivityTaskCompleted>(running, std::move(request));
}

void ActivityTaskHandler::report_failed(const RunningPtr& running, api::Failure failure) {
  ++shared_.stats.activities_failed;
  tell_end(*running, "activity failed", failure.message());
  if (failure.application_failure_info().category() != api::enums::APPLICATION_ERROR_CATEGORY_BENIGN) {
    shared_.metrics.count_activity(SdkMetric::kActivityExecutionFailed, *running->task);
  }
  rpc::RespondActivityTaskFailed::Request request;
  *request.mutable_failure() = failure.ByteSizeLong() > kFailureBytesMax ? without_details(failure) : std::move(failure);
  // Throttled so far, or lost on the way; the next attempt goes on from there.
  running->put_back(std::exchange(running->unconfirmed_details, std::nullopt));
  if (std::optional<api::Payloads> details = running->take_details(); details && details->ByteSizeLong() <= kFailureBytesMax) {
    *request.mutable_last_heartbeat_details() = *std::move(details);
  }
  report<rpc::RespondActivityTaskFailed>(running, std::move(request));
}

void ActivityTaskHandler::report_canceled(const RunningPtr& running, const converter::CancelledFailure& cancelled) {
  tell_end(*running, "activity cancelled", {});
  shared_.metrics.count_activity(SdkMetric::kActivityExecutionCancelled, *running->task);
  rpc::RespondActivityTaskCanceled::Request request;
  *request.mutable_details() = cancelled.details();
  report<rpc::RespondActivityTaskCanceled>(running, std::move(request));
}

// Ends an attempt that the server does not wait for any more.
void ActivityTaskHandler::abandon(const RunningPtr& running) {
  tell_end(*running, "activity ended, and the server had given up this attempt", {});
  forget(running);
}

void ActivityTaskHandler::tell_end(const Running& running, std::string_view what, std::string_view message) {
  const Duration took = shared_.loop.clock().steady_now() - running.began;
  shared_.metrics.activity_ended(*running.task, took);
  log(running, what, took, message);
}

// One line about the attempt. An attempt that has not ended has no duration.
void ActivityTaskHandler::log(const Running& running, std::string_view what, std::optional<Duration> took, std::string_view message) {
  const auto& task = *running.task;
  const LogField version{"version", std::string_view(shared_.options.worker_version)};
  const LogField workflow_id{"workflow_id", std::string_view(task.workflow_execution().workflow_id())};
  const LogField run_id{"run_id", std::string_view(task.workflow_execution().run_id())};
  const LogField type{"activity_type", std::string_view(task.activity_type().name())};
  const LogField id{"activity_id", std::string_view(task.activity_id())};
  const LogField attempt{"attempt", std::int64_t{task.attempt()}};
  if (!took) {
    shared_.log.info(what, {version, workflow_id, run_id, type, id, attempt});
    return;
  }
  const LogField duration{"duration_ms", std::int64_t{std::chrono::round<std::chrono::milliseconds>(*took).count()}};
  if (message.empty()) {
    shared_.log.info(what, {version, workflow_id, run_id, type, id, attempt, duration});
  } else {
    shared_.log.info(what, {version, workflow_id, run_id, type, id, attempt, duration, {"error", message}});
  }
}

void ActivityTaskHandler::forget(const RunningPtr& running) {
  running->forgotten = true;
  running->take_last_will().forget();
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
    if (running->known_to_server) {
      report_failed(running, converter::to_failure(converter::ApplicationFailure(reason, {.type = "AttemptStopped"})));
    } else {
      abandon(running);
    }
  }
}

}  // namespace lifecycle::worker
