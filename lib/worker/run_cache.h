// The runs that this worker keeps in memory, so that a task brings only what is new. Least recently used goes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "registry/cached_run.h"
#include "rpc/methods.h"
#include "worker/last_will.h"

namespace lifecycle::worker {

using WorkflowTaskResponse = std::shared_ptr<const rpc::service::PollWorkflowTaskQueueResponse>;

struct RunEntry {
  std::string run_id;
  CachedRun run;
  bool busy = false;        // a task of it waits for a history page or the server's answer
  bool drop = false;        // not fit for another task
  SteadyTime task_began{};  // when the task under way was taken
  // The command that ends the run, once the code has given it, and why it failed.
  temporal::api::enums::v1::CommandType ending = temporal::api::enums::v1::COMMAND_TYPE_UNSPECIFIED;
  std::string ending_message;
  LastWillEntry last_will = {};               // of the task that makes it busy
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
  // How many runs had to go to make room, since the start.
  [[nodiscard]] std::uint64_t evicted() const { return evicted_; }
  [[nodiscard]] bool any_busy() const { return busy_ > 0; }
  void set_busy(RunEntry& entry, bool busy);

 private:
  void evict_beyond(std::size_t count);

  std::size_t runs_max_;
  std::size_t busy_ = 0;
  std::uint64_t evicted_ = 0;
  std::list<RunEntry> entries_;                                                // most recently used first
  std::unordered_map<std::string_view, std::list<RunEntry>::iterator> by_id_;  // views of the entries' own ids
};

}  // namespace lifecycle::worker
