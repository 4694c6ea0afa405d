#include "worker/worker.h"

#include <functional>
#include <optional>
#include <utility>

#include "base/random.h"
#include "rpc/methods.h"
#include "worker/activity_task_handler.h"
#include "worker/deployment.h"
#include "worker/last_will.h"
#include "worker/limits.h"
#include "worker/poller.h"
#include "worker/server_watch.h"
#include "worker/worker_heartbeat.h"
#include "worker/workflow_task_handler.h"

namespace lifecycle::worker {
namespace {

using WorkflowPoller = Poller<rpc::PollWorkflowTaskQueue>;
using ActivityPoller = Poller<rpc::PollActivityTaskQueue>;

// One poll in five stays on the normal queue, and at least one on each: new workflows must not wait behind those that are cached here, nor
// the other way round.
std::size_t normal_polls(const WorkerOptions& options) {
  return options.max_cached_workflows == 0 ? options.max_concurrent_workflow_task_polls
                                           : std::max<std::size_t>(1, options.max_concurrent_workflow_task_polls / 5);
}

std::size_t sticky_polls(const WorkerOptions& options) {
  return options.max_cached_workflows == 0
             ? 0
             : std::max<std::size_t>(1, options.max_concurrent_workflow_task_polls -
                                            std::min(options.max_concurrent_workflow_task_polls, normal_polls(options)));
}

std::string sticky_name(const WorkerOptions& options) {
  if (options.max_cached_workflows == 0) {
    return {};
  }
  RandomStream entropy = entropy_stream();
  return options.identity + ":" + uuid_from(entropy);
}

rpc::service::PollWorkflowTaskQueueRequest workflow_poll(const Shared& shared, bool sticky) {
  rpc::service::PollWorkflowTaskQueueRequest request;
  request.set_namespace_(shared.options.name_space);
  request.set_identity(shared.options.identity);
  auto& queue = *request.mutable_task_queue();
  queue.set_name(sticky ? shared.sticky_task_queue : shared.options.task_queue);
  queue.set_kind(sticky ? api::enums::TASK_QUEUE_KIND_STICKY : api::enums::TASK_QUEUE_KIND_NORMAL);
  if (sticky) {
    queue.set_normal_name(shared.options.task_queue);
  }
  request.set_worker_instance_key(shared.instance_key);
  set_deployment_options(request, shared.options);
  return request;
}

rpc::service::PollActivityTaskQueueRequest activity_poll(const Shared& shared) {
  rpc::service::PollActivityTaskQueueRequest request;
  request.set_namespace_(shared.options.name_space);
  request.set_identity(shared.options.identity);
  request.mutable_task_queue()->set_name(shared.options.task_queue);
  request.mutable_task_queue()->set_kind(api::enums::TASK_QUEUE_KIND_NORMAL);
  request.set_worker_instance_key(shared.instance_key);
  if (shared.options.max_task_queue_activities_per_second > 0) {
    request.mutable_task_queue_metadata()->mutable_max_tasks_per_second()->set_value(shared.options.max_task_queue_activities_per_second);
  }
  set_deployment_options(request, shared.options);
  return request;
}

std::string new_instance_key() {
  RandomStream entropy = entropy_stream();
  return uuid_from(entropy);
}

}  // namespace

struct Worker::Impl {
  Impl(rpc::WorkflowService& service, EventLoop& loop, const Registry& registry, Logger log, const WorkerOptions& options)
      : shared{.service = service,
               .loop = loop,
               .registry = registry,
               .log = std::move(log),
               .metrics = WorkerMetrics(options.metrics),
               .options = options,
               .stats = {},
               .workflow_slots = Slots(options.max_concurrent_workflow_tasks),
               .activity_slots = Slots(options.max_concurrent_activities),
               .sticky_task_queue = sticky_name(options),
               .instance_key = new_instance_key()},
        activities(shared),
        workflows(shared,
                  [this](ActivityTaskResponse task) {
                    shared.metrics.activity_task_taken(*task, true);
                    activities.on_task(std::move(task));
                  }),
        normal_readiness(shared.readiness.add_queue("workflow tasks of " + options.task_queue)),
        sticky_readiness(options.max_cached_workflows > 0 ? shared.readiness.add_queue("workflow tasks of this process")
                                                          : normal_readiness),
        activity_readiness(shared.readiness.add_queue("activity tasks of " + options.task_queue)),
        normal(environment([this] { shared.metrics.workflow_poll_was_empty(PollerType::kWorkflowTask); }),
               "workflow tasks of " + options.task_queue, normal_readiness, shared.workflow_slots, normal_polls(options),
               workflow_poll(shared, false),
               [this](WorkflowTaskResponse task) { on_workflow_task(PollerType::kWorkflowTask, std::move(task)); }),
        sticky(environment([this] { shared.metrics.workflow_poll_was_empty(PollerType::kStickyWorkflowTask); }),
               "workflow tasks of this process", sticky_readiness, shared.workflow_slots, sticky_polls(options),
               workflow_poll(shared, true),
               [this](WorkflowTaskResponse task) { on_workflow_task(PollerType::kStickyWorkflowTask, std::move(task)); }),
        activity(
            environment([this] { shared.metrics.activity_poll_was_empty(); }), "activity tasks of " + options.task_queue,
            activity_readiness, shared.activity_slots, options.max_concurrent_activity_task_polls, activity_poll(shared),
            [this](ActivityTaskResponse task) {
              shared.metrics.activity_task_taken(*task, false);
              activities.on_task(std::move(task));
            },
            options.max_activities_per_second),
        heartbeat(shared, HostUsageMeter(read_proc_file), [this] { return counts(); }),
        server_watch(shared, [this] { heartbeat.on_server_described(); }) {
    shared.workflow_slots.on_release([this] {
      normal.fill();
      sticky.fill();
    });
    shared.activity_slots.on_release([this] { activity.fill(); });
  }

