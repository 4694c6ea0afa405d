#include "cli/run_steps.h"

#include <gmock/gmock.h>

#include "cli/step_table.h"
#include "tests/cli/history_events.h"

namespace lifecycle::cli {
namespace {

using std::chrono::milliseconds;
using test::at;
using test::HistoryEvents;
using testing::ElementsAre;

HistoryEvents two_steps_and_a_kill() {
  HistoryEvents events;
  events.started(2)
      .scheduled(0, 1)
      .step_started("7@host/v1.0.0#aa", 1, 1.1)
      .step_completed({.step = 0, .worker_version = "v1.0.0", .worker = "7@host/v1.0.0#aa"}, 6)
      .scheduled(1, 6)
      .step_started("8@host/v2.0.0#bb", 2, 12)
      .step_completed({.step = 1, .worker_version = "v2.0.0", .worker = "8@host/v2.0.0#bb", .attempt = 2}, 15.5);
  return events;
}

TEST(RunSteps, tells_who_ran_each_step_and_how_long_it_took_with_all_its_attempts) {
  const std::vector<StepRecord> steps = steps_of(two_steps_and_a_kill().history());
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].step, 0);
  EXPECT_EQ(steps[0].version, "v1.0.0");
  EXPECT_EQ(steps[0].worker.process, "7");
  EXPECT_EQ(steps[0].duration(), milliseconds(5000));
  EXPECT_EQ(steps[1].attempt, 2);
  EXPECT_EQ(steps[1].version, "v2.0.0");
  EXPECT_EQ(steps[1].duration(), milliseconds(9500));
  EXPECT_EQ(steps[1].status, StepStatus::kCompleted);
}

TEST(RunSteps, counts_what_is_asked_for_and_what_is_done) {
  RunSteps steps;
  const HistoryEvents events = two_steps_and_a_kill();
  for (int i = 0; i < 4; ++i) {
    steps.apply(events.history().events(i));
  }
  EXPECT_EQ(steps.total(), 2);
  EXPECT_EQ(steps.completed(), 1);
  EXPECT_EQ(steps.began(), at(0));
  EXPECT_FALSE(steps.ended());
}

TEST(RunSteps, takes_the_version_from_the_identity_where_the_result_has_none) {
  HistoryEvents events;
  events.scheduled(0, 0).step_started("pod@node/v3#1", 1, 0).step_completed({}, 1);
  EXPECT_EQ(steps_of(events.history()).front().version, "v3");
}

TEST(RunSteps, keeps_why_a_step_failed) {
  HistoryEvents events;
  events.scheduled(0, 0).step_started("pod@node/v3#1", 3, 0).step_failed("no\nluck", 1);
  const StepRecord step = steps_of(events.history()).front();
  EXPECT_EQ(step.status, StepStatus::kFailed);
  EXPECT_EQ(step.failure, "no luck") << "on one line";
}

TEST(RunSteps, ignores_the_end_of_an_activity_that_it_was_never_told_of) {
  HistoryEvents events;
  events.step_started("pod@node/v3#1", 1, 0).step_completed({}, 1);
  EXPECT_TRUE(steps_of(events.history()).empty());
}

TEST(RunSteps, numbers_activities_whose_input_is_not_the_contracts_by_their_place) {
  HistoryEvents events;
  events.scheduled(7, 0);
  api::History history = events.history();
  auto& attributes = *history.mutable_events(0)->mutable_activity_task_scheduled_event_attributes();
  *attributes.mutable_input() = converter::to_payloads(std::string("not an object"));
  EXPECT_EQ(steps_of(history).front().step, 0);
}

TEST(StepTable, has_a_row_for_each_step) {
  EXPECT_THAT(step_table(steps_of(two_steps_and_a_kill().history())),
              ElementsAre("STEP  VERSION  ATTEMPT  DURATION  WORKER",  //
                          "0     v1.0.0   1        5.0s      7@host",  //
                          "1     v2.0.0   2        9.5s      8@host"));
}

TEST(StepTable, tells_the_status_where_a_step_is_not_completed) {
  HistoryEvents events = two_steps_and_a_kill();
  events.scheduled(2, 16);
  EXPECT_THAT(step_table(steps_of(events.history())),
              ElementsAre("STEP  STATUS     VERSION  ATTEMPT  DURATION  WORKER",  //
                          "0     completed  v1.0.0   1        5.0s      7@host",  //
                          "1     completed  v2.0.0   2        9.5s      8@host",  //
                          "2     pending"));
}

TEST(StepTable, is_a_list_of_objects_in_json) {
  EXPECT_EQ(steps_json(steps_of(two_steps_and_a_kill().history()))[1].dump(),
            R"({"step":1,"status":"completed","version":"v2.0.0","worker":"8@host/v2.0.0#bb","attempt":2,"durationMillis":9500})");
}

}  // namespace
}  // namespace lifecycle::cli
