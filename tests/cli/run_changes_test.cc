#include "cli/run_changes.h"

#include <gmock/gmock.h>

#include "tests/cli/history_events.h"

namespace lifecycle::cli {
namespace {

using test::at;
using test::HistoryEvents;
using testing::ElementsAre;
using testing::IsEmpty;

// What a test wants to see of a change, on one line.
std::vector<std::string> told(const std::vector<RunChange>& changes) {
  std::vector<std::string> lines;
  for (const RunChange& change : changes) {
    std::string line(name_of(change.kind));
    if (change.step >= 0) {
      line += " " + std::to_string(change.step) + " attempt " + std::to_string(change.attempt) + " on " + change.worker.text;
    }
    lines.push_back(line + (change.message.empty() ? "" : ": " + change.message));
  }
  return lines;
}

class RunChangesTest : public testing::Test {
 protected:
  using State = api::enums::PendingActivityState;

  // Tells the events that are new.
  std::vector<std::string> hear() { return told(changes_.apply_history(events_.history().events())); }

  // A sample in which the step scheduled last is in `state`.
  std::vector<std::string> see(State state, int attempt, const std::string& worker, const std::string& failure = "") {
    RunChanges::PendingActivities activities;
    auto& activity = *activities.Add();
    activity.set_activity_id(std::to_string(events_.scheduled_event_id()));
    activity.set_state(state);
    activity.set_attempt(attempt);
    activity.set_last_worker_identity(worker);
    if (state == api::enums::PENDING_ACTIVITY_STATE_STARTED) {
      api::set(*activity.mutable_last_started_time(), at(2));
    }
    if (!failure.empty()) {
      activity.mutable_last_failure()->set_message(failure);
    }
    return told(changes_.apply_sample(activities, at(9)));
  }

  static constexpr State kScheduled = api::enums::PENDING_ACTIVITY_STATE_SCHEDULED;
  static constexpr State kStarted = api::enums::PENDING_ACTIVITY_STATE_STARTED;
  static constexpr State kCancelRequested = api::enums::PENDING_ACTIVITY_STATE_CANCEL_REQUESTED;

