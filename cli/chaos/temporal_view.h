// What Temporal says its workers do: who executes which activity now, and who polls which queue.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "base/error.h"
#include "client/client.h"
#include "rpc/runnable_event_loop.h"
#include "rpc/workflow_service.h"

namespace lifecycle::cli::chaos {

// At most so many open workflows are asked for what they are doing: those that were started last.
inline constexpr int kAskedWorkflowsMax = 100;

// One attempt of an activity, as it runs.
struct HeldWork {
  std::string workflow_id;
  std::string run_id;
  std::string workflow_type;
  std::string task_queue;  // the workflow's
  std::string activity_id;
  std::string activity_type;
  int attempt = 1;
  std::string worker_identity;
  WallTime started;
  WallTime last_heartbeat;                             // `started` when there was none
  Duration heartbeat_timeout = Duration::zero();       // zero: none
  Duration start_to_close_timeout = Duration::zero();  // zero: not told
  std::optional<Duration> retry_interval;              // before the next attempt, if this one fails; nothing: there is none
};

// "quick-1: ProcessStep (activity 13), attempt 1".
[[nodiscard]] std::string describe(const HeldWork& work);

struct OpenWork {
  std::vector<HeldWork> held;
  bool complete = true;  // false when there were more open workflows than were asked
};

struct Poller {
  std::string identity;
  WallTime last_access;
};

class TemporalView {
 public:
  // Both outlive the view.
  TemporalView(rpc::WorkflowService& service, rpc::RunnableEventLoop& loop, client::ClientOptions options)
      : service_(service), loop_(loop), options_(options), client_(service, loop, std::move(options)) {}

  [[nodiscard]] client::Client& client() { return client_; }

  // What is being executed of this workflow now. Errors: kNotFound when there is no such workflow, kFailedPrecondition when it has ended.
  [[nodiscard]] Result<std::vector<HeldWork>> held_of(const std::string& workflow_id);
  // What is being executed of all workflows.
  [[nodiscard]] Result<OpenWork> held_of_all();
  // Who polls the queue for workflow or activity tasks; the server remembers a poller for five minutes after its last poll.
  [[nodiscard]] Result<std::vector<Poller>> pollers_of(const std::string& task_queue);

 private:
  [[nodiscard]] Result<std::vector<std::string>> open_workflows(int& total);

  rpc::WorkflowService& service_;
  rpc::RunnableEventLoop& loop_;
  client::ClientOptions options_;
  client::Client client_;
};

}  // namespace lifecycle::cli::chaos
