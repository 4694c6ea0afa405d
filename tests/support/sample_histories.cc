#include "tests/support/sample_histories.h"

#include <fmt/format.h>

#include "base/random.h"
#include "converter/payload.h"

namespace lifecycle::test {
namespace {

using converter::to_payloads;
using replay::HistoryBuilder;
using std::chrono::hours;
using std::chrono::seconds;
using Names = std::vector<std::string>;

// Greet from its start to its result.
void greeted(HistoryBuilder& history, std::int64_t scheduled_event_id, const std::string& result) {
  history.activity_task_started(scheduled_event_id);
  history.activity_task_completed(scheduled_event_id, to_payloads(result));
}

HistoryBuilder sequence() {
  HistoryBuilder history;
  history.workflow_execution_started("SequenceWorkflow", to_payloads(Names{"a", "b"}));
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("a")), "hello a");
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("b")), "hello b");
  history.full_workflow_task();
  history.completed(to_payloads(Names{"hello a", "hello b"}));
  return history;
}

HistoryBuilder parallel() {
  HistoryBuilder history;
  history.workflow_execution_started("ParallelWorkflow", to_payloads(Names{"a", "b", "c"}));
  history.full_workflow_task();
  const std::int64_t a = history.activity_task_scheduled("Greet", to_payloads("a"));
  const std::int64_t b = history.activity_task_scheduled("Greet", to_payloads("b"));
  const std::int64_t c = history.activity_task_scheduled("Greet", to_payloads("c"));
  greeted(history, c, "hello c");
  history.full_workflow_task();
  history.activity_task_started(a);
  history.activity_task_started(b);
  history.activity_task_completed(b, to_payloads("hello b"));
  history.activity_task_completed(a, to_payloads("hello a"));
  history.full_workflow_task();
  history.completed(to_payloads(Names{"hello a", "hello b", "hello c"}));
  return history;
}

HistoryBuilder nested() {
  HistoryBuilder history;
  history.workflow_execution_started("NestedWorkflow");
  for (const std::string name : {"a1", "a2", "b"}) {
    history.full_workflow_task();
    greeted(history, history.activity_task_scheduled("Greet", to_payloads(name)), name);
  }
  history.full_workflow_task();
  history.completed(to_payloads("a1a2b"));
  return history;
}

HistoryBuilder timer() {
  HistoryBuilder history;
  history.workflow_execution_started("TimerWorkflow");
  history.full_workflow_task();
  history.timer_fired(history.timer_started(seconds(10)));
  history.full_workflow_task();
  history.completed(to_payloads("slept"));
  return history;
}

HistoryBuilder timer_cancelled() {
  HistoryBuilder history;
  history.workflow_execution_started("TimerWorkflow");
  history.full_workflow_task();
  const std::int64_t started = history.timer_started(seconds(10));
  history.cancel_requested("enough");
  history.cancel_requested("again");
  history.full_workflow_task();
  history.timer_canceled(started);
  history.canceled();
  return history;
}

// The timer is over when the cancellation reaches the code: there is nothing left to cancel.
HistoryBuilder timer_cancelled_and_fired_at_once() {
  HistoryBuilder history;
  history.workflow_execution_started("TimerWorkflow");
  history.full_workflow_task();
  const std::int64_t started = history.timer_started(seconds(10));
  history.cancel_requested("enough");
  history.timer_fired(started);
  history.full_workflow_task();
  history.canceled();
  return history;
}

HistoryBuilder waiting_for_confirmation() {
  HistoryBuilder history;
  history.workflow_execution_started("ConfirmWorkflow");
  history.full_workflow_task();
  history.timer_started(seconds(30));  // event 5
  return history;
}

HistoryBuilder confirmed() {
  HistoryBuilder history = waiting_for_confirmation();
  history.signaled("confirm");
  history.full_workflow_task();
  history.timer_canceled(5);
  history.completed(to_payloads(true));
  return history;
}

HistoryBuilder confirmation_timed_out() {
  HistoryBuilder history = waiting_for_confirmation();
  history.signaled("no such signal");
  history.full_workflow_task();
  history.timer_fired(5);
  history.full_workflow_task();
  history.completed(to_payloads(false));
  return history;
}

HistoryBuilder confirmed_before_the_time_out_in_the_same_task() {
  HistoryBuilder history = waiting_for_confirmation();
  history.signaled("confirm");
  history.timer_fired(5);
  history.full_workflow_task();
  history.completed(to_payloads(true));
  return history;
}

