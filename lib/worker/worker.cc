#include "worker/worker.h"

#include <functional>
#include <optional>
#include <utility>

#include "base/random.h"
#include "rpc/methods.h"
#include "worker/activity_task_handler.h"
#include "worker/deployment.h"
#include "worker/limits.h"
#include "worker/poller.h"
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
  set_deployment_options(request, shared.options);
  return request;
}

rpc::service::PollActivityTaskQueueRequest activity_poll(const Shared& shared) {
  rpc::service::PollActivityTaskQueueRequest request;
  request.set_namespace_(shared.options.name_space);
  request.set_identity(shared.options.identity);
  request.mutable_task_queue()->set_name(shared.options.task_queue);
  request.mutable_task_queue()->set_kind(api::enums::TASK_QUEUE_KIND_NORMAL);
  set_deployment_options(request, shared.options);
  return request;
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
               .workflow_slots = Slots(kMaxConcurrentWorkflowTasks),
               .activity_slots = Slots(options.max_concurrent_activities),
               .sticky_task_queue = sticky_name(options)},
        activities(shared),
        workflows(shared,
                  [this](ActivityTaskResponse task) {
                    shared.metrics.activity_task_taken(*task, true);
                    activities.on_task(std::move(task));
                  }),
        normal(environment([this] { shared.metrics.workflow_poll_was_empty(PollerType::kWorkflowTask); }),
               "workflow tasks of " + options.task_queue, shared.workflow_slots, normal_polls(options), workflow_poll(shared, false),
               [this](WorkflowTaskResponse task) { on_workflow_task(PollerType::kWorkflowTask, std::move(task)); }),
        sticky(environment([this] { shared.metrics.workflow_poll_was_empty(PollerType::kStickyWorkflowTask); }),
               "workflow tasks of this process", shared.workflow_slots, sticky_polls(options), workflow_poll(shared, true),
               [this](WorkflowTaskResponse task) { on_workflow_task(PollerType::kStickyWorkflowTask, std::move(task)); }),
        activity(environment([this] { shared.metrics.activity_poll_was_empty(); }), "activity tasks of " + options.task_queue,
                 shared.activity_slots, options.max_concurrent_activity_task_polls, activity_poll(shared),
                 [this](ActivityTaskResponse task) {
                   shared.metrics.activity_task_taken(*task, false);
                   activities.on_task(std::move(task));
                 }) {
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
    const auto polls = [](const auto& poller) { return static_cast<double>(poller.open_polls()); };
    sdk.set(SdkMetric::kNumPollers, polls(normal), {.poller_type = PollerType::kWorkflowTask});
    sdk.set(SdkMetric::kNumPollers, polls(sticky), {.poller_type = PollerType::kStickyWorkflowTask});
    sdk.set(SdkMetric::kNumPollers, polls(activity), {.poller_type = PollerType::kActivityTask});
    // A poll holds the slot for what it may bring; a slot is used when there is a task in it.
    const std::size_t workflow_polls = normal.open_polls() + sticky.open_polls();
    shared.metrics.set_slots(kWorkflowWorker, shared.workflow_slots.reserved() - workflow_polls, shared.workflow_slots.capacity());
    shared.metrics.set_slots(kActivityWorker, shared.activity_slots.reserved() - activity.open_polls(), shared.activity_slots.capacity());
    sdk.set(SdkMetric::kStickyCacheSize, static_cast<double>(workflows.cached_workflows()));
    sample = shared.loop.schedule(kGaugeSampleInterval, [this] { sample_gauges(); });
  }

  void begin_shutdown() {
    if (std::exchange(shared.stopping, true)) {
      return;
    }
    shared.log.info("stopping: no new tasks; running activities may end",
                    {{"graceful_timeout_s", std::chrono::duration<double>(shared.options.graceful_shutdown_timeout).count()}});
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
    telling_server = true;
    shared.service.call<rpc::ShutdownWorker>(std::move(request), {.timeout = kShutdownWorkerTimeout},
                                             [this](const rpc::Reply<rpc::ShutdownWorker>&) {
                                               telling_server = false;
                                               normal.cancel_open();
                                               sticky.cancel_open();
                                               activity.cancel_open();
                                             });
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
  WorkflowPoller normal;
  WorkflowPoller sticky;
  ActivityPoller activity;
  TimerId deadline = TimerId::kNone;
  TimerId give_up = TimerId::kNone;
  TimerId sample = TimerId::kNone;
  bool telling_server = false;
};

Worker::Worker(rpc::WorkflowService& service, EventLoop& loop, const Registry& registry, Logger log, const WorkerOptions& options)
    : impl_(std::make_unique<Impl>(service, loop, registry, std::move(log), options)) {}

Worker::~Worker() {
  impl_->shared.loop.cancel(impl_->deadline);
  impl_->shared.loop.cancel(impl_->give_up);
  impl_->shared.loop.cancel(impl_->sample);
}

void Worker::start() {
  impl_->normal.fill();
  impl_->sticky.fill();
  impl_->activity.fill();
  if (impl_->shared.metrics.enabled()) {
    impl_->shared.metrics.worker_started();
    impl_->sample_gauges();
  }
}

void Worker::begin_shutdown() { impl_->begin_shutdown(); }
void Worker::force_shutdown() { impl_->force_shutdown(); }
bool Worker::stopped() const { return impl_->stopped(); }

WorkerStats Worker::stats() const {
  WorkerStats stats = impl_->shared.stats;
  stats.cached_workflows = impl_->workflows.cached_workflows();
  return stats;
}

}  // namespace lifecycle::worker
