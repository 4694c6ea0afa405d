#include "cli/describe/story.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <ctime>
#include <set>

#include "base/check.h"
#include "cli/describe/story_text.h"
#include "cli/describe/story_words.h"
#include "tests/cli/describe/stories.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;
using test::at;
using test::Description;
using test::HistoryEvents;
using test::recorded_story;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace enums = temporal::api::enums::v1;

const Span& step(const Story& story, int number) {
  const auto found = std::ranges::find_if(story.spans, [&](const Span& span) { return span.step == number; });
  check(found != story.spans.end(), "the story has this step");
  return *found;
}

// --- every recorded history

class RecordedStory : public testing::TestWithParam<std::string> {};

TEST_P(RecordedStory, tells_of_each_activity_and_each_workflow_task_with_its_times_in_order) {
  const api::History history = test::recorded_history(GetParam());
  const Story story = recorded_story(GetParam());
  EXPECT_TRUE(story.complete);
  EXPECT_FALSE(story.workflow_type.empty());
  EXPECT_EQ(story.event_count, history.events_size());
  const auto count = [&](enums::EventType type) {
    return std::ranges::count_if(history.events(), [&](const api::HistoryEvent& event) { return event.event_type() == type; });
  };
  const auto kind = [&](SpanKind wanted) { return std::ranges::count(story.spans, wanted, &Span::kind); };
  EXPECT_EQ(kind(SpanKind::kActivity), count(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED));
  EXPECT_EQ(kind(SpanKind::kTimer), count(enums::EVENT_TYPE_TIMER_STARTED));
  EXPECT_EQ(kind(SpanKind::kChildWorkflow), count(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED));
  EXPECT_EQ(kind(SpanKind::kUpdate), count(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED));
  EXPECT_EQ(std::ssize(story.workflow_tasks), count(enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED));
  EXPECT_EQ(std::ranges::count(story.marks, MarkKind::kSignal, &Mark::kind), count(enums::EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED));
  EXPECT_EQ(story.ended.has_value(), !story.running());
  for (const Span& span : story.spans) {
    EXPECT_LE(span.scheduled, span.started.value_or(span.scheduled)) << title_of(span);
    EXPECT_LE(span.started.value_or(span.scheduled), span.closed.value_or(story.now)) << title_of(span);
    EXPECT_EQ(is_over(span.status), span.closed.has_value()) << title_of(span);
  }
  for (const WorkflowTask& task : story.workflow_tasks) {
    EXPECT_EQ(task.closed.has_value(), task.status >= TaskStatus::kCompleted) << task.scheduled_event_id;
  }
}

INSTANTIATE_TEST_SUITE_P(AllHistories, RecordedStory, testing::ValuesIn(lifecycle::test::recorded_history_names()),
                         [](const auto& info) { return info.param; });

TEST(Story, of_a_killed_worker_names_both_versions_the_lost_attempt_and_the_time_without_a_worker) {
  const Story story = recorded_story("python_killed_worker");
  EXPECT_EQ(story.versions.size(), 2U);
  EXPECT_EQ(letter_of(story, story.versions[0]), 'A');
  EXPECT_EQ(letter_of(story, "never heard of"), '?');
  const auto lost = std::ranges::find_if(story.spans, &Span::lost);
  ASSERT_NE(lost, story.spans.end());
  EXPECT_EQ(lost->attempt, 2);
  EXPECT_THAT(lost->failure, HasSubstr("heartbeat time-out"));
  EXPECT_THAT(story.marks, Contains(testing::Field(&Mark::kind, MarkKind::kVersionChange)));
  EXPECT_THAT(story.gaps, testing::Not(IsEmpty())) << "the sticky queue of the dead worker held a workflow task";
  EXPECT_FALSE(story.failing_task) << "it is over";
}

TEST(Story, of_a_history_without_its_beginning_says_so_and_keeps_what_it_can) {
  api::History history = test::recorded_history("go_complete_10_steps");
  history.mutable_events()->DeleteSubrange(0, 10);
  const Story story = make_story(history, nullptr, {}, test::last_time_of(history));
  EXPECT_FALSE(story.complete);
  EXPECT_FALSE(story.spans.empty());
}