HistoryBuilder confirmed_by_a_handler_that_waits() {
  HistoryBuilder history = waiting_for_confirmation();
  history.signaled("confirm_later");
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("confirmer")), "hello");
  history.full_workflow_task();
  history.timer_canceled(5);
  history.completed(to_payloads(true));
  return history;
}

HistoryBuilder confirmed_with_the_start() {
  HistoryBuilder history;
  history.workflow_execution_started("ConfirmWorkflow");
  history.signaled("confirm");
  history.full_workflow_task();
  history.completed(to_payloads(true));
  return history;
}

HistoryBuilder cancelled_while_waiting_for_confirmation() {
  HistoryBuilder history = waiting_for_confirmation();
  history.cancel_requested();
  history.full_workflow_task();
  history.timer_canceled(5);
  history.canceled();
  return history;
}

HistoryBuilder approved() {
  HistoryBuilder history;
  history.workflow_execution_started("ApprovalWorkflow");
  history.full_workflow_task();
  history.signaled("approve", to_payloads("ann"));
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("ann"));
  history.signaled("open", to_payloads("contract"));
  history.full_workflow_task();
  greeted(history, scheduled, "Ann");
  history.full_workflow_task();
  history.completed(to_payloads("contract approved by Ann"));
  return history;
}

// A worker that has nothing to say yet, over and over.
HistoryBuilder heartbeats() {
  HistoryBuilder history;
  history.workflow_execution_started("ApprovalWorkflow");
  history.full_workflow_task();
  history.full_workflow_task();
  history.full_workflow_task();
  history.signaled("open", to_payloads("contract"));
  history.full_workflow_task();
  history.full_workflow_task();
  history.signaled("approve", to_payloads("ann"));
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("ann")), "Ann");
  history.full_workflow_task();
  history.completed(to_payloads("contract approved by Ann"));
  return history;
}

HistoryBuilder cancellation_requested(const std::string& workflow_type, const std::string& cancellation) {
  HistoryBuilder history;
  history.workflow_execution_started(workflow_type, to_payloads(cancellation));
  history.full_workflow_task();
  history.activity_task_scheduled("Greet", to_payloads(cancellation));  // event 5
  history.activity_task_started(5);
  history.cancel_requested();
  return history;
}

void clean_up_and_end(HistoryBuilder& history) {
  const std::int64_t clean_up = history.activity_task_scheduled("CleanUp");
  history.activity_task_started(clean_up);
  history.activity_task_completed(clean_up, to_payloads(nullptr));
  history.full_workflow_task();
  history.canceled();
}

HistoryBuilder cancelled_by_trying() {
  HistoryBuilder history = cancellation_requested("CancellableWorkflow", "try");
  history.full_workflow_task();
  history.activity_task_cancel_requested(5);
  clean_up_and_end(history);
  return history;
}

HistoryBuilder cancelled_by_waiting() {
  HistoryBuilder history = cancellation_requested("CancellableWorkflow", "wait");
  history.full_workflow_task();
  history.activity_task_cancel_requested(5);
  history.activity_task_canceled(5, to_payloads("half done"));
  history.full_workflow_task();
  clean_up_and_end(history);
  return history;
}

HistoryBuilder completed_in_spite_of_the_cancellation() {
  HistoryBuilder history = cancellation_requested("CancellableWorkflow", "wait");
  history.full_workflow_task();
  history.activity_task_cancel_requested(5);
  history.activity_task_completed(5, to_payloads("hello"));
  history.full_workflow_task();
  history.completed(to_payloads("hello"));
  return history;
}

HistoryBuilder cancelled_by_abandoning() {
  HistoryBuilder history = cancellation_requested("CancellableWorkflow", "abandon");
  history.full_workflow_task();
  clean_up_and_end(history);
  return history;
}

// The abandoned activity ends while the workflow cleans up; nobody listens.
HistoryBuilder abandoned_activity_ends() {
  HistoryBuilder history = cancellation_requested("CancellableWorkflow", "abandon");
  history.full_workflow_task();
  const std::int64_t clean_up = history.activity_task_scheduled("CleanUp");
  history.activity_task_completed(5, to_payloads("too late"));
  history.activity_task_started(clean_up);
  history.activity_task_completed(clean_up, to_payloads(nullptr));
  history.full_workflow_task();
  history.canceled();
  return history;
}

