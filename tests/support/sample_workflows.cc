#include "tests/support/sample_workflows.h"

#include <fmt/format.h>

#include <stdexcept>

namespace lifecycle::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

ActivityOptions ten_seconds() { return {.start_to_close_timeout = seconds(10)}; }

ActivityOptions cancelled_by(const std::string& cancellation) {
  ActivityOptions options = ten_seconds();
  if (cancellation == "wait") {
    options.cancellation_type = CancellationType::kWaitCancellationCompleted;
  } else if (cancellation == "abandon") {
    options.cancellation_type = CancellationType::kAbandon;
  }
  return options;
}

std::string seconds_after_epoch(WallTime time) { return fmt::format("{}", std::chrono::floor<seconds>(time).time_since_epoch().count()); }

}  // namespace

Workflow<std::vector<std::string>> SequenceWorkflow::run(WorkflowContext ctx, std::vector<std::string> names) {
  std::vector<std::string> greetings;
  for (const std::string& name : names) {
    const std::string greeting = co_await ctx.activity(kGreet, ten_seconds(), name);
    greetings.push_back(greeting);
  }
  co_return greetings;
}

Workflow<std::vector<std::string>> ParallelWorkflow::run(WorkflowContext ctx, std::vector<std::string> names) {
  std::vector<Pending<std::string>> pending;
  pending.reserve(names.size());
  for (const std::string& name : names) {
    pending.push_back(ctx.activity(kGreet, ten_seconds(), name));
  }
  std::vector<std::string> greetings;
  for (const Pending<std::string>& each : pending) {
    const std::string greeting = co_await each;
    greetings.push_back(greeting);
  }
  co_return greetings;
}

Workflow<std::string> NestedWorkflow::run(WorkflowContext ctx) {
  const std::string a = co_await twice(ctx, "a");
  const std::string b = co_await once(ctx, "b");
  co_return a + b;
}

Workflow<std::string> NestedWorkflow::twice(WorkflowContext ctx, std::string name) {
  const std::string first = co_await once(ctx, name + "1");
  const std::string second = co_await once(ctx, name + "2");
  co_return first + second;
}

Workflow<std::string> NestedWorkflow::once(WorkflowContext ctx, std::string name) {
  const std::string greeting = co_await ctx.activity(kGreet, ten_seconds(), name);
  co_return greeting;
}

Workflow<std::string> TimerWorkflow::run(WorkflowContext ctx) {
  co_await ctx.sleep(seconds(10));
  co_return "slept";
}

Workflow<bool> ConfirmWorkflow::run(WorkflowContext ctx) {
  ctx_ = ctx;
  const bool confirmed_in_time = co_await ctx.wait_for(*this, &ConfirmWorkflow::confirmed, seconds(30));
  waited_ = true;
  co_return confirmed_in_time;
}

void ConfirmWorkflow::confirm() { confirmed_ = true; }

Workflow<void> ConfirmWorkflow::confirm_later(WorkflowContext ctx) {
  const std::string greeting = co_await ctx.activity(kGreet, ten_seconds(), std::string("confirmer"));
  name_ = greeting;
  confirmed_ = true;
}

void ConfirmWorkflow::rename(std::string name) { name_ = std::move(name); }

std::string ConfirmWorkflow::state() const {
  return fmt::format("{} {} {}", name_, confirmed_ ? "confirmed" : "unconfirmed", waited_ ? "done" : "waiting");
}

std::string ConfirmWorkflow::state_with(const std::string& prefix) const { return prefix + state(); }

std::string ConfirmWorkflow::throws() const { throw ApplicationFailure("this query always fails", {.type = "Always"}); }

double ConfirmWorkflow::draws() const { return ctx_->random_unit(); }

std::string ConfirmWorkflow::commands() const {
  const Pending<std::string> pending = ctx_->activity(kGreet, ten_seconds(), std::string("from a query"));
  return pending.ready() ? "ready" : "scheduled";
}

std::string ConfirmWorkflow::cancels() const {
  ctx_->cancel();
  return "cancelled";
}