TEST(Story, of_an_empty_history_is_empty) {
  const Story story = make_story({}, nullptr, {}, at(0));
  EXPECT_THAT(story.spans, IsEmpty());
  EXPECT_THAT(story.gaps, IsEmpty());
}

// --- the description

HistoryEvents one_step_scheduled() {
  HistoryEvents events;
  events.started(2)
      .workflow_task_scheduled(0)
      .workflow_task_started("7@host/v1#aa", 0.1)
      .workflow_task_completed({.deployment_name = "lifecycle", .build_id = "v1"}, 0.2);
  events.scheduled(0, 0.2);
  return events;
}

auto& add_pending(Description& description, const HistoryEvents& events, enums::PendingActivityState state, int attempt) {
  auto& pending = *description.add_pending_activities();
  pending.set_activity_id(std::to_string(events.scheduled_event_id()));
  pending.set_state(state);
  pending.set_attempt(attempt);
  return pending;
}

TEST(Story, shows_who_runs_a_pending_activity) {
  const HistoryEvents events = one_step_scheduled();
  Description description = test::running_description(events.history());
  auto& pending = add_pending(description, events, enums::PENDING_ACTIVITY_STATE_STARTED, 1);
  pending.set_last_worker_identity("pod-1@node-2/v1#bb");
  api::set(*pending.mutable_last_started_time(), at(1));
  const Story story = make_story(events.history(), &description, {}, at(4));
  EXPECT_EQ(step(story, 0).status, SpanStatus::kRunning);
  EXPECT_EQ(step(story, 0).started, at(1));
  EXPECT_EQ(step(story, 0).version, "v1");
  EXPECT_EQ(place_of(step(story, 0).worker).process, "pod-1");
  EXPECT_EQ(place_of(step(story, 0).worker).machine, "node-2");
  EXPECT_EQ(story.workflow_id, "order-1");
  EXPECT_TRUE(has_pods(story));
}

TEST(Story, shows_why_an_activity_failed_and_when_it_is_tried_again) {
  const HistoryEvents events = one_step_scheduled();
  Description description = test::running_description(events.history());
  auto& pending = add_pending(description, events, enums::PENDING_ACTIVITY_STATE_SCHEDULED, 3);
  pending.set_maximum_attempts(5);
  pending.mutable_last_failure()->set_message("card refused");
  pending.set_last_worker_identity("7@host/v1#aa");
  api::set(*pending.mutable_next_attempt_schedule_time(), at(9));
  const Story story = make_story(events.history(), &description, {}, at(4));
  EXPECT_EQ(step(story, 0).status, SpanStatus::kBackingOff);
  EXPECT_EQ(step(story, 0).attempt, 3);
  EXPECT_EQ(step(story, 0).next_attempt, at(9));
  EXPECT_EQ(step(story, 0).failure, "card refused");
  EXPECT_THAT(problems_of(story, TimeFormat::kRelative), ElementsAre("retrying: step 0 is at attempt 3 of 5: card refused"));
  EXPECT_THAT(story.gaps, IsEmpty()) << "it waits for a back-off, not for a worker";
}

TEST(Story, ignores_a_pending_activity_that_history_has_closed) {
  HistoryEvents events = one_step_scheduled();
  Description description = test::running_description(events.history());
  add_pending(description, events, enums::PENDING_ACTIVITY_STATE_STARTED, 7);
  events.step_started("7@host/v1#aa", 1, 1).step_completed({.step = 0}, 2);
  const Story story = make_story(events.history(), &description, {}, at(3));
  EXPECT_EQ(step(story, 0).status, SpanStatus::kCompleted);
  EXPECT_EQ(step(story, 0).attempt, 1);
}

TEST(Story, shows_the_deployment_and_an_override) {
  const HistoryEvents events = one_step_scheduled();
  Description description = test::running_description(events.history());
  auto& versioning = *description.mutable_workflow_execution_info()->mutable_versioning_info();
  versioning.set_behavior(enums::VERSIONING_BEHAVIOR_PINNED);
  *versioning.mutable_deployment_version() = client::to_api({.deployment_name = "lifecycle", .build_id = "v1"});
  *versioning.mutable_versioning_override()->mutable_pinned()->mutable_version() =
      client::to_api({.deployment_name = "lifecycle", .build_id = "v2"});
  EXPECT_EQ(versioning_line(make_story(events.history(), &description, {}, at(1))),
            "lifecycle, version v1, pinned (override: pinned to v2)");
}