// The activity's result is there when the cancellation reaches the code; with try-cancel the code has already gone on without it.
HistoryBuilder cancelled_and_completed_at_once(const std::string& cancellation) {
  HistoryBuilder history = cancellation_requested("CancellableWorkflow", cancellation);
  history.activity_task_completed(5, to_payloads("hello"));
  history.full_workflow_task();
  if (cancellation == "wait") {
    history.completed(to_payloads("hello"));
  } else {
    clean_up_and_end(history);
  }
  return history;
}

HistoryBuilder child_scope(const std::string& cancellation) {
  HistoryBuilder history;
  history.workflow_execution_started("ChildScopeWorkflow", to_payloads(cancellation));
  history.full_workflow_task();
  history.activity_task_scheduled("Greet", to_payloads(cancellation));  // event 5
  history.timer_fired(history.timer_started(seconds(10)));
  history.full_workflow_task();
  if (cancellation == "abandon") {
    history.completed(to_payloads("gave up: cancelled by the workflow"));
    return history;
  }
  history.activity_task_cancel_requested(5);
  if (cancellation == "wait") {
    history.activity_task_canceled(5);
    history.full_workflow_task();
    history.completed(to_payloads("gave up: activity canceled"));
    return history;
  }
  history.completed(to_payloads("gave up: cancelled by the workflow"));
  return history;
}

HistoryBuilder cancelled_before_it_was_sent(const std::string& cancellation) {
  HistoryBuilder history;
  history.workflow_execution_started("CancelBeforeSendWorkflow", to_payloads(cancellation));
  history.full_workflow_task();
  history.completed(to_payloads("2 cancelled"));
  return history;
}

HistoryBuilder cancelled_with_a_handler_that_waits() {
  HistoryBuilder history;
  history.workflow_execution_started("WaitingHandlerWorkflow");
  history.full_workflow_task();
  const std::int64_t main_timer = history.timer_started(hours(1));
  history.signaled("wait");
  history.full_workflow_task();
  const std::int64_t handler_timer = history.timer_started(hours(2));
  history.cancel_requested();
  history.full_workflow_task();
  history.timer_canceled(main_timer);
  history.timer_canceled(handler_timer);
  history.canceled();
  return history;
}

// The handler ends before the main coroutine does, by the same cancellation.
HistoryBuilder cancelled_with_a_handler_that_waits_from_the_start() {
  HistoryBuilder history;
  history.workflow_execution_started("WaitingHandlerWorkflow");
  history.signaled("wait");
  history.full_workflow_task();
  const std::int64_t handler_timer = history.timer_started(hours(2));
  const std::int64_t main_timer = history.timer_started(hours(1));
  history.cancel_requested();
  history.full_workflow_task();
  history.timer_canceled(handler_timer);
  history.timer_canceled(main_timer);
  history.canceled();
  return history;
}

HistoryBuilder ended_with_a_handler_that_waits() {
  HistoryBuilder history;
  history.workflow_execution_started("WaitingHandlerWorkflow");
  history.signaled("wait");
  history.full_workflow_task();
  history.timer_started(hours(2));
  history.timer_fired(history.timer_started(hours(1)));
  history.full_workflow_task();
  history.completed(to_payloads("the main coroutine is done"));
  return history;
}

HistoryBuilder failed_by_a_handler() {
  HistoryBuilder history;
  history.workflow_execution_started("WaitingHandlerWorkflow");
  history.full_workflow_task();
  history.timer_started(hours(1));
  history.signaled("fail");
  history.full_workflow_task();
  api::Failure failure;
  failure.set_message("the handler refuses");
  history.failed(std::move(failure));
  return history;
}

HistoryBuilder failed_by_a_handler_that_waited() {
  HistoryBuilder history;
  history.workflow_execution_started("WaitingHandlerWorkflow");
  history.full_workflow_task();
  history.timer_started(hours(1));
  history.signaled("fail_later");
  history.full_workflow_task();
  history.timer_fired(history.timer_started(seconds(1)));
  history.full_workflow_task();
  api::Failure failure;
  failure.set_message("the handler gives up");
  history.failed(std::move(failure));
  return history;
}

// `seed` is that of the stream from which the code draws.
void draw_and_end(HistoryBuilder& history, std::uint64_t seed) {
  RandomStream stream(seed);
  for (int i = 0; i < 3; ++i) {
    const std::string id = uuid_from(stream);
    greeted(history, history.activity_task_scheduled("Greet", to_payloads(fmt::format("{} {}", id, stream.below(1'000'000)))), "x");
    history.full_workflow_task();
  }
  history.completed(to_payloads(fmt::format("xxx{:.6f}", stream.unit())));
}

