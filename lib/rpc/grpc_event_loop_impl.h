// The part of GrpcEventLoop that speaks gRPC. Private to lib/rpc/grpc_*.
#pragma once

#include <grpc/support/time.h>
#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "rpc/grpc_event_loop.h"
#include "rpc/timer_queue.h"

namespace lifecycle::rpc {

// A time-out as gRPC takes it: a span, which gRPC adds to its own monotonic clock.
[[nodiscard]] gpr_timespec time_span(Duration duration);

// A call whose end the completion queue will report. Its address is the tag that gRPC is given.
class CallOnWire {
 public:
  CallOnWire() = default;
  CallOnWire(const CallOnWire&) = delete;
  CallOnWire& operator=(const CallOnWire&) = delete;
  virtual ~CallOnWire() = default;
  // The answer is there.
  virtual void complete() = 0;
  virtual void try_cancel() = 0;
};

struct GrpcEventLoop::Impl {
  explicit Impl(const Clock& machine_clock) : clock(machine_clock) {}

  // Keeps `call` until the queue reports its end. Returns the tag to finish it with.
  void* keep(std::shared_ptr<CallOnWire> call);
  void post(Task task);
  // Runs a ready task or a due timer if there is one, else waits for the next event.
  void handle_next();
  void close();

  const Clock& clock;
  grpc::CompletionQueue queue;
  TimerQueue timers;
  bool closing = false;

 private:
  void wait_for_event();
  // When to wake up at the latest. From here until gather_posted(), post() rings the alarm.
  gpr_timespec fall_asleep();
  void gather_posted(bool alarm_has_rung);
  void finish_call(void* tag);

  std::unordered_map<void*, std::shared_ptr<CallOnWire>> calls_on_wire_;
  std::deque<Task> ready_;  // this round's tasks: what they post is the next round's, so that calls and timers get their turn
  SteadyTime round_time_;   // timers due by then are this round's

  std::mutex mutex_;
  std::deque<Task> posted_;    // guarded by mutex_
  bool asleep_ = false;        // guarded by mutex_
  bool alarm_is_set_ = false;  // guarded by mutex_
  grpc::Alarm alarm_;          // used under mutex_; its own address is its tag
};

}  // namespace lifecycle::rpc