Workflow<std::string> ApprovalWorkflow::run(WorkflowContext ctx) {
  co_await ctx.wait_until(*this, &ApprovalWorkflow::is_open);
  co_await ctx.wait_until(*this, &ApprovalWorkflow::is_approved);
  co_return document_ + " approved by " + approved_by_;
}

void ApprovalWorkflow::open(std::string document) { document_ = std::move(document); }

Workflow<void> ApprovalWorkflow::approve(WorkflowContext ctx, std::string who) {
  const std::string greeting = co_await ctx.activity(kGreet, ten_seconds(), who);
  approved_by_ = greeting;
}

Workflow<std::string> CancellableWorkflow::run(WorkflowContext ctx, std::string cancellation) {
  std::exception_ptr cancelled;
  std::string greeting;
  try {
    greeting = co_await ctx.activity(kGreet, cancelled_by(cancellation), cancellation);
  } catch (const ActivityFailure&) {
    cancelled = std::current_exception();
  }
  if (cancelled) {
    co_await ctx.detached().activity(kCleanUp, ten_seconds());
    std::rethrow_exception(cancelled);
  }
  co_return greeting;
}

Workflow<std::string> ChildScopeWorkflow::run(WorkflowContext ctx, std::string cancellation) {
  const WorkflowContext scope = ctx.with_cancel();
  const Pending<std::string> greeting = scope.activity(kGreet, cancelled_by(cancellation), cancellation);
  co_await ctx.sleep(seconds(10));
  scope.cancel();
  std::string outcome;
  try {
    outcome = co_await greeting;
  } catch (const ActivityFailure& failure) {
    outcome = fmt::format("gave up: {}", failure.cause()->message());
  }
  co_return outcome;
}

Workflow<std::string> CancelBeforeSendWorkflow::run(WorkflowContext ctx, std::string cancellation) {
  const WorkflowContext scope = ctx.with_cancel();
  const Pending<std::string> greeting = scope.activity(kGreet, cancelled_by(cancellation), cancellation);
  const Pending<void> timer = scope.sleep(hours(1));
  scope.cancel();
  int cancelled = 0;
  try {
    co_await timer;
  } catch (const CancelledFailure&) {
    ++cancelled;
  }
  try {
    co_await greeting;
  } catch (const ActivityFailure& failure) {
    cancelled += dynamic_cast<const CancelledFailure*>(failure.cause().get()) != nullptr ? 1 : 0;
  }
  co_return fmt::format("{} cancelled", cancelled);
}

Workflow<std::string> WaitingHandlerWorkflow::run(WorkflowContext ctx) {
  co_await ctx.sleep(hours(1));
  co_return "the main coroutine is done";
}

Workflow<void> WaitingHandlerWorkflow::wait(WorkflowContext ctx) { co_await ctx.sleep(hours(2)); }

Workflow<void> WaitingHandlerWorkflow::fail_later(WorkflowContext ctx) {
  co_await ctx.sleep(seconds(1));
  throw ApplicationFailure("the handler gives up", {.type = "GivesUp"});
}

void WaitingHandlerWorkflow::fail() { throw ApplicationFailure("the handler refuses", {.type = "Refuses"}); }

void WaitingHandlerWorkflow::crash() { throw std::runtime_error("a bug in the handler"); }

Workflow<std::string> RandomWorkflow::run(WorkflowContext ctx) {
  std::string drawn;
  for (int i = 0; i < 3; ++i) {
    const std::string id = ctx.uuid();
    const std::string greeting = co_await ctx.activity(kGreet, ten_seconds(), fmt::format("{} {}", id, ctx.random_below(1'000'000)));
    drawn += greeting;
  }
  co_return drawn + fmt::format("{:.6f}", ctx.random_unit());
}

Workflow<std::string> ClockWorkflow::run(WorkflowContext ctx) {
  const std::string begin = fmt::format("{} {}", seconds_after_epoch(ctx.info().start_time), seconds_after_epoch(ctx.now()));
  co_await ctx.activity(kGreet, ten_seconds(), begin);
  co_await ctx.sleep(seconds(10));
  co_return seconds_after_epoch(ctx.now());
}

