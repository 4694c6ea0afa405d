// What a workflow's code is written against.
//
//   Workflow<Receipt> OrderWorkflow::run(WorkflowContext ctx, Order order) {
//     const std::string charge = co_await ctx.activity(kChargeCard, {.start_to_close_timeout = 10s}, order);
//     const bool confirmed = co_await ctx.wait_for(*this, &OrderWorkflow::confirmed, 30min);
//     ...
//
// The code must do the same again when it is replayed: time, randomness and ids come from the context; threads, sockets, clocks and the
// order of unordered containers stay out. `const T x = co_await y;` stands alone on its line, coroutines take their parameters by value,
// and no lambda is one.
#pragma once

#include <array>
#include <coroutine>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.h"
#include "converter/failure.h"
#include "coro/coroutine.h"
#include "workflow/instance.h"
#include "workflow/options.h"

namespace lifecycle {

// The return type of a workflow, of its coroutine helpers, and of signal handlers that wait.
template <class T>
using Workflow = coro::Coroutine<T>;

using converter::ActivityFailure;
using converter::ApplicationFailure;
using converter::ApplicationFailureOptions;
using converter::CancelledFailure;
using converter::TemporalFailure;
using converter::TimeoutFailure;

// A ticket for the result of an activity or the end of a timer. Await it once; until then other work can go on beside it.
// Throws what the operation failed with: ActivityFailure for an activity, CancelledFailure for a timer whose scope was cancelled.
template <class T>
class [[nodiscard]] Pending {
 public:
  Pending(workflow::WorkflowInstance& instance, core::OperationSeq seq) : instance_(&instance), seq_(seq) {}

  // True when the result is there, so that awaiting it would not wait.
  [[nodiscard]] bool ready() const { return instance_->operation(seq_).done; }

  [[nodiscard]] bool await_ready() const { return ready(); }
  void await_suspend(std::coroutine_handle<> waiter) const { instance_->wait_for_operation(seq_, waiter); }
  T await_resume() const {
    if constexpr (std::is_void_v<T>) {
      instance_->take_operation(seq_);
    } else {
      const std::unique_ptr<workflow::Operation> operation = instance_->take_operation(seq_);
      return *std::move(static_cast<workflow::OperationOf<T>&>(*operation).value);
    }
  }

 private:
  workflow::WorkflowInstance* instance_;
  core::OperationSeq seq_;
};

// A ticket for a condition over the workflow's state, with or without a time-out.
class [[nodiscard]] PendingCondition {
 public:
  PendingCondition(workflow::WorkflowInstance& instance, workflow::ConditionSpec spec) : instance_(&instance), spec_(spec) {}

  [[nodiscard]] bool await_ready() { return instance_->is_met_already(spec_); }
  void await_suspend(std::coroutine_handle<> waiter) { condition_ = instance_->wait_for_condition(spec_, waiter); }
  // True when the condition holds, false when the time-out came first. Throws CancelledFailure when the scope was cancelled.
  bool await_resume() const { return condition_ == 0 || instance_->take_condition(condition_); }

 private:
  workflow::WorkflowInstance* instance_;
  workflow::ConditionSpec spec_;
  workflow::ConditionId condition_ = 0;
};

class WorkflowContext {
 public:
  WorkflowContext(workflow::WorkflowInstance& instance, workflow::ScopeId scope) : instance_(&instance), scope_(scope) {}

  // Schedules the activity now; await the ticket for its result.
  template <class R, class... Params, class... Args>
  Pending<R> activity(ActivityType<R(Params...)> type, const ActivityOptions& options, const Args&... args) const {
    static_assert((std::is_convertible_v<Args, Params> && ...), "the activity's arguments have the types of its signature");
    return Pending<R>(*instance_, instance_->schedule_activity(std::make_unique<workflow::OperationOf<R>>(
                                                                   workflow::Operation::Kind::kActivity, scope_, options.cancellation_type),
                                                               type.name, options, converter::to_payloads(static_cast<Params>(args)...)));
  }

  // A durable timer. Zero and negative durations are over at once and leave no trace in history.
  Pending<void> sleep(Duration duration) const { return Pending<void>(*instance_, instance_->start_timer(scope_, duration)); }

