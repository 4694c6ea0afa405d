// The two streams that every view of a running workflow is made of, on one event loop: a long poll that brings each new event of its
// history, and a sample of DescribeWorkflowExecution several times a second, which alone shows the attempts of what is running.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/api.h"
#include "base/event_loop.h"
#include "rpc/methods.h"
#include "rpc/workflow_service.h"

namespace lifecycle::cli {

// True for a status that says nothing of the workflow: the server does not answer just now.
[[nodiscard]] bool is_away(const rpc::Status& status);

class RunFeed {
 public:
  struct Target {
    std::string name_space;
    std::string workflow_id;
    std::string run_id;
  };

  enum class Next : std::uint8_t { kPoll, kStop };

  // Called on the loop's thread.
  struct Handlers {
    // Events in order. Some may have been given before: after an error history is read from its start, because a page token may not survive
    // a restart of the server. `at_end`: the server has no page after this one. kStop ends the long poll; samples go on.
    std::function<Next(const google::protobuf::RepeatedPtrField<api::HistoryEvent>& events, bool at_end)> on_events;
    // Returns how long it is until the next sample.
    std::function<Duration(const rpc::Reply<rpc::DescribeWorkflowExecution>& reply)> on_sample;
  };

  // Begins at once. The references outlive the feed.
  RunFeed(rpc::WorkflowService& service, EventLoop& loop, Target target, Handlers handlers);
  ~RunFeed();
  RunFeed(const RunFeed&) = delete;
  RunFeed& operator=(const RunFeed&) = delete;

  // No handler is called any more; may be called by one.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // calls that are still under way hold a weak reference
};

}  // namespace lifecycle::cli