Workflow<void> FailingWorkflow::run(WorkflowContext ctx) {
  co_await ctx.activity(kGreet, ten_seconds(), std::string("customer"));
  throw ApplicationFailure("nothing left", {.type = "OutOfStock", .non_retryable = true});
}

Workflow<void> CrashingWorkflow::run(WorkflowContext ctx) {
  co_await ctx.activity(kGreet, ten_seconds(), std::string("customer"));
  throw std::out_of_range("index 7 of 3");
}

Workflow<void> ContinuingWorkflow::run(WorkflowContext ctx, int round) {
  co_await ctx.activity(kGreet, ten_seconds(), std::to_string(round));
  ctx.continue_as_new(round + 1);
}

UnconstructibleWorkflow::UnconstructibleWorkflow() { throw std::runtime_error("no such table"); }

Workflow<void> UnconstructibleWorkflow::run(WorkflowContext ctx) { co_await ctx.sleep(seconds(1)); }

Workflow<std::string> CatchingWorkflow::run(WorkflowContext ctx) {
  std::string caught;
  try {
    caught = co_await ctx.activity(kGreet, ten_seconds(), std::string("caller"));
  } catch (const ActivityFailure& failure) {
    caught = fmt::format("{} of {} at event {} by {}: {}", failure.activity_type(), failure.activity_id(), failure.scheduled_event_id(),
                         failure.identity(), failure.cause()->message());
  }
  co_return caught;
}

Workflow<void> MisusingWorkflow::run(WorkflowContext ctx, std::string misuse) {
  if (misuse == "no time-out") {
    co_await ctx.activity(kGreet, {}, std::string("nobody"));
  }
  const Pending<std::string> greeting = ctx.activity(kGreet, ten_seconds(), std::string("nobody"));
  greeting_ = greeting;
  co_await greeting;
  if (misuse == "awaited twice") {
    co_await greeting;
  }
}

Workflow<void> MisusingWorkflow::await_too(WorkflowContext) {
  const Pending<std::string> same = greeting_.value();
  co_await same;
}

Workflow<void> VersionedWorkflow::greet_thank(WorkflowContext ctx) {
  co_await ctx.activity(kGreet, ten_seconds(), std::string("x"));
  co_await ctx.activity(kThank, ten_seconds(), std::string("x"));
}

Workflow<void> VersionedWorkflow::thank_greet(WorkflowContext ctx) {
  co_await ctx.activity(kThank, ten_seconds(), std::string("x"));
  co_await ctx.activity(kGreet, ten_seconds(), std::string("x"));
}

Workflow<void> VersionedWorkflow::greet_sleep(WorkflowContext ctx) {
  co_await ctx.activity(kGreet, ten_seconds(), std::string("x"));
  co_await ctx.sleep(seconds(10));
}

Workflow<void> VersionedWorkflow::greet(WorkflowContext ctx) { co_await ctx.activity(kGreet, ten_seconds(), std::string("x")); }

Workflow<void> VersionedWorkflow::greet_greet(WorkflowContext ctx) {
  co_await ctx.activity(kGreet, ten_seconds(), std::string("x"));
  co_await ctx.activity(kGreet, ten_seconds(), std::string("x"));
}

Workflow<void> VersionedWorkflow::greet_and_thank_at_once(WorkflowContext ctx) {
  const Pending<std::string> greeting = ctx.activity(kGreet, ten_seconds(), std::string("x"));
  const Pending<std::string> thanks = ctx.activity(kThank, ten_seconds(), std::string("x"));
  co_await greeting;
  co_await thanks;
}

Workflow<void> VersionedWorkflow::thank_and_greet_at_once(WorkflowContext ctx) {
  const Pending<std::string> thanks = ctx.activity(kThank, ten_seconds(), std::string("x"));
  const Pending<std::string> greeting = ctx.activity(kGreet, ten_seconds(), std::string("x"));
  co_await greeting;
  co_await thanks;
}