HistoryBuilder random() {
  HistoryBuilder history;
  history.workflow_execution_started("RandomWorkflow");
  history.full_workflow_task();
  draw_and_end(history, stable_hash(HistoryBuilder::kRunId));
  return history;
}

HistoryBuilder random_after_a_reset_to_the_first_task() {
  HistoryBuilder history;
  history.workflow_execution_started("RandomWorkflow");
  history.polled_workflow_task();
  history.workflow_task_failed(api::enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, "run-2");
  history.full_workflow_task();
  draw_and_end(history, stable_hash("run-2"));
  return history;
}

HistoryBuilder clock() {
  const auto begin = std::chrono::floor<seconds>(HistoryBuilder::kBegin).time_since_epoch().count();
  HistoryBuilder history;
  history.workflow_execution_started("ClockWorkflow");
  history.full_workflow_task();  // its start is event 3
  greeted(history, history.activity_task_scheduled("Greet", to_payloads(fmt::format("{} {}", begin, begin + 2))), "x");
  history.full_workflow_task();
  history.timer_fired(history.timer_started(seconds(10)));
  const std::int64_t last_started = history.full_workflow_task();
  history.completed(to_payloads(std::to_string(begin + last_started - 1)));
  return history;
}

HistoryBuilder failing() {
  HistoryBuilder history;
  history.workflow_execution_started("FailingWorkflow");
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("customer")), "hello");
  history.full_workflow_task();
  api::Failure failure;
  failure.set_message("nothing left");
  history.failed(std::move(failure));
  return history;
}

HistoryBuilder crashing() {
  HistoryBuilder history;
  history.workflow_execution_started("CrashingWorkflow");
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("customer")), "hello");
  history.polled_workflow_task();
  return history;
}

HistoryBuilder continued_as_new() {
  HistoryBuilder history;
  history.workflow_execution_started("ContinuingWorkflow", to_payloads(7));
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("7")), "hello");
  history.full_workflow_task();
  history.continued_as_new(to_payloads(8));
  return history;
}

HistoryBuilder activity_failed() {
  HistoryBuilder history;
  history.workflow_execution_started("CatchingWorkflow");
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("caller"));
  history.activity_task_started(scheduled, "worker-9");
  api::Failure failure;
  failure.set_message("no voice");
  failure.mutable_application_failure_info()->set_type("Hoarse");
  history.activity_task_failed(scheduled, std::move(failure));
  history.full_workflow_task();
  history.completed(to_payloads("Greet of 5 at event 5 by worker-9: no voice"));
  return history;
}

HistoryBuilder activity_timed_out_before_its_start() {
  HistoryBuilder history;
  history.workflow_execution_started("CatchingWorkflow");
  history.full_workflow_task();
  history.activity_task_timed_out(history.activity_task_scheduled("Greet", to_payloads("caller")),
                                  api::enums::TIMEOUT_TYPE_SCHEDULE_TO_START);
  history.full_workflow_task();
  history.completed(to_payloads("Greet of 5 at event 5 by : activity timeout"));
  return history;
}

HistoryBuilder failed_and_lost_tasks() {
  HistoryBuilder history;
  history.workflow_execution_started("SequenceWorkflow", to_payloads(Names{"a", "b"}));
  history.workflow_task_scheduled();
  history.workflow_task_timed_out();
  history.polled_workflow_task();
  history.workflow_task_failed(api::enums::WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE);
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("a")), "hello a");
  history.polled_workflow_task();
  history.workflow_task_timed_out();
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("b")), "hello b");
  history.workflow_task_scheduled();
  history.workflow_task_timed_out();
  history.full_workflow_task();
  history.completed(to_payloads(Names{"hello a", "hello b"}));
  return history;
}

HistoryBuilder sequence_so_far() {
  HistoryBuilder history;
  history.workflow_execution_started("SequenceWorkflow", to_payloads(Names{"a", "b"}));
  history.full_workflow_task();
  greeted(history, history.activity_task_scheduled("Greet", to_payloads("a")), "hello a");
  history.polled_workflow_task();
  return history;
}

HistoryBuilder terminated_while_a_task_was_running() {
  HistoryBuilder history = sequence_so_far();
  history.terminated("by hand");
  return history;
}