  HistoryEvents events_;
  RunChanges changes_;
};

TEST_F(RunChangesTest, a_step_is_told_when_a_worker_has_taken_it_and_once) {
  events_.started(2).scheduled(0, 1);
  EXPECT_THAT(hear(), IsEmpty());
  EXPECT_THAT(see(kScheduled, 1, ""), IsEmpty());
  EXPECT_THAT(see(kStarted, 1, "A"), ElementsAre("step_started 0 attempt 1 on A"));
  EXPECT_THAT(see(kStarted, 1, "A"), IsEmpty());
}

TEST_F(RunChangesTest, a_killed_attempt_is_told_with_the_worker_that_had_it) {
  events_.scheduled(3, 1);
  hear();
  see(kStarted, 1, "A");
  EXPECT_THAT(see(kScheduled, 2, "A", "heartbeat time-out"), ElementsAre("step_retrying 3 attempt 1 on A: heartbeat time-out"));
  EXPECT_THAT(see(kScheduled, 2, "A", "heartbeat time-out"), IsEmpty());
  EXPECT_THAT(see(kStarted, 2, "B", "heartbeat time-out"), ElementsAre("step_started 3 attempt 2 on B"));
}

TEST_F(RunChangesTest, a_retry_that_was_quicker_than_the_samples_is_told_all_the_same) {
  events_.scheduled(3, 1);
  hear();
  see(kStarted, 1, "A");
  EXPECT_THAT(see(kStarted, 2, "B", "lost"), ElementsAre("step_retrying 3 attempt 1 on A: lost", "step_started 3 attempt 2 on B"));
}

TEST_F(RunChangesTest, the_worker_of_an_attempt_that_nobody_saw_is_not_guessed) {
  events_.scheduled(3, 1);
  hear();
  EXPECT_THAT(see(kStarted, 3, "C", "lost"), ElementsAre("step_retrying 3 attempt 2 on : lost", "step_started 3 attempt 3 on C"));
}

TEST_F(RunChangesTest, a_step_that_has_ended_is_told_from_history) {
  events_.scheduled(0, 1);
  hear();
  see(kStarted, 1, "A");
  events_.step_started("A", 1, 1).step_completed({.step = 0, .worker_version = "v1"}, 6);
  EXPECT_THAT(hear(), ElementsAre("step_completed 0 attempt 1 on A"));
}

TEST_F(RunChangesTest, a_step_shorter_than_the_samples_is_told_from_history_with_its_start) {
  events_.scheduled(0, 1).step_started("A", 1, 1).step_completed({.step = 0, .worker_version = "v1"}, 1.1);
  EXPECT_THAT(hear(), ElementsAre("step_started 0 attempt 1 on A", "step_completed 0 attempt 1 on A"));
}

TEST_F(RunChangesTest, the_start_of_a_step_carries_its_workers_version_and_its_time) {
  events_.scheduled(0, 1).step_started("7@host/v1#aa", 1, 1.5).step_completed({.step = 0, .worker_version = "v1"}, 2);
  const std::vector<RunChange> changes = changes_.apply_history(events_.history().events());
  EXPECT_EQ(changes.at(0).version, "v1");
  EXPECT_EQ(changes.at(0).time, at(1.5));
  EXPECT_EQ(changes.at(1).time, at(2));
}

TEST_F(RunChangesTest, a_step_that_failed_for_good_is_told_with_the_reason) {
  events_.scheduled(0, 1);
  hear();
  see(kStarted, 1, "A");
  events_.step_started("A", 1, 1).step_failed("broken", 2);
  EXPECT_THAT(hear(), ElementsAre("step_failed 0 attempt 1 on A: broken"));
}

TEST_F(RunChangesTest, a_sample_that_is_older_than_the_history_says_nothing) {
  events_.scheduled(0, 1).step_started("A", 1, 1).step_completed({.step = 0}, 2);
  hear();
  EXPECT_THAT(see(kStarted, 1, "A"), IsEmpty());
}

TEST_F(RunChangesTest, a_sample_that_is_newer_than_the_history_waits_for_it) {
  events_.scheduled(0, 1);
  EXPECT_THAT(see(kStarted, 1, "A"), IsEmpty());
  hear();
  EXPECT_THAT(see(kStarted, 1, "A"), ElementsAre("step_started 0 attempt 1 on A"));
}

TEST_F(RunChangesTest, events_that_come_again_are_not_told_again) {
  events_.signaled(demo::kPauseSignal, 1).signaled(demo::kResumeSignal, 2);
  EXPECT_THAT(hear(), ElementsAre("paused", "resumed"));
  EXPECT_THAT(hear(), IsEmpty());
}

TEST_F(RunChangesTest, a_workflow_task_that_failed_is_told_with_the_reason) {
  events_.workflow_task_failed("nondeterminism", 1);
  EXPECT_THAT(hear(), ElementsAre("workflow_task_failed: nondeterminism"));
}

TEST_F(RunChangesTest, a_worker_that_took_a_workflow_task_and_did_not_answer_is_named) {
  events_.workflow_task_scheduled(0).workflow_task_started("1@here/v1.0.0#a", 0);
  events_.workflow_task_timed_out(api::enums::TIMEOUT_TYPE_START_TO_CLOSE, 10);
  const std::vector<RunChange> changes = changes_.apply_history(events_.history().events());
  EXPECT_THAT(told(changes), ElementsAre("workflow_task_failed: timed out: the worker took it and did not answer"));
  EXPECT_EQ(changes.at(0).worker.text, "1@here/v1.0.0#a");
  EXPECT_EQ(changes.at(0).version, "v1.0.0");
}

TEST_F(RunChangesTest, a_workflow_task_that_left_the_queue_of_a_worker_that_has_gone_is_not_told) {
  events_.workflow_task_scheduled(0).workflow_task_timed_out(api::enums::TIMEOUT_TYPE_SCHEDULE_TO_START, 2);
  EXPECT_THAT(hear(), IsEmpty());
}

TEST_F(RunChangesTest, a_cancelled_step_that_never_ran_has_not_started) {
  events_.scheduled(0, 1);
  hear();
  EXPECT_THAT(see(kCancelRequested, 1, ""), IsEmpty());
}

}  // namespace
}  // namespace lifecycle::cli
