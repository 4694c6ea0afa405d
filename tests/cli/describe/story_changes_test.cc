#include "cli/describe/story_changes.h"

#include <gmock/gmock.h>

#include "tests/cli/describe/stories.h"

namespace lifecycle::cli {
namespace {

using test::at;
using test::Description;
using test::HistoryEvents;
using testing::ElementsAre;
using testing::IsEmpty;
namespace enums = temporal::api::enums::v1;

std::vector<std::string> texts(const std::vector<StoryChange>& changes) {
  std::vector<std::string> all;
  for (const StoryChange& change : changes) {
    all.push_back(change_text(change));
  }
  return all;
}

HistoryEvents scheduled_step() {
  HistoryEvents events;
  events.started(1).scheduled(0, 0.2);
  return events;
}

Story running(const HistoryEvents& events, int attempt, const std::string& worker, bool is_started, double now) {
  Description description = test::running_description(events.history());
  auto& pending = *description.add_pending_activities();
  pending.set_activity_id(std::to_string(events.scheduled_event_id()));
  pending.set_attempt(attempt);
  pending.set_last_worker_identity(worker);
  pending.set_state(is_started ? enums::PENDING_ACTIVITY_STATE_STARTED : enums::PENDING_ACTIVITY_STATE_SCHEDULED);
  if (is_started) {
    api::set(*pending.mutable_last_started_time(), at(now));
  }
  if (attempt > 1) {
    pending.mutable_last_failure()->set_message("card refused");
    api::set(*pending.mutable_last_attempt_complete_time(), at(now - 0.5));
  }
  return make_story(events.history(), &description, {}, at(now + 0.1));
}

TEST(StoryChanges, tell_each_attempt_once_and_where_it_ran) {
  HistoryEvents events = scheduled_step();
  const Story first = running(events, 1, "7@host/v1#aa", true, 1);
  EXPECT_THAT(texts(changes_between({}, first)), ElementsAre("step 0 started on 7@host (v1)"));
  EXPECT_THAT(changes_between(first, first), IsEmpty());
  const Story waiting = running(events, 2, "7@host/v1#aa", false, 3);
  EXPECT_THAT(texts(changes_between(first, waiting)), ElementsAre("step 0 retrying on 7@host (v1), attempt 1: card refused"));
  const Story second = running(events, 2, "8@host/v2#bb", true, 5);
  EXPECT_THAT(texts(changes_between(waiting, second)), ElementsAre("step 0 started on 8@host (v2), attempt 2"));
  events.step_started("8@host/v2#bb", 2, 5).step_completed({.step = 0, .worker_version = "v2"}, 8).completed(9);
  EXPECT_THAT(texts(changes_between(second, make_story(events.history(), nullptr, {}, at(10)))),
              ElementsAre("step 0 completed on 8@host (v2), attempt 2", "completed"));
}

TEST(StoryChanges, a_retry_that_was_missed_is_told_with_the_worker_that_it_was_seen_on) {
  const HistoryEvents events = scheduled_step();
  const Story first = running(events, 1, "7@host/v1#aa", true, 1);
  const Story second = running(events, 2, "8@host/v2#bb", true, 5);
  EXPECT_THAT(texts(changes_between(first, second)),
              ElementsAre("step 0 retrying on 7@host (v1), attempt 1: card refused", "step 0 started on 8@host (v2), attempt 2"));
}

TEST(StoryChanges, a_step_too_short_to_be_seen_running_is_told_with_its_start) {
  HistoryEvents events = scheduled_step();
  const Story before = make_story(events.history(), nullptr, {}, at(0.3));
  events.step_started("7@host/v1#aa", 1, 0.3).step_completed({.step = 0}, 0.4);
  EXPECT_THAT(texts(changes_between(before, make_story(events.history(), nullptr, {}, at(1)))),
              ElementsAre("step 0 started on 7@host (v1)", "step 0 completed on 7@host (v1)"));
}

TEST(StoryChanges, of_a_whole_run_are_in_the_order_of_time_and_end_with_its_end) {
  const std::vector<StoryChange> changes = changes_between({}, test::recorded_story("python_order"));
  for (std::size_t i = 1; i < changes.size(); ++i) {
    EXPECT_LE(changes[i - 1].time, changes[i].time);
  }
  EXPECT_EQ(changes.back().event, "continued_as_new");
  EXPECT_THAT(changes.back().message, testing::StartsWith("goes on as run "));
}

TEST(StoryChanges, a_missing_worker_and_its_return_are_told) {
  const HistoryEvents events = scheduled_step();
  const Story before = running(events, 1, "", false, 0.3);
  const Story gone = running(events, 1, "", false, 4);
  EXPECT_THAT(texts(changes_between(before, gone)), ElementsAre("no worker: step 0 waits on task queue lifecycle-queue"));
  const Story back = running(events, 1, "7@host/v1#aa", true, 6);
  EXPECT_THAT(texts(changes_between(gone, back)), testing::Contains(testing::StartsWith("worker is back: no worker for 5.")));
}

TEST(StoryChanges, are_objects_in_json) {
  const Story first = running(scheduled_step(), 1, "7@host/v1#aa", true, 1);
  EXPECT_EQ(
      change_json(changes_between({}, first).front()).dump(),
      R"({"event":"step_started","time":"2026-11-25T00:00:01.000Z","name":"step 0","eventId":2,"attempt":1,"worker":"7@host/v1#aa","version":"v1"})");
}

}  // namespace
}  // namespace lifecycle::cli
