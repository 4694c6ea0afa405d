// The event loop on a gRPC completion queue: calls, timers and posted tasks all end up on the thread that runs it.
#pragma once

#include <memory>

#include "base/event_loop.h"

namespace lifecycle::rpc {

class GrpcEventLoop final : public EventLoop {
 public:
  explicit GrpcEventLoop(const Clock& clock);
  // Must not be running; calls still under way are cancelled and waited for, their callbacks get kCancelled.
  ~GrpcEventLoop() override;

  void post(Task task) override;
  TimerId schedule(Duration delay, Task task) override;
  void cancel(TimerId timer) override;
  [[nodiscard]] const Clock& clock() const override;

  // Handles one event after the other on the calling thread until `finished` (asked after each event) says so.
  void run_until(std::move_only_function<bool()> finished);

  // What GrpcWorkflowService needs of it; defined where gRPC may be included.
  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lifecycle::rpc
