// A run together with its code: the loop that both the worker and the replayer turn. What is left for them is I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "core/workflow_run.h"
#include "registry/registry.h"
#include "workflow/instance.h"

namespace lifecycle {

// What a run needs from outside; the code has been run as far as it goes.
using RunRequest = std::variant<core::FetchHistoryPage, core::RespondWorkflowTaskCompleted, core::RespondWorkflowTaskFailed,
                                core::RespondQuery, core::ReplayFinished>;

// Who the run is; its type is in its history.
struct RunIdentity {
  std::string name_space;
  std::string workflow_id;
  std::string run_id;
};

class CachedRun {
 public:
  // `registry` outlives the run.
  CachedRun(const Registry& registry, RunIdentity identity);

  [[nodiscard]] RunRequest on_workflow_task(core::WorkflowTask task);
  [[nodiscard]] RunRequest on_history_page(const std::shared_ptr<const api::History>& page, std::string next_page_token);

  [[nodiscard]] bool closed() const { return run_.closed(); }
  [[nodiscard]] bool has_state() const { return run_.has_state(); }
  // Called once, before the code sees the first event that it has not seen before: what came until then was replay.
  void before_news(std::function<void()> notify) { before_news_ = std::move(notify); }
  // When the run started, and which attempt of its workflow it is. Known once the code has run.
  [[nodiscard]] WallTime start_time() const { return start_time_; }
  [[nodiscard]] std::int32_t attempt() const { return attempt_; }
  // What the last task had to say to the log; given once.
  [[nodiscard]] std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

 private:
  [[nodiscard]] RunRequest drive(core::RunStep step);
  [[nodiscard]] core::WorkflowActivationCompletion activate(const core::WorkflowActivation& activation);

  const Registry& registry_;
  RunIdentity identity_;
  core::WorkflowRun run_;
  std::unique_ptr<workflow::WorkflowInstance> instance_;
  std::vector<std::string> warnings_;
  std::function<void()> before_news_;
  WallTime start_time_{};
  std::int32_t attempt_ = 1;
};

}  // namespace lifecycle
