#include "worker/run_cache.h"

#include <utility>

#include "base/check.h"

namespace lifecycle::worker {

RunEntry* RunCache::find(std::string_view run_id) {
  const auto found = by_id_.find(run_id);
  if (found == by_id_.end()) {
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return &*found->second;
}

RunEntry& RunCache::add(std::string run_id, CachedRun run) {
  evict_beyond(runs_max_ > 0 ? runs_max_ - 1 : 0);
  entries_.push_front(RunEntry{.run_id = std::move(run_id), .run = std::move(run)});
  const bool is_new = by_id_.emplace(entries_.front().run_id, entries_.begin()).second;
  check(is_new, "a run is cached once");
  return entries_.front();
}

void RunCache::evict_beyond(std::size_t count) {
  auto at = entries_.end();
  while (entries_.size() > count && at != entries_.begin()) {
    --at;
    if (at->busy) {
      continue;
    }
    ++evicted_;
    by_id_.erase(at->run_id);
    at = entries_.erase(at);
  }
}

void RunCache::remove(const RunEntry& entry) {
  const auto found = by_id_.find(entry.run_id);
  check(found != by_id_.end(), "a run that is removed is cached");
  const auto at = found->second;
  if (at->busy) {
    --busy_;
  }
  by_id_.erase(found);
  entries_.erase(at);
}

void RunCache::set_busy(RunEntry& entry, bool busy) {
  check(entry.busy != busy, "a run is busy with one task at a time");
  entry.busy = busy;
  busy_ = busy ? busy_ + 1 : busy_ - 1;
}

}  // namespace lifecycle::worker
