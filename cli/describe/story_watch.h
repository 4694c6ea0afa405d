// Watches a run and tells its story anew whenever something may have changed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/event_loop.h"
#include "cli/describe/story.h"
#include "cli/run_feed.h"
#include "rpc/workflow_service.h"

namespace lifecycle::cli {

struct WatchHandlers {
  // After each sample. The last call has the run's end.
  std::function<void(const Story& story)> on_story;
  // The server stopped answering, or answers again; `why` is empty then.
  std::function<void(const std::string& why)> on_server;
  // The faults that are known by now.
  std::function<std::vector<Fault>()> faults;
};

class StoryWatch {
 public:
  // Begins at once. The references outlive the watch; handlers run on the loop.
  StoryWatch(rpc::WorkflowService& service, EventLoop& loop, RunFeed::Target target, WatchHandlers handlers);
  ~StoryWatch();
  StoryWatch(const StoryWatch&) = delete;
  StoryWatch& operator=(const StoryWatch&) = delete;

  // True once the end was told, or watching has failed.
  [[nodiscard]] bool ended() const;
  // The last story, or why it cannot be had: kNotFound, kPermissionDenied. Only after ended().
  [[nodiscard]] const Result<Story>& story() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // calls that are still under way hold a weak reference
};

}  // namespace lifecycle::cli