Workflow<void> VersionedWorkflow::greet_with_id_a(WorkflowContext ctx) {
  ActivityOptions options = ten_seconds();
  options.activity_id = "a";
  co_await ctx.activity(kGreet, options, std::string("x"));
}

Workflow<void> VersionedWorkflow::greet_with_id_b(WorkflowContext ctx) {
  ActivityOptions options = ten_seconds();
  options.activity_id = "b";
  co_await ctx.activity(kGreet, options, std::string("x"));
}

Workflow<void> VersionedWorkflow::cancel_first_timer(WorkflowContext ctx) { co_await two_timers(ctx, true); }

Workflow<void> VersionedWorkflow::cancel_second_timer(WorkflowContext ctx) { co_await two_timers(ctx, false); }

Workflow<void> VersionedWorkflow::two_timers(WorkflowContext ctx, bool cancel_first) {
  const WorkflowContext first = ctx.with_cancel();
  const WorkflowContext second = ctx.with_cancel();
  const Pending<void> first_timer = first.sleep(hours(1));
  const Pending<void> second_timer = second.sleep(hours(1));
  co_await ctx.sleep(seconds(10));
  (cancel_first ? first : second).cancel();
  const Pending<void> kept = cancel_first ? second_timer : first_timer;
  co_await kept;
}

void register_samples(Registry& registry) {
  registry.workflow("SequenceWorkflow", &SequenceWorkflow::run);
  registry.workflow("ParallelWorkflow", &ParallelWorkflow::run);
  registry.workflow("NestedWorkflow", &NestedWorkflow::run);
  registry.workflow("TimerWorkflow", &TimerWorkflow::run);
  registry.workflow("ConfirmWorkflow", &ConfirmWorkflow::run)
      .signal("confirm", &ConfirmWorkflow::confirm)
      .signal("confirm_later", &ConfirmWorkflow::confirm_later)
      .signal("rename", &ConfirmWorkflow::rename)
      .query("state", &ConfirmWorkflow::state)
      .query("state_with", &ConfirmWorkflow::state_with)
      .query("throws", &ConfirmWorkflow::throws)
      .query("draws", &ConfirmWorkflow::draws)
      .query("commands", &ConfirmWorkflow::commands)
      .query("cancels", &ConfirmWorkflow::cancels);
  registry.workflow("ApprovalWorkflow", &ApprovalWorkflow::run)
      .signal("open", &ApprovalWorkflow::open)
      .signal("approve", &ApprovalWorkflow::approve);
  registry.workflow("CancellableWorkflow", &CancellableWorkflow::run);
  registry.workflow("ChildScopeWorkflow", &ChildScopeWorkflow::run);
  registry.workflow("CancelBeforeSendWorkflow", &CancelBeforeSendWorkflow::run);
  registry.workflow("WaitingHandlerWorkflow", &WaitingHandlerWorkflow::run)
      .signal("wait", &WaitingHandlerWorkflow::wait)
      .signal("fail_later", &WaitingHandlerWorkflow::fail_later)
      .signal("fail", &WaitingHandlerWorkflow::fail)
      .signal("crash", &WaitingHandlerWorkflow::crash);
  registry.workflow("RandomWorkflow", &RandomWorkflow::run);
  registry.workflow("ClockWorkflow", &ClockWorkflow::run);
  registry.workflow("FailingWorkflow", &FailingWorkflow::run);
  registry.workflow("CrashingWorkflow", &CrashingWorkflow::run);
  registry.workflow("ContinuingWorkflow", &ContinuingWorkflow::run);
  registry.workflow("UnconstructibleWorkflow", &UnconstructibleWorkflow::run);
  registry.workflow("CatchingWorkflow", &CatchingWorkflow::run);
  registry.workflow("MisusingWorkflow", &MisusingWorkflow::run).signal("await_too", &MisusingWorkflow::await_too);
}

Registry registry_of(Workflow<void> (VersionedWorkflow::*version)(WorkflowContext)) {
  Registry registry;
  registry.workflow(kVersionedWorkflow, version);
  return registry;
}

}  // namespace lifecycle::test
