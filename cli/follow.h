// Follows a run to its end and tells an observer what happens to it.
//
// Three things go on at once, on one event loop: a long poll that waits for the end (client::OutcomeWatch), and the two of RunFeed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/event_loop.h"
#include "cli/run_changes.h"
#include "cli/stall.h"
#include "client/outcome_watch.h"
#include "rpc/workflow_service.h"

namespace lifecycle::cli {

struct FollowTarget {
  std::string name_space;
  std::string workflow_id;
  std::string run_id;
  std::string task_queue;
};

struct FollowOptions {
  Duration sample_interval = std::chrono::milliseconds(250);
  Duration stall_patience = std::chrono::seconds(3);    // from when a task is called not taken
  Duration last_events_wait = std::chrono::seconds(2);  // how long the end is held back for the events before it
};

// Members are called on the loop's thread.
class RunObserver {
 public:
  RunObserver() = default;
  RunObserver(const RunObserver&) = delete;
  RunObserver& operator=(const RunObserver&) = delete;
  virtual ~RunObserver() = default;

  virtual void on_change(const RunChange& change) = 0;
  // After each sample: for what shows the time pass.
  virtual void on_sample(const RunSteps& steps, WallTime now) = 0;
};

class RunFollower {
 public:
  // Begins at once. The references outlive the follower.
  RunFollower(rpc::WorkflowService& service, EventLoop& loop, FollowTarget target, RunObserver& observer, FollowOptions options = {});
  // The observer is told nothing any more; the workflow is left alone.
  ~RunFollower();
  RunFollower(const RunFollower&) = delete;
  RunFollower& operator=(const RunFollower&) = delete;

  // True once the outcome is known and the events before it have been told.
  [[nodiscard]] bool ended() const;
  // How the workflow ended, or why that cannot be known; see OutcomeWatch. Only after ended().
  [[nodiscard]] const Result<client::WorkflowOutcome>& outcome() const;
  [[nodiscard]] const RunSteps& steps() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // calls that are still under way hold a weak reference
};

}  // namespace lifecycle::cli