HistoryBuilder timed_out_while_waiting() {
  HistoryBuilder history = sequence_so_far();
  history.workflow_task_completed();
  history.activity_task_scheduled("Greet", to_payloads("b"));
  history.timed_out();
  return history;
}

HistoryBuilder with_events_for_people() {
  HistoryBuilder history = sequence_so_far();
  history.workflow_task_completed();
  const std::int64_t b = history.activity_task_scheduled("Greet", to_payloads("b"));
  history.add(api::enums::EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED).set_worker_may_ignore(true);
  history.add(static_cast<api::EventType>(9999)).set_worker_may_ignore(true);
  greeted(history, b, "hello b");
  history.full_workflow_task();
  history.completed(to_payloads(Names{"hello a", "hello b"}));
  return history;
}

}  // namespace

std::vector<NamedHistory> sample_histories() {
  return {
      {"Sequence", sequence().build()},
      {"Parallel", parallel().build()},
      {"Nested", nested().build()},
      {"Timer", timer().build()},
      {"TimerCancelled", timer_cancelled().build()},
      {"TimerCancelledAndFiredAtOnce", timer_cancelled_and_fired_at_once().build()},
      {"WaitingForConfirmation", waiting_for_confirmation().build()},
      {"Confirmed", confirmed().build()},
      {"ConfirmationTimedOut", confirmation_timed_out().build()},
      {"ConfirmedBeforeTheTimeOutInTheSameTask", confirmed_before_the_time_out_in_the_same_task().build()},
      {"ConfirmedByAHandlerThatWaits", confirmed_by_a_handler_that_waits().build()},
      {"ConfirmedWithTheStart", confirmed_with_the_start().build()},
      {"CancelledWhileWaitingForConfirmation", cancelled_while_waiting_for_confirmation().build()},
      {"Approved", approved().build()},
      {"Heartbeats", heartbeats().build()},
      {"CancelledByTrying", cancelled_by_trying().build()},
      {"CancelledByWaiting", cancelled_by_waiting().build()},
      {"CompletedInSpiteOfTheCancellation", completed_in_spite_of_the_cancellation().build()},
      {"CancelledByAbandoning", cancelled_by_abandoning().build()},
      {"AbandonedActivityEnds", abandoned_activity_ends().build()},
      {"TriedToCancelAndCompletedAtOnce", cancelled_and_completed_at_once("try").build()},
      {"CancelledWaitingAndCompletedAtOnce", cancelled_and_completed_at_once("wait").build()},
      {"AbandonedAndCompletedAtOnce", cancelled_and_completed_at_once("abandon").build()},
      {"ChildScopeTryCancel", child_scope("try").build()},
      {"ChildScopeWait", child_scope("wait").build()},
      {"ChildScopeAbandon", child_scope("abandon").build()},
      {"TriedToCancelBeforeSending", cancelled_before_it_was_sent("try").build()},
      {"CancelledWaitingBeforeSending", cancelled_before_it_was_sent("wait").build()},
      {"AbandonedBeforeSending", cancelled_before_it_was_sent("abandon").build()},
      {"CancelledWithAHandlerThatWaits", cancelled_with_a_handler_that_waits().build()},
      {"CancelledWithAHandlerThatWaitsFromTheStart", cancelled_with_a_handler_that_waits_from_the_start().build()},
      {"EndedWithAHandlerThatWaits", ended_with_a_handler_that_waits().build()},
      {"FailedByAHandler", failed_by_a_handler().build()},
      {"FailedByAHandlerThatWaited", failed_by_a_handler_that_waited().build()},
      {"Random", random().build()},
      {"RandomAfterAReset", random_after_a_reset_to_the_first_task().build()},
      {"Clock", clock().build()},
      {"Failing", failing().build()},
      {"Crashing", crashing().build()},
      {"ContinuedAsNew", continued_as_new().build()},
      {"ActivityFailed", activity_failed().build()},
      {"ActivityTimedOutBeforeItsStart", activity_timed_out_before_its_start().build()},
      {"FailedAndLostTasks", failed_and_lost_tasks().build()},
      {"SequenceSoFar", sequence_so_far().build()},
      {"TerminatedWhileATaskWasRunning", terminated_while_a_task_was_running().build()},
      {"TimedOutWhileWaiting", timed_out_while_waiting().build()},
      {"WithEventsForPeople", with_events_for_people().build()},
  };
}

}  // namespace lifecycle::test