  PollerEnvironment environment(std::function<void()> on_empty) {
    return {.service = shared.service, .loop = shared.loop, .log = shared.log, .on_empty = std::move(on_empty)};
  }

  void on_workflow_task(PollerType poller, WorkflowTaskResponse task) {
    shared.metrics.workflow_task_polled(poller, *task);
    workflows.on_task(std::move(task));
  }

  // What only has a value at a moment: written down once a second, because it changes with every call.
  void sample_gauges() {
    const SdkMetrics& sdk = shared.metrics.sdk();
    const auto polls = [](const auto& poller) { return static_cast<double>(poller.open()); };
    sdk.set(SdkMetric::kNumPollers, polls(normal), {.poller_type = PollerType::kWorkflowTask});
    sdk.set(SdkMetric::kNumPollers, polls(sticky), {.poller_type = PollerType::kStickyWorkflowTask});
    sdk.set(SdkMetric::kNumPollers, polls(activity), {.poller_type = PollerType::kActivityTask});
    // A poll holds the slot for what it may bring; a slot is used when there is a task in it.
    const std::size_t workflow_polls = normal.open() + sticky.open();
    shared.metrics.set_slots(kWorkflowWorker, shared.workflow_slots.reserved() - workflow_polls, shared.workflow_slots.capacity());
    shared.metrics.set_slots(kActivityWorker, shared.activity_slots.reserved() - activity.open(), shared.activity_slots.capacity());
    sdk.set(SdkMetric::kStickyCacheSize, static_cast<double>(workflows.cached_workflows()));
    sample = shared.loop.schedule(kGaugeSampleInterval, [this] { sample_gauges(); });
  }

  void begin_shutdown() {
    if (std::exchange(shared.stopping, true)) {
      return;
    }
    shared.log.info("stopping: no new tasks; running activities may end",
                    {{"graceful_timeout_s", std::chrono::duration<double>(shared.options.graceful_shutdown_timeout).count()}});
    server_watch.stop();
    normal.stop();
    sticky.stop();
    activity.stop();
    tell_server();
    deadline = shared.loop.schedule(shared.options.graceful_shutdown_timeout, [this] {
      deadline = TimerId::kNone;
      force_shutdown();
    });
  }

