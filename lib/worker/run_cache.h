// The runs that this worker keeps in memory, so that a task brings only what is new. Least recently used goes first.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "registry/cached_run.h"
#include "rpc/methods.h"
#include "worker/last_will.h"

namespace lifecycle::worker {

using WorkflowTaskResponse = std::shared_ptr<const rpc::service::PollWorkflowTaskQueueResponse>;

struct RunEntry {
  std::string run_id;
  CachedRun run;
  bool busy = false;                          // a task of it waits for a history page or the server's answer
  bool drop = false;                          // not fit for another task
  WillEntry will;                             // of the task under way
  std::vector<WorkflowTaskResponse> waiting;  // came meanwhile: queries, and at most one workflow task
};

class RunCache {
 public:
  explicit RunCache(std::size_t runs_max) : runs_max_(runs_max) {}

  // Null when the run is not here. Marks it as used just now.
  [[nodiscard]] RunEntry* find(std::string_view run_id);
  // The run must not be here. Beyond the maximum, the least recently used runs that are not busy go.
  RunEntry& add(std::string run_id, CachedRun run);
  void remove(const RunEntry& entry);
  // Beyond the maximum, the least recently used runs that are not busy go: there may be some whose tasks were under way when a run was
  // added.
  void trim() { evict_beyond(runs_max_); }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t runs_max() const { return runs_max_; }
  [[nodiscard]] bool any_busy() const { return busy_ > 0; }
  void set_busy(RunEntry& entry, bool busy);

 private:
  void evict_beyond(std::size_t count);

  std::size_t runs_max_;
  std::size_t busy_ = 0;
  std::list<RunEntry> entries_;                                                // most recently used first
  std::unordered_map<std::string_view, std::list<RunEntry>::iterator> by_id_;  // views of the entries' own ids
};

}  // namespace lifecycle::worker
