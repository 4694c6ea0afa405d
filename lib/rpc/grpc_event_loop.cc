#include "rpc/grpc_event_loop.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rpc/grpc_event_loop_impl.h"

namespace lifecycle::rpc {

gpr_timespec time_span(Duration duration) { return gpr_time_from_nanos(std::max(duration, Duration::zero()).count(), GPR_TIMESPAN); }

void* GrpcEventLoop::Impl::keep(std::shared_ptr<CallOnWire> call) {
  void* tag = call.get();
  calls_on_wire_.emplace(tag, std::move(call));
  return tag;
}

void GrpcEventLoop::Impl::post(Task task) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(task));
  // A loop that is awake looks at the queue before it sleeps, so only a sleeping one must be rung, and that once.
  if (asleep_ && !alarm_is_set_) {
    alarm_is_set_ = true;
    alarm_.Set(&queue, time_span(Duration::zero()), &alarm_);
  }
}

void GrpcEventLoop::Impl::handle_next() {
  if (!ready_.empty()) {
    Task task = std::move(ready_.front());
    ready_.pop_front();
    task();
  } else if (std::optional<Task> due = timers.take_due(round_time_)) {
    (*due)();
  } else {
    wait_for_event();
  }
}

void GrpcEventLoop::Impl::wait_for_event() {
  void* tag = nullptr;
  bool ok = false;  // says nothing about a unary call: its status does
  const grpc::CompletionQueue::NextStatus outcome = queue.AsyncNext(&tag, &ok, fall_asleep());
  check(outcome != grpc::CompletionQueue::SHUTDOWN, "the completion queue outlives the running of its loop");
  const bool got_event = outcome == grpc::CompletionQueue::GOT_EVENT;
  const bool alarm_has_rung = got_event && tag == &alarm_;
  gather_posted(alarm_has_rung);
  round_time_ = clock.steady_now();
  if (got_event && !alarm_has_rung) {
    finish_call(tag);
  }
}

gpr_timespec GrpcEventLoop::Impl::fall_asleep() {
  const std::lock_guard lock(mutex_);
  if (!posted_.empty()) {
    return time_span(Duration::zero());
  }
  asleep_ = true;
  const std::optional<SteadyTime> due = timers.next_due();
  return due ? time_span(*due - clock.steady_now()) : gpr_inf_future(GPR_CLOCK_MONOTONIC);
}

void GrpcEventLoop::Impl::gather_posted(bool alarm_has_rung) {
  const std::lock_guard lock(mutex_);
  asleep_ = false;
  if (alarm_has_rung) {
    alarm_is_set_ = false;
  }
  ready_.swap(posted_);  // a round ends with ready_ empty
}

void GrpcEventLoop::Impl::finish_call(void* tag) {
  const auto found = calls_on_wire_.find(tag);
  check(found != calls_on_wire_.end(), "the completion queue reports only calls that were started");
  const std::shared_ptr<CallOnWire> call = std::move(found->second);
  calls_on_wire_.erase(found);
  call->complete();
}

void GrpcEventLoop::Impl::close() {
  closing = true;
  for (const auto& [tag, call] : calls_on_wire_) {
    call->try_cancel();
  }
  {
    const std::lock_guard lock(mutex_);
    alarm_.Cancel();  // not set, or rung already: nothing happens
  }
  void* tag = nullptr;
  bool ok = false;
  while (!calls_on_wire_.empty() && queue.Next(&tag, &ok)) {
    if (tag != &alarm_) {
      finish_call(tag);
    }
  }
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
    check(tag == &alarm_, "a closed loop starts no calls");
  }
}

GrpcEventLoop::GrpcEventLoop(const Clock& clock) : impl_(std::make_unique<Impl>(clock)) {}

GrpcEventLoop::~GrpcEventLoop() { impl_->close(); }

void GrpcEventLoop::post(Task task) { impl_->post(std::move(task)); }

TimerId GrpcEventLoop::schedule(Duration delay, Task task) { return impl_->timers.add(impl_->clock.steady_now() + delay, std::move(task)); }

void GrpcEventLoop::cancel(TimerId timer) { impl_->timers.remove(timer); }

const Clock& GrpcEventLoop::clock() const { return impl_->clock; }

void GrpcEventLoop::run_until(std::move_only_function<bool()> finished) {
  while (!finished()) {
    impl_->handle_next();
  }
}

}  // namespace lifecycle::rpc
