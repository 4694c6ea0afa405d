// Runs workflow tasks: finds or makes the run, drives it, and tells the server what came of it.
#pragma once

#include <functional>
#include <memory>

#include "rpc/methods.h"
#include "worker/run_cache.h"
#include "worker/shared.h"

namespace lifecycle::worker {

class WorkflowTaskHandler {
 public:
  using EagerActivities = std::function<void(std::shared_ptr<rpc::service::PollActivityTaskQueueResponse>)>;

  // `run_eagerly` takes the activity tasks that came back with a completion, each with a reserved slot. `shared` outlives the handler.
  WorkflowTaskHandler(Shared& shared, EagerActivities run_eagerly);

  // Takes a task together with the slot that was reserved for it.
  void on_task(WorkflowTaskResponse task);

  [[nodiscard]] bool idle() const { return !cache_.any_busy(); }
  [[nodiscard]] std::size_t cached_workflows() const { return cache_.size(); }

 private:
  void begin(RunEntry& entry, const WorkflowTaskResponse& task);
  void handle(RunEntry& entry, const WorkflowTaskResponse& task, RunRequest request);
  void fetch_page(RunEntry& entry, const WorkflowTaskResponse& task, const core::FetchHistoryPage& fetch);
  void complete(RunEntry& entry, const WorkflowTaskResponse& task, core::RespondWorkflowTaskCompleted completed);
  void on_completed(RunEntry& entry, const WorkflowTaskResponse& task, std::size_t eager_slots,
                    rpc::Reply<rpc::RespondWorkflowTaskCompleted> reply);
  void fail(RunEntry& entry, const WorkflowTaskResponse& task, core::WorkflowTaskFailure failure);
  void answer_query(RunEntry& entry, const WorkflowTaskResponse& task, core::RespondQuery respond);
  void finish(RunEntry& entry);
  void log_warnings(RunEntry& entry, const WorkflowTaskResponse& task);
  void tell_run(const RunEntry& entry, const rpc::service::PollWorkflowTaskQueueResponse& task) const;
  // The time since the task under way was taken.
  void observe(SdkMetric metric, const RunEntry& entry, const WorkflowTaskResponse& task) const;
  void count_evictions();
  [[nodiscard]] std::size_t request_eager_activities(rpc::service::RespondWorkflowTaskCompletedRequest& request);
  [[nodiscard]] bool caching() const { return cache_.runs_max() > 0 && !shared_.stopping; }

  Shared& shared_;
  EagerActivities run_eagerly_;
  RunCache cache_;
  std::uint64_t evictions_counted_ = 0;
};

}  // namespace lifecycle::worker
