#include "worker/worker_heartbeat.h"

#include <algorithm>
#include <utility>

#include "core/workflow_machines.h"
#include "worker/limits.h"
#include "worker/version.h"

namespace lifecycle::worker {
namespace {

namespace messages = temporal::api::worker::v1;

constexpr const char* kSlotSupplier = "Fixed";  // the other SDKs' name for a number of slots that does not change

std::int32_t to_int32(std::uint64_t count) { return static_cast<std::int32_t>(std::min<std::uint64_t>(count, INT32_MAX)); }

struct TaskCounts {
  std::uint64_t processed = 0;
  std::uint64_t failed = 0;
};

// An open poll holds a slot, too, but nothing runs there.
void set_slots(messages::WorkerSlotsInfo& out, const Slots& slots, std::size_t open_polls, TaskCounts now, TaskCounts before) {
  const std::size_t used = slots.reserved() - std::min(slots.reserved(), open_polls);
  out.set_current_available_slots(to_int32(slots.capacity() - used));
  out.set_current_used_slots(to_int32(used));
  out.set_slot_supplier_kind(kSlotSupplier);
  out.set_total_processed_tasks(to_int32(now.processed));
  out.set_total_failed_tasks(to_int32(now.failed));
  out.set_last_interval_processed_tasks(to_int32(now.processed - before.processed));
  out.set_last_interval_failure_tasks(to_int32(now.failed - before.failed));
}

TaskCounts workflow_tasks(const WorkerStats& stats) {
  return {.processed = stats.workflow_tasks_completed + stats.workflow_tasks_failed, .failed = stats.workflow_tasks_failed};
}

TaskCounts activity_tasks(const WorkerStats& stats) {
  return {.processed = stats.activities_completed + stats.activities_failed, .failed = stats.activities_failed};
}

}  // namespace

WorkerHeartbeat::WorkerHeartbeat(Shared& shared, HostUsageMeter meter, std::function<WorkerCounts()> counts)
    : shared_(shared), meter_(std::move(meter)), counts_(std::move(counts)), started_(shared.loop.clock().wall_now()) {}

WorkerHeartbeat::~WorkerHeartbeat() { shared_.loop.cancel(next_); }

bool WorkerHeartbeat::wanted() const {
  return shared_.server.takes_worker_heartbeats && shared_.options.worker_heartbeat_interval > Duration::zero();
}

void WorkerHeartbeat::on_server_described() {
  if (!wanted()) {
    shared_.loop.cancel(std::exchange(next_, TimerId::kNone));
  } else if (next_ == TimerId::kNone) {
    beat();
  }
}

void WorkerHeartbeat::beat() {
  next_ = TimerId::kNone;
  std::optional<messages::WorkerHeartbeat> heartbeat = message();
  if (!heartbeat) {
    return;
  }
  rpc::RecordWorkerHeartbeat::Request request;
  request.set_namespace_(shared_.options.name_space);
  request.set_identity(shared_.options.identity);
  *request.add_worker_heartbeat() = *std::move(heartbeat);
  // Whatever comes of it, the next one tells it all anew; the readiness of the polls is what the server's absence is noticed by.
  shared_.service.call<rpc::RecordWorkerHeartbeat>(std::move(request), {.timeout = kRecordWorkerHeartbeatTimeout},
                                                   [](const rpc::Reply<rpc::RecordWorkerHeartbeat>&) {});
  next_ = shared_.loop.schedule(shared_.options.worker_heartbeat_interval, [this] { beat(); });
}

std::optional<messages::WorkerHeartbeat> WorkerHeartbeat::message() {
  if (!wanted()) {
    return std::nullopt;
  }
  const WorkerOptions& options = shared_.options;
  const WallTime wall = shared_.loop.clock().wall_now();
  const SteadyTime now = shared_.loop.clock().steady_now();
  const WorkerCounts counts = counts_();
  const WorkerStats& stats = shared_.stats;
  messages::WorkerHeartbeat out;
  out.set_worker_instance_key(shared_.instance_key);
  out.set_worker_identity(options.identity);
  auto& host = *out.mutable_host_info();
  host.set_host_name(options.host_name);
  host.set_worker_grouping_key(shared_.instance_key);  // one worker in each process
  host.set_process_id(options.process_id);
  const HostUsage usage = meter_.look();
  host.set_current_host_cpu_usage(static_cast<float>(usage.cpu));
  host.set_current_host_mem_usage(static_cast<float>(usage.memory));
  out.set_task_queue(options.task_queue);
  if (options.deployment) {
    out.mutable_deployment_version()->set_deployment_name(options.deployment->name);
    out.mutable_deployment_version()->set_build_id(options.worker_version);
  }
  out.set_sdk_name(std::string(core::kSdkName));
  out.set_sdk_version(std::string(kSdkVersion));
  out.set_status(shared_.stopping ? api::enums::WORKER_STATUS_SHUTTING_DOWN : api::enums::WORKER_STATUS_RUNNING);
  api::set(*out.mutable_start_time(), started_);
  api::set(*out.mutable_heartbeat_time(), wall);
  if (last_) {
    api::set(*out.mutable_elapsed_since_last_heartbeat(), now - *last_);
  }
  set_slots(*out.mutable_workflow_task_slots_info(), shared_.workflow_slots, counts.workflow.open_polls + counts.sticky.open_polls,
            workflow_tasks(stats), workflow_tasks(last_stats_));
  set_slots(*out.mutable_activity_task_slots_info(), shared_.activity_slots, counts.activity.open_polls, activity_tasks(stats),
            activity_tasks(last_stats_));
  const auto set_poller = [&](messages::WorkerPollerInfo& info, const WorkerCounts::Poller& poller) {
    info.set_current_pollers(to_int32(poller.open_polls));
    if (poller.last_answer) {
      api::set(*info.mutable_last_successful_poll_time(), wall - (now - *poller.last_answer));
    }
  };
  set_poller(*out.mutable_workflow_poller_info(), counts.workflow);
  set_poller(*out.mutable_workflow_sticky_poller_info(), counts.sticky);
  set_poller(*out.mutable_activity_poller_info(), counts.activity);
  out.set_total_sticky_cache_hit(to_int32(stats.sticky_cache_hits));
  out.set_total_sticky_cache_miss(to_int32(stats.sticky_cache_misses));
  out.set_current_sticky_cache_size(to_int32(counts.cached_workflows));
  last_ = now;
  last_stats_ = stats;
  return out;
}

}  // namespace lifecycle::worker
