#include "cli/stall.h"

#include <gtest/gtest.h>

#include "api/api.h"

namespace lifecycle::cli {
namespace {

using std::chrono::seconds;

SteadyTime second(int count) { return SteadyTime(seconds(count)); }

StallDetector::Description with_workflow_task(api::enums::PendingWorkflowTaskState state, int attempt = 1, int scheduled_second = 0) {
  StallDetector::Description description;
  auto& task = *description.mutable_pending_workflow_task();
  task.set_state(state);
  task.set_attempt(attempt);
  task.mutable_scheduled_time()->set_seconds(scheduled_second);
  return description;
}

StallDetector::Description with_activity(api::enums::PendingActivityState state, bool backing_off = false) {
  StallDetector::Description description;
  auto& activity = *description.add_pending_activities();
  activity.set_activity_id("5");
  activity.mutable_activity_type()->set_name("ProcessStep");
  activity.set_state(state);
  if (backing_off) {
    activity.mutable_next_attempt_schedule_time()->set_seconds(1);
  }
  return description;
}

constexpr auto kScheduled = api::enums::PENDING_WORKFLOW_TASK_STATE_SCHEDULED;
constexpr auto kStarted = api::enums::PENDING_WORKFLOW_TASK_STATE_STARTED;

TEST(StallDetector, a_workflow_task_that_nobody_takes_for_longer_than_the_patience_is_told_once) {
  StallDetector stall{seconds(3)};
  EXPECT_FALSE(stall.apply(with_workflow_task(kScheduled), second(0)));
  EXPECT_FALSE(stall.apply(with_workflow_task(kScheduled), second(3)));
  EXPECT_EQ(stall.apply(with_workflow_task(kScheduled), second(4)), "the workflow task");
  EXPECT_FALSE(stall.apply(with_workflow_task(kScheduled), second(9)));
}

TEST(StallDetector, a_task_that_is_taken_ends_the_stall_and_the_next_one_is_told_again) {
  StallDetector stall{seconds(3)};
  (void)stall.apply(with_workflow_task(kScheduled), second(0));
  EXPECT_TRUE(stall.apply(with_workflow_task(kScheduled), second(4)));
  EXPECT_FALSE(stall.apply(with_workflow_task(kStarted), second(5)));
  EXPECT_FALSE(stall.apply(with_workflow_task(kScheduled, 1, 6), second(6)));
  EXPECT_TRUE(stall.apply(with_workflow_task(kScheduled, 1, 6), second(10)));
}

TEST(StallDetector, a_task_that_is_dispatched_anew_has_its_own_time) {
  StallDetector stall{seconds(3)};
  (void)stall.apply(with_workflow_task(kScheduled, 1, 0), second(0));
  EXPECT_FALSE(stall.apply(with_workflow_task(kScheduled, 1, 2), second(4))) << "it left the sticky queue for the normal one";
}

TEST(StallDetector, a_workflow_task_in_its_back_off_is_not_called_stalled) {
  StallDetector stall{seconds(3)};
  (void)stall.apply(with_workflow_task(kScheduled, 5), second(0));
  EXPECT_FALSE(stall.apply(with_workflow_task(kScheduled, 5), second(9)));
}

TEST(StallDetector, an_activity_that_nobody_takes_is_named) {
  StallDetector stall{seconds(3)};
  (void)stall.apply(with_activity(api::enums::PENDING_ACTIVITY_STATE_SCHEDULED), second(0));
  EXPECT_EQ(stall.apply(with_activity(api::enums::PENDING_ACTIVITY_STATE_SCHEDULED), second(4)), "the task of activity ProcessStep");
}

TEST(StallDetector, an_activity_that_runs_or_waits_for_its_next_attempt_is_not_called_stalled) {
  for (const auto& description :
       {with_activity(api::enums::PENDING_ACTIVITY_STATE_STARTED), with_activity(api::enums::PENDING_ACTIVITY_STATE_SCHEDULED, true)}) {
    StallDetector stall{seconds(3)};
    (void)stall.apply(description, second(0));
    EXPECT_FALSE(stall.apply(description, second(9)));
  }
}

}  // namespace
}  // namespace lifecycle::cli
