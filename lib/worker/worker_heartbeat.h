// Tells the server regularly how this worker is, so that `temporal worker list` and the Web UI show it.
#pragma once

#include <temporal/api/worker/v1/message.pb.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "worker/host_usage.h"
#include "worker/shared.h"

namespace lifecycle::worker {

// What only the worker's parts know at the moment of a heartbeat.
struct WorkerCounts {
  struct Poller {
    std::size_t open_polls = 0;
    std::optional<SteadyTime> last_answer;
  };
  Poller workflow;
  Poller sticky;
  Poller activity;
  std::size_t cached_workflows = 0;
};

class WorkerHeartbeat {
 public:
  // `counts` is called on the loop; `shared` outlives this.
  WorkerHeartbeat(Shared& shared, HostUsageMeter meter, std::function<WorkerCounts()> counts);
  ~WorkerHeartbeat();
  WorkerHeartbeat(const WorkerHeartbeat&) = delete;
  WorkerHeartbeat& operator=(const WorkerHeartbeat&) = delete;

  // The server may be told, or not any more: begins at once, goes on at the interval of the options, ends when it may not.
  void on_server_described();
  // How things stand now; the next one counts from here. Nothing when the server takes none, or none are wanted.
  [[nodiscard]] std::optional<temporal::api::worker::v1::WorkerHeartbeat> message();

 private:
  [[nodiscard]] bool wanted() const;
  void beat();

  Shared& shared_;
  HostUsageMeter meter_;
  std::function<WorkerCounts()> counts_;
  WallTime started_;
  std::optional<SteadyTime> last_;
  WorkerStats last_stats_;
  TimerId next_ = TimerId::kNone;
};

}  // namespace lifecycle::worker
