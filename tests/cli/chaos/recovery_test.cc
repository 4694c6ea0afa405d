// What became of an attempt that a fault met: read from descriptions and histories, and measured beside its bound.
#include "cli/chaos/recovery.h"

#include <gmock/gmock.h>

namespace lifecycle::cli::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

using Description = client::service::DescribeWorkflowExecutionResponse;

const WallTime kHit{std::chrono::hours(490'000)};

HeldWork work() {
  return {.workflow_id = "w",
          .run_id = "r",
          .activity_id = "5",
          .activity_type = "ProcessStep",
          .attempt = 1,
          .worker_identity = "a@n/v1#1",
          .started = kHit - seconds(3),
          .last_heartbeat = kHit - seconds(1),
          .heartbeat_timeout = seconds(5),
          .start_to_close_timeout = seconds(35),
          .retry_interval = seconds(1)};
}

RecoveryWatch watch(FaultKind kind = FaultKind::kSigkill) { return {work(), {.kind = kind}, {.kind = TargetKind::kProcess}, kHit}; }

Description pending(int attempt, const std::string& identity, WallTime started, bool is_started = true) {
  Description description;
  auto* const activity = description.add_pending_activities();
  activity->set_activity_id("5");
  activity->set_attempt(attempt);
  activity->set_state(is_started ? api::enums::PENDING_ACTIVITY_STATE_STARTED : api::enums::PENDING_ACTIVITY_STATE_SCHEDULED);
  activity->set_last_worker_identity(identity);
  api::set(*activity->mutable_last_started_time(), started);
  return description;
}

api::History history(const std::string& activity_id, int attempt, const std::string& identity, WallTime started) {
  api::History history;
  auto* const scheduled = history.add_events();
  scheduled->set_event_id(5);
  scheduled->mutable_activity_task_scheduled_event_attributes()->set_activity_id(activity_id);
  auto* const event = history.add_events();
  event->set_event_id(6);
  event->set_event_type(api::enums::EVENT_TYPE_ACTIVITY_TASK_STARTED);
  api::set(*event->mutable_event_time(), started);
  event->mutable_activity_task_started_event_attributes()->set_scheduled_event_id(5);
  event->mutable_activity_task_started_event_attributes()->set_attempt(attempt);
  event->mutable_activity_task_started_event_attributes()->set_identity(identity);
  return history;
}

// As history() of attempt 1 by the victim, with its end: event 7, whose attributes `attributes_of` makes.
template <class AttributesOf>
api::History history_with_end(api::enums::EventType type, AttributesOf attributes_of) {
  api::History ended = history("5", 1, "a@n/v1#1", kHit - seconds(3));
  auto* const end = ended.add_events();
  end->set_event_id(7);
  end->set_event_type(type);
  (end->*attributes_of)()->set_scheduled_event_id(5);
  (end->*attributes_of)()->set_started_event_id(6);
  return ended;
}

TEST(Recovery, is_awaited_while_the_attempt_is_the_same_or_the_next_one_waits) {
  RecoveryWatch one = watch();
  one.apply(pending(1, "a@n/v1#1", kHit - seconds(3)));
  EXPECT_FALSE(one.settled());
  one.apply(pending(2, "a@n/v1#1", kHit - seconds(3), false));
  EXPECT_FALSE(one.settled());
  EXPECT_TRUE(one.is_pending(pending(2, "a@n/v1#1", kHit, false)));
  EXPECT_FALSE(one.is_pending(Description()));
}

TEST(Recovery, stood_still_from_the_moment_of_the_fault_until_the_next_attempt_started) {
  RecoveryWatch one = watch();
  one.apply(pending(2, "b@n/v2#2", kHit + milliseconds(6500)));
  ASSERT_TRUE(one.settled());
  EXPECT_EQ(one.recovery().kind, RecoveryKind::kTakenOver);
  EXPECT_EQ(one.recovery().taken_over_by, "b@n/v2#2");
  EXPECT_EQ(one.recovery().attempt, 2);
  EXPECT_FALSE(one.recovery().by_the_victim);
  EXPECT_EQ(one.recovery().standstill, milliseconds(6500));
}

TEST(Recovery, counts_a_heartbeat_after_the_fault_as_a_sign_of_life) {
  RecoveryWatch one = watch(FaultKind::kDelete);
  Description alive = pending(1, "a@n/v1#1", kHit - seconds(3));
  api::set(*alive.mutable_pending_activities(0)->mutable_last_heartbeat_time(), kHit + seconds(4));
  one.apply(alive);
  one.apply(pending(2, "b@n/v2#2", kHit + seconds(5)));
  EXPECT_EQ(one.recovery().standstill, seconds(1));
}

TEST(Recovery, is_not_an_attempt_that_a_paused_victim_has_swallowed) {
  RecoveryWatch one = watch(FaultKind::kPause);
  Description swallowed = pending(2, "a@n/v1#1", kHit + seconds(6));
  one.apply(swallowed);
  EXPECT_FALSE(one.settled());
  one.on_continued(kHit + seconds(10));
  one.apply(swallowed);
  EXPECT_FALSE(one.settled());
  one.apply(pending(3, "b@n/v2#2", kHit + seconds(12)));
  EXPECT_EQ(one.recovery().standstill, seconds(12));
  EXPECT_FALSE(one.recovery().by_the_victim);
}

TEST(Recovery, by_the_victim_begins_with_its_first_heartbeat_after_it_was_continued) {
  RecoveryWatch one = watch(FaultKind::kPause);
  one.on_continued(kHit + seconds(10));
  Description alive = pending(2, "a@n/v1#1", kHit + seconds(6));
  api::set(*alive.mutable_pending_activities(0)->mutable_last_heartbeat_time(), kHit + seconds(11));
  one.apply(alive);
  EXPECT_TRUE(one.recovery().by_the_victim);
  EXPECT_EQ(one.recovery().standstill, seconds(11));

  RecoveryWatch over = watch(FaultKind::kPause);
  over.on_continued(kHit + seconds(10));
  over.apply(history("5", 2, "a@n/v1#1", kHit + seconds(6)), false);
  EXPECT_TRUE(over.recovery().by_the_victim);
  EXPECT_EQ(over.recovery().standstill, seconds(10));
}

TEST(Recovery, is_found_in_history_when_the_activity_is_over) {
  RecoveryWatch taken_over = watch();
  taken_over.apply(history("5", 3, "b@n/v2#2", kHit + seconds(2)), false);
  EXPECT_EQ(taken_over.recovery().kind, RecoveryKind::kTakenOver);
  EXPECT_EQ(taken_over.recovery().attempt, 3);
  EXPECT_EQ(taken_over.recovery().standstill, seconds(2));

  RecoveryWatch finished = watch(FaultKind::kDelete);
  finished.apply(history_with_end(api::enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
                                  &api::HistoryEvent::mutable_activity_task_completed_event_attributes),
                 true);
  EXPECT_EQ(finished.recovery().kind, RecoveryKind::kFinishedByVictim);

  RecoveryWatch another = watch(FaultKind::kDelete);  // of the same id, by somebody else
  api::History earlier = history_with_end(api::enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
                                          &api::HistoryEvent::mutable_activity_task_completed_event_attributes);
  earlier.mutable_events(1)->mutable_activity_task_started_event_attributes()->set_identity("c@n/v1#3");
  another.apply(earlier, false);
  EXPECT_FALSE(another.settled());

  RecoveryWatch cancelled = watch();
  cancelled.apply(
      history_with_end(api::enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED, &api::HistoryEvent::mutable_activity_task_canceled_event_attributes),
      false);
  EXPECT_EQ(cancelled.recovery().kind, RecoveryKind::kCancelled);

  RecoveryWatch given_up = watch();
  given_up.apply(history_with_end(api::enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
                                  &api::HistoryEvent::mutable_activity_task_timed_out_event_attributes),
                 false);
  EXPECT_EQ(given_up.recovery().kind, RecoveryKind::kGivenUp);

  RecoveryWatch lost = watch();
  lost.apply(history("9", 2, "b@n/v2#2", kHit), false);
  EXPECT_FALSE(lost.settled());
  lost.apply(history("9", 2, "b@n/v2#2", kHit), true);
  EXPECT_EQ(lost.recovery().kind, RecoveryKind::kWorkflowEnded);
}

TEST(RecoveryBound, is_the_heartbeat_timeout_the_retry_and_the_servers_timers) {
  const RecoveryBound bound = recovery_bound(work(), {.kind = FaultKind::kSigkill}, {.kind = TargetKind::kProcess});
  EXPECT_EQ(bound.total, seconds(8));
  EXPECT_THAT(bound.parts, HasSubstr("heartbeat time-out 5s + retry 1s"));
}

TEST(RecoveryBound, is_the_servers_timer_where_a_supervisor_tells_of_the_death) {
  const Target supervised{.kind = TargetKind::kPod, .supervised = true};
  EXPECT_EQ(recovery_bound(work(), {.kind = FaultKind::kSigkill}, supervised).total, milliseconds(1001));
  HeldWork again = work();
  again.attempt = 2;  // a supervisor asks nothing special for it
  again.retry_interval = seconds(4);
  const RecoveryBound bound = recovery_bound(again, {.kind = FaultKind::kSigkill}, supervised);
  EXPECT_EQ(bound.total, seconds(5));
  EXPECT_EQ(bound.parts, "its supervisor tells the server at once + retry 4s + timer 1s");
}

// Measured: of 55 attempts one went on after 13 s. A supervisor says nothing for a process that is stopped.
TEST(RecoveryBound, is_not_there_for_a_frozen_worker_whose_open_polls_may_take_the_next_attempt) {
  const RecoveryBound bound = recovery_bound(work(), {.kind = FaultKind::kPause}, {.kind = TargetKind::kPod, .supervised = true});
  EXPECT_EQ(bound.total, std::nullopt);
  EXPECT_THAT(bound.parts, HasSubstr("heartbeat time-out 5s + retry 1s + timers 2s, and again for each attempt that its open polls take"));
}

TEST(RecoveryBound, is_that_of_a_sudden_end_where_the_grace_period_may_be_too_short_to_end_the_attempt) {
  const Target pod{.kind = TargetKind::kPod, .supervised = true};
  EXPECT_EQ(recovery_bound(work(), {.kind = FaultKind::kDelete}, pod).total, seconds(2));
  const RecoveryBound bound = recovery_bound(work(), {.kind = FaultKind::kDelete, .grace_period = seconds(1)}, pod);
  EXPECT_EQ(bound.total, seconds(8));
  EXPECT_THAT(bound.parts, HasSubstr("unless the worker ends the attempt within its grace period"));
}

TEST(RecoveryBound, without_heartbeats_is_the_start_to_close_timeout) {
  HeldWork silent = work();
  silent.heartbeat_timeout = Duration::zero();
  EXPECT_EQ(recovery_bound(silent, {.kind = FaultKind::kSigkill}, {}).total, seconds(38));
  silent.start_to_close_timeout = Duration::zero();
  EXPECT_EQ(recovery_bound(silent, {.kind = FaultKind::kSigkill}, {}).total, std::nullopt);
}

TEST(RecoveryBound, is_none_where_there_is_no_further_attempt) {
  HeldWork last = work();
  last.retry_interval = std::nullopt;
  EXPECT_EQ(recovery_bound(last, {.kind = FaultKind::kSigkill}, {}).total, std::nullopt);
}

}  // namespace
}  // namespace lifecycle::cli::chaos