  // First of all, because the server then moves what waits in this process's own queue to the others at once, instead of after the sticky
  // time-out.
  void tell_server() {
    rpc::ShutdownWorker::Request request;
    request.set_namespace_(shared.options.name_space);
    request.set_identity(shared.options.identity);
    request.set_sticky_task_queue(shared.sticky_task_queue);
    request.set_reason("graceful shutdown");
    request.set_worker_instance_key(shared.instance_key);
    request.set_task_queue(shared.options.task_queue);
    request.add_task_queue_types(api::enums::TASK_QUEUE_TYPE_WORKFLOW);
    request.add_task_queue_types(api::enums::TASK_QUEUE_TYPE_ACTIVITY);
    if (auto last_words = heartbeat.message()) {
      *request.mutable_worker_heartbeat() = *std::move(last_words);
    }
    telling_server = true;
    shared.service.call<rpc::ShutdownWorker>(std::move(request), {.timeout = kShutdownWorkerTimeout},
                                             [this](const rpc::Reply<rpc::ShutdownWorker>& reply) {
                                               telling_server = false;
                                               end_polls(reply.has_value() && shared.server.ends_polls_of_stopping_workers);
                                             });
  }

  void end_polls(bool server_does) {
    if (server_does) {
      last_polls = shared.loop.schedule(kPollsEndByThemselves, [this] { end_polls(false); });
      return;
    }
    normal.cancel_open();
    sticky.cancel_open();
    activity.cancel_open();
  }

  [[nodiscard]] WorkerCounts counts() const {
    return {.workflow = {.open_polls = normal.open(), .last_answer = normal_readiness.last_answer()},
            .sticky = {.open_polls = sticky.open(), .last_answer = sticky_readiness.last_answer()},
            .activity = {.open_polls = activity.open(), .last_answer = activity_readiness.last_answer()},
            .cached_workflows = workflows.cached_workflows()};
  }

  void force_shutdown() {
    activities.cancel_all("worker is shutting down");
    if (give_up == TimerId::kNone) {
      give_up = shared.loop.schedule(kCancelledActivityGrace, [this] { activities.give_up_on_all("worker is shutting down"); });
    }
  }

  [[nodiscard]] bool stopped() const {
    return shared.stopping && !telling_server && normal.idle() && sticky.idle() && activity.idle() && workflows.idle() && activities.idle();
  }

  Shared shared;
  ActivityTaskHandler activities;
  WorkflowTaskHandler workflows;
  QueueReadiness& normal_readiness;
  QueueReadiness& sticky_readiness;
  QueueReadiness& activity_readiness;
  WorkflowPoller normal;
  WorkflowPoller sticky;
  ActivityPoller activity;
  WorkerHeartbeat heartbeat;
  ServerWatch server_watch;
  TimerId deadline = TimerId::kNone;
  TimerId give_up = TimerId::kNone;
  TimerId last_polls = TimerId::kNone;
  TimerId sample = TimerId::kNone;
  bool telling_server = false;
};

Worker::Worker(rpc::WorkflowService& service, EventLoop& loop, const Registry& registry, Logger log, const WorkerOptions& options)
    : impl_(std::make_unique<Impl>(service, loop, registry, std::move(log), options)) {}

Worker::~Worker() {
  impl_->shared.loop.cancel(impl_->deadline);
  impl_->shared.loop.cancel(impl_->give_up);
  impl_->shared.loop.cancel(impl_->sample);
  impl_->shared.loop.cancel(impl_->last_polls);
  if (LastWillWriter* last_will = impl_->shared.options.last_will; last_will != nullptr && stopped()) {
    last_will->withdraw();
  }
}

void Worker::start() {
  if (LastWillWriter* last_will = impl_->shared.options.last_will) {
    last_will->introduce(impl_->shared.options.identity, impl_->shared.sticky_task_queue);
  }
  impl_->normal.fill();
  impl_->sticky.fill();
  impl_->activity.fill();
  impl_->server_watch.start();
  if (impl_->shared.metrics.enabled()) {
    impl_->shared.metrics.worker_started();
    impl_->sample_gauges();
  }
}

void Worker::begin_shutdown() { impl_->begin_shutdown(); }
void Worker::force_shutdown() { impl_->force_shutdown(); }
bool Worker::stopped() const { return impl_->stopped(); }

Health& Worker::health() { return impl_->shared.health; }
const RunningCode& Worker::running_code() const { return impl_->shared.running_code; }

WorkerStats Worker::stats() const {
  WorkerStats stats = impl_->shared.stats;
  stats.cached_workflows = impl_->workflows.cached_workflows();
  return stats;
}

}  // namespace lifecycle::worker