TEST(Story, takes_the_version_of_a_pinned_runs_activities_from_the_run_where_their_worker_told_none) {
  HistoryEvents events = one_step_scheduled();
  events.step_started("4711@host@queue", 1, 1).step_completed({}, 2);
  Description description = test::running_description(events.history());
  auto& versioning = *description.mutable_workflow_execution_info()->mutable_versioning_info();
  versioning.set_behavior(enums::VERSIONING_BEHAVIOR_PINNED);
  *versioning.mutable_deployment_version() = client::to_api({.deployment_name = "lifecycle", .build_id = "v1"});
  const Story story = make_story(events.history(), &description, {}, at(3));
  EXPECT_EQ(step(story, 0).version, "v1");
  EXPECT_EQ(place_of(step(story, 0).worker).machine, "host");
}

// --- a workflow task that keeps failing

Story failing_story(Description description, HistoryEvents events) {
  events.workflow_task_scheduled(1)
      .workflow_task_started("9@host/v2#cc", 1.1)
      .workflow_task_failed("timer 5 was recorded, the code wants activity charge", 1.2);
  auto& failed = *events.mutable_event(events.history().events_size()).mutable_workflow_task_failed_event_attributes();
  failed.set_scheduled_event_id(events.history().events_size() - 2);
  failed.set_identity("9@host/v2#cc");
  failed.set_cause(enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
  auto& pending = *description.mutable_pending_workflow_task();
  pending.set_state(enums::PENDING_WORKFLOW_TASK_STATE_SCHEDULED);
  pending.set_attempt(4);
  api::set(*pending.mutable_scheduled_time(), at(20));
  return make_story(events.history(), &description, {}, at(21.2));
}

TEST(Story, tells_since_when_where_and_why_a_workflow_task_keeps_failing) {
  const HistoryEvents events = one_step_scheduled();
  const Story story = failing_story(test::running_description(events.history()), events);
  ASSERT_TRUE(story.failing_task);
  EXPECT_EQ(story.failing_task->since, at(1.2));
  EXPECT_EQ(story.failing_task->attempt, 4);
  EXPECT_EQ(story.failing_task->version, "v2");
  EXPECT_EQ(story.failing_task->cause, "NonDeterministicError");
  EXPECT_THAT(
      problems_of(story, TimeFormat::kRelative).front(),
      "stands still: its workflow task has been failing for 20.0s, attempt 4 is next, on v2 (9@host): NonDeterministicError: timer 5 was "
      "recorded, the code "
      "wants activity charge");
  EXPECT_THAT(story.gaps, testing::Each(testing::Field(&Gap::waiting, "step 0"))) << "the workflow task has a worker";
}

TEST(Story, does_not_call_a_task_failing_that_has_succeeded_since) {
  const Story story = recorded_story("go_failed_task");
  EXPECT_TRUE(std::ranges::any_of(story.workflow_tasks, [](const WorkflowTask& task) { return task.status == TaskStatus::kFailed; }));
  EXPECT_FALSE(story.failing_task);
}

// --- what the workflows of others do

TEST(Story, has_the_parts_of_any_workflow) {
  const Story story = recorded_story("python_order");
  std::set<std::string> titles;
  for (const Span& span : story.spans) {
    titles.insert(title_of(span));
  }
  EXPECT_THAT(titles, testing::IsSupersetOf({"reserve", "charge", "local validate", "child ShipWorkflow", "update change_address"}));
  EXPECT_THAT(titles, Contains(HasSubstr("cooling-off"))) << "a timer is called as its author called it";
  const auto status_of = [&](const std::string& title) {
    return std::ranges::find_if(story.spans, [&](const Span& span) { return title_of(span) == title; })->status;
  };
  EXPECT_EQ(status_of("child ShipWorkflow"), SpanStatus::kCompleted);
  EXPECT_EQ(status_of("local validate"), SpanStatus::kCompleted);
  EXPECT_EQ(status_of("charge"), SpanStatus::kCompleted);
  EXPECT_EQ(std::ranges::find_if(story.spans, [&](const Span& span) { return title_of(span) == "charge"; })->attempt, 2);
  EXPECT_THAT(story.marks, Contains(testing::Field(&Mark::text, "approve")));
  EXPECT_EQ(story.status, enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW);
  EXPECT_FALSE(story.continued_to_run.empty());
}

// --- faults

TEST(Story, takes_the_faults_that_hit_it) {
  HistoryEvents events = one_step_scheduled();
  events.step_started("7@host/v1#aa", 1, 1);
  const std::vector<Fault> faults{
      {.time = at(-5), .action = "sigkill", .target = "before", .workflow_ids = {"order-1"}},
      {.time = at(1), .action = "sigkill", .target = "named", .workflow_ids = {"other", "order-1"}},
      {.time = at(2), .action = "sigkill", .target = "elsewhere", .worker_identity = "8@host/v1#bb", .workflow_ids = {"other"}},
      {.time = at(2), .action = "pause", .target = "its worker", .worker_identity = "7@host/v1#aa"},
      {.time = at(1.5), .action = "restart", .target = "all", .hits_all = true},
  };
  const Description description = test::running_description(events.history());
  std::vector<std::string> targets;
  for (const Fault& fault : make_story(events.history(), &description, faults, at(3)).faults) {
    targets.push_back(fault.target);
  }
  EXPECT_THAT(targets, ElementsAre("named", "all", "its worker"));
}

// --- size

double cpu_seconds_since(std::clock_t began) { return static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC; }

TEST(LargeStory, of_ten_thousand_events_is_told_in_well_under_a_second) {
  HistoryEvents events;
  events.started(3333);
  for (int step = 0; events.history().events_size() < 10'000; ++step) {
    events.scheduled(step, step)
        .step_started("7@host/v1#aa", 1, step + 0.1)
        .step_completed({.step = step, .worker_version = "v1"}, step + 0.9);
  }
  const std::clock_t began = std::clock();
  const Story story = make_story(events.history(), nullptr, {}, at(4000));
  const std::size_t lines = story_lines(story, {}).size();
  const double seconds = cpu_seconds_since(began);
  RecordProperty("cpu_milliseconds", static_cast<int>(seconds * 1000));
  EXPECT_EQ(story.spans.size(), 3333U);
  EXPECT_LT(lines, 500U);
  EXPECT_LT(seconds, 3.0) << "of a build without optimisation, perhaps with sanitizers";
}

TEST(LargeStory, of_thousands_of_activities_side_by_side_is_told_as_fast) {
  api::History history;
  const auto add = [&](enums::EventType type) -> api::HistoryEvent& {
    api::HistoryEvent& event = *history.add_events();
    event.set_event_id(history.events_size());
    event.set_event_type(type);
    api::set(*event.mutable_event_time(), at(0.001 * history.events_size()));
    return event;
  };
  add(enums::EVENT_TYPE_WORKFLOW_EXECUTION_STARTED);
  constexpr int kActivities = 3333;
  for (int i = 0; i < kActivities; ++i) {
    add(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED).mutable_activity_task_scheduled_event_attributes()->set_activity_id(std::to_string(i));
  }
  for (int i = 0; i < kActivities; ++i) {
    add(enums::EVENT_TYPE_ACTIVITY_TASK_STARTED).mutable_activity_task_started_event_attributes()->set_scheduled_event_id(i + 2);
    add(enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED).mutable_activity_task_completed_event_attributes()->set_scheduled_event_id(i + 2);
  }
  const std::clock_t began = std::clock();
  const Story story = make_story(history, nullptr, {}, at(60));
  const double seconds = cpu_seconds_since(began);
  RecordProperty("cpu_milliseconds", static_cast<int>(seconds * 1000));
  EXPECT_EQ(story.spans.size(), static_cast<std::size_t>(kActivities));
  EXPECT_LT(seconds, 3.0) << "of a build without optimisation, perhaps with sanitizers";
}

}  // namespace
}  // namespace lifecycle::cli
