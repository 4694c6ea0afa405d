#include "cli/describe/gaps.h"

#include <gmock/gmock.h>

#include "tests/cli/describe/stories.h"

namespace lifecycle::cli {
namespace {

using test::at;
using testing::ElementsAre;
using testing::IsEmpty;

// "2-7 step 0", or "2-7.. step 0" when it is open.
std::vector<std::string> text_of(const std::vector<Gap>& gaps) {
  std::vector<std::string> texts;
  for (const Gap& gap : gaps) {
    const auto seconds = [](WallTime time) { return std::to_string(std::chrono::round<std::chrono::seconds>(time - at(0)).count()); };
    texts.push_back(seconds(gap.from) + "-" + seconds(gap.to) + (gap.open ? ".. " : " ") + gap.waiting);
  }
  return texts;
}

class GapsTest : public testing::Test {
 protected:
  GapsTest() {
    story_.began = at(0);
    story_.now = at(30);
  }

  void task(double scheduled, std::optional<double> started, std::optional<double> closed, TaskStatus status = TaskStatus::kCompleted) {
    story_.workflow_tasks.push_back({.status = status, .scheduled = at(scheduled)});
    story_.workflow_tasks.back().started = started ? std::optional(at(*started)) : std::nullopt;
    story_.workflow_tasks.back().closed = closed ? std::optional(at(*closed)) : std::nullopt;
  }

  Span& activity(double scheduled, std::optional<double> started, std::optional<double> closed) {
    Span& span = story_.spans.emplace_back(Span{.type = "charge",
                                                .status = closed    ? SpanStatus::kCompleted
                                                          : started ? SpanStatus::kRunning
                                                                    : SpanStatus::kScheduled,
                                                .scheduled = at(scheduled)});
    span.started = started ? std::optional(at(*started)) : std::nullopt;
    span.closed = closed ? std::optional(at(*closed)) : std::nullopt;
    return span;
  }

  std::vector<std::string> gaps() { return text_of(gaps_of(story_)); }

  Story story_;
};

TEST_F(GapsTest, a_task_that_waits_for_seconds_is_a_gap) {
  task(0, 5, 5.1);
  EXPECT_THAT(gaps(), ElementsAre("0-5 workflow task"));
}

TEST_F(GapsTest, what_is_taken_at_once_is_none) {
  task(0, 0.2, 0.3);
  activity(0.3, 0.5, 9);
  EXPECT_THAT(gaps(), IsEmpty());
}

TEST_F(GapsTest, nobody_is_missed_while_something_runs) {
  activity(0, 0, 20);
  activity(1, 8, 9);
  EXPECT_THAT(gaps(), IsEmpty());
}

TEST_F(GapsTest, what_runs_cuts_a_wait) {
  task(0, 20, 21);
  activity(0, 5, 8);
  EXPECT_THAT(gaps(), ElementsAre("0-5 charge", "8-20 workflow task"));
}

TEST_F(GapsTest, waits_that_follow_each_other_are_one) {
  task(2, std::nullopt, 7, TaskStatus::kTimedOut);
  task(7, 10, 10.1);
  EXPECT_THAT(gaps(), ElementsAre("2-10 workflow task"));
}

TEST_F(GapsTest, a_worker_that_was_silent_in_a_workflow_task_was_not_there) {
  task(1, 1, 11, TaskStatus::kTimedOut);
  EXPECT_THAT(gaps(), ElementsAre("1-11 workflow task"));
}

TEST_F(GapsTest, one_that_goes_on_is_open) {
  activity(10, std::nullopt, std::nullopt);
  EXPECT_THAT(gaps(), ElementsAre("10-30.. charge"));
}

TEST_F(GapsTest, earlier_attempts_may_have_run_all_the_time) {
  activity(0, 12, 20).attempt = 2;
  EXPECT_THAT(gaps(), IsEmpty());
}

TEST_F(GapsTest, earlier_attempts_end_with_the_fault_that_hit_them) {
  Span& span = activity(0, 12, 20);
  span.attempt = 2;
  span.lost = true;
  story_.faults.push_back({.time = at(4), .action = "sigkill"});
  EXPECT_THAT(gaps(), ElementsAre("4-12 charge"));
}

TEST_F(GapsTest, a_workflow_task_that_backs_off_waits_for_nobody) {
  task(0, std::nullopt, std::nullopt, TaskStatus::kScheduled);
  story_.workflow_tasks.back().attempt = 3;
  EXPECT_THAT(gaps(), IsEmpty());
}

TEST_F(GapsTest, timers_and_children_need_no_worker_of_this_run) {
  story_.spans.push_back({.kind = SpanKind::kTimer, .status = SpanStatus::kRunning, .scheduled = at(0)});
  story_.spans.push_back({.kind = SpanKind::kChildWorkflow, .scheduled = at(0)});
  EXPECT_THAT(gaps(), IsEmpty());
}

}  // namespace
}  // namespace lifecycle::cli
