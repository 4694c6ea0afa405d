// The event loop on a gRPC completion queue: calls, timers and posted tasks all end up on the thread that runs it.
#pragma once

#include <memory>

#include "rpc/runnable_event_loop.h"

namespace lifecycle::rpc {

class GrpcEventLoop final : public RunnableEventLoop {
 public:
  // `clock` must be the machine's: the loop sleeps in real time. It outlives the loop.
  explicit GrpcEventLoop(const Clock& clock);
  // Must not be running, nor be posted to by other threads. Calls still on the wire are cancelled and waited for, and their callbacks get
  // kCancelled. What would only happen later is dropped: tasks posted, timers, and calls that those callbacks start.
  ~GrpcEventLoop() override;

  void post(Task task) override;
  TimerId schedule(Duration delay, Task task) override;
  void cancel(TimerId timer) override;
  [[nodiscard]] const Clock& clock() const override;
  void run_until(std::move_only_function<bool()> finished) override;

  // What GrpcWorkflowService needs of it; defined where gRPC may be included.
  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lifecycle::rpc