  // Waits until a const member function without parameters returns true. It is asked again after everything that happens, so it must only
  // look.
  template <class T>
  PendingCondition wait_until(const T& object, bool (T::*predicate)() const) const {
    return PendingCondition(*instance_, spec_of(object, predicate));
  }
  // The same with a durable time-out; false when that came first.
  template <class T>
  PendingCondition wait_for(const T& object, bool (T::*predicate)() const, Duration timeout) const {
    workflow::ConditionSpec spec = spec_of(object, predicate);
    spec.timeout = timeout;
    return PendingCondition(*instance_, spec);
  }

  // The time at which the current workflow task was started; the same in every replay, and it stands still between two waits.
  [[nodiscard]] WallTime now() const { return instance_->now(); }
  // True while the code is only catching up with its history; for logs, never for decisions.
  [[nodiscard]] bool is_replaying() const { return instance_->is_replaying(); }
  [[nodiscard]] const workflow::WorkflowInfo& info() const { return instance_->info(); }
  [[nodiscard]] bool continue_as_new_suggested() const { return instance_->continue_as_new_suggested(); }
  [[nodiscard]] std::int64_t history_length() const { return instance_->history_length(); }

  // Whether this run takes the new side of a change to its code: true for runs that get here first with the changed code, false for those
  // that passed before the change. The answer is the same for the whole run, wherever it is replayed. Once no open run is on the old side,
  // replace the call by deprecate_patch() and drop the old side.
  [[nodiscard]] bool patched(std::string_view patch_id) const { return instance_->patch(patch_id, false); }
  // Says that only the new side is left, so that runs with the patch's marker and those without it both go on. Once no run with a marker
  // that is not deprecated is left, drop the call.
  void deprecate_patch(std::string_view patch_id) const { instance_->patch(patch_id, true); }

  // Uniform in [0, bound), from the run's own stream.
  [[nodiscard]] std::uint64_t random_below(std::uint64_t bound) const { return instance_->random("draw a random number").below(bound); }
  [[nodiscard]] double random_unit() const { return instance_->random("draw a random number").unit(); }
  [[nodiscard]] std::string uuid() const { return uuid_from(instance_->random("make a UUID")); }

  // Whether somebody asked for this scope's cancellation. What waits in a cancelled scope fails with a cancellation, now and later.
  [[nodiscard]] bool cancel_requested() const { return instance_->is_cancelled(scope_); }
  // A context whose operations are cancelled together by its cancel(), or with this context's.
  [[nodiscard]] WorkflowContext with_cancel() const { return WorkflowContext(*instance_, instance_->add_scope(scope_)); }
  // A context that the workflow's cancellation does not reach: for what must be cleaned up after it.
  [[nodiscard]] WorkflowContext detached() const { return WorkflowContext(*instance_, instance_->add_scope(std::nullopt)); }
  void cancel() const { instance_->cancel_scope(scope_, "cancelled by the workflow"); }

  // Ends this run and starts the next one of the same workflow with a fresh history.
  template <class... Args>
  [[noreturn]] void continue_as_new(const Args&... args) const {
    throw workflow::ContinueAsNewRequest{.input = converter::to_payloads(args...)};
  }

 private:
  template <class T>
  workflow::ConditionSpec spec_of(const T& object, bool (T::*predicate)() const) const {
    workflow::ConditionSpec spec{.object = &object, .scope = scope_};
    static_assert(sizeof predicate <= sizeof spec.predicate);
    std::memcpy(spec.predicate.data(), static_cast<const void*>(&predicate), sizeof predicate);
    spec.test = [](const void* where, const std::array<std::byte, 16>& stored) {
      bool (T::*member)() const = nullptr;
      std::memcpy(static_cast<void*>(&member), stored.data(), sizeof member);
      return (static_cast<const T*>(where)->*member)();
    };
    return spec;
  }

  workflow::WorkflowInstance* instance_;
  workflow::ScopeId scope_;
};

static_assert(std::is_trivially_copyable_v<Pending<int>> && std::is_trivially_destructible_v<Pending<int>>);
static_assert(std::is_trivially_copyable_v<PendingCondition> && std::is_trivially_destructible_v<PendingCondition>);
static_assert(std::is_trivially_copyable_v<WorkflowContext>);

}  // namespace lifecycle
