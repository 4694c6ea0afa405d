// A worker: polls one task queue of one namespace and runs the workflows and activities of a registry.
//
// Everything but blocking activities happens on the event loop that it is given. A server that is away, or refuses, costs a worker nothing
// but waiting: it backs off, says so once, goes on when the server does, and says that, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/event_loop.h"
#include "registry/registry.h"
#include "rpc/workflow_service.h"
#include "telemetry/health.h"
#include "telemetry/log.h"
#include "telemetry/sdk_metrics.h"

namespace lifecycle::worker {

class RunningCode;
class LastWillWriter;

// Where a workflow goes on when a new version becomes current.
enum class VersioningBehavior : std::uint8_t {
  kPinned,       // on the version that it began on, to its end
  kAutoUpgrade,  // on the new version, from its next workflow task on
};

// The Worker Deployment that a worker is a version of. The names' rules are client::check_version()'s.
struct WorkerDeployment {
  std::string name;
  VersioningBehavior versioning_behavior = VersioningBehavior::kPinned;  // of all workflows that the worker runs
};

struct WorkerOptions {
  std::string name_space = "default";
  std::string task_queue;
  std::string identity;                        // unique per process start; see make_identity()
  std::string worker_version;                  // reported in identity and results, and as build id
  std::optional<WorkerDeployment> deployment;  // nothing: unversioned, any worker of the queue may run any task

  std::string host_name;  // for `temporal worker list`
  std::string process_id;

  std::size_t max_concurrent_workflow_tasks = 1'000;   // that wait for the server: running the code itself takes the loop
  std::size_t max_concurrent_workflow_task_polls = 5;  // at least 2 when runs are cached: one for each queue
  std::size_t max_concurrent_activity_task_polls = 5;
  std::size_t max_concurrent_activities = 100;      // each runs on a thread of its own while it lasts
  std::size_t max_cached_workflows = 10'000;        // 0: every task replays its workflow from the start
  double max_activities_per_second = 0;             // that this worker begins; 0: no limit
  double max_task_queue_activities_per_second = 0;  // that the server hands out of this queue, to whomever; 0: no limit of this worker's
  bool eager_activities = false;                    // run the activities of a workflow task here, without another poll
  Duration sticky_schedule_to_start_timeout = std::chrono::seconds(2);
  Duration graceful_shutdown_timeout = std::chrono::seconds(30);
  Duration worker_heartbeat_interval = std::chrono::seconds(60);  // zero: none
  LastWillWriter* last_will = nullptr;                            // outlives the worker; null: nobody would execute one
  SdkMetrics metrics = {};                                        // counts nothing unless one is given
};

// Counts since the start, for tests and benchmarks.
struct WorkerStats {
  std::uint64_t workflow_tasks_completed = 0;
  std::uint64_t workflow_tasks_failed = 0;
  std::uint64_t activities_completed = 0;
  std::uint64_t activities_failed = 0;
  std::uint64_t sticky_cache_hits = 0;
  std::uint64_t sticky_cache_misses = 0;
  std::size_t cached_workflows = 0;
};

class Worker {
 public:
  // The references outlive the worker. All members are called on the loop's thread.
  Worker(rpc::WorkflowService& service, EventLoop& loop, const Registry& registry, Logger log, const WorkerOptions& options);
  // Once started, it is destroyed when stopped() is true: until then, calls that are under way will speak to it.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Begins to poll. Returns at once.
  void start();
  // Begins to stop gracefully: tells the server, takes no new task, lets activities end within the graceful time-out, then cancels them.
  void begin_shutdown();
  // Cancels running activities now; for the second signal.
  void force_shutdown();
  // True once nothing is left to wait for after begin_shutdown().
  [[nodiscard]] bool stopped() const;
  [[nodiscard]] WorkerStats stats() const;

  // Started and ready are published by the worker; live is for a LoopWatch to say. The worker's own, and thread-safe.
  [[nodiscard]] Health& health();
  // What a LoopWatch watches; thread-safe.
  [[nodiscard]] const RunningCode& running_code() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct IdentityParts {
  std::string pod_name;  // from the downward API; empty outside of Kubernetes
  std::string node_name;
  std::string host_name;
  int process_id = 0;
  std::string worker_version;
  std::string nonce;  // tells two starts with the same process id apart
};

// "<pod>@<node>/<version>#<nonce>" in a pod, "<pid>@<host>/<version>#<nonce>" elsewhere: activity events carry no version of their own, so
// the identity is what tells which version ran a step.
[[nodiscard]] std::string make_identity(const IdentityParts& parts);

}  // namespace lifecycle::worker
