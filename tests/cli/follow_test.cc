#include "cli/follow.h"

#include <gmock/gmock.h>

#include "rpc/methods.h"
#include "tests/cli/history_events.h"
#include "tests/support/fake_workflow_service.h"
#include "tests/support/manual_event_loop.h"

namespace lifecycle::cli {
namespace {

using lifecycle::test::Answer;
using lifecycle::test::FakeWorkflowService;
using lifecycle::test::ManualEventLoop;
using rpc::DescribeWorkflowExecution;
using rpc::WaitForWorkflowExecutionHistory;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::HistoryEvents;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class RecordingObserver final : public RunObserver {
 public:
  void on_change(const RunChange& change) override { changes.emplace_back(name_of(change.kind)); }
  void on_sample(const RunSteps&, WallTime) override { ++samples; }

  std::vector<std::string> changes;
  int samples = 0;
};

// A server with one run, and a follower of it.
class RunFollowerTest : public testing::Test {
 protected:
  using HistoryAnswer = Answer<WaitForWorkflowExecutionHistory>;

  RunFollowerTest() {
    service_.on<DescribeWorkflowExecution>([this](const auto&, Answer<DescribeWorkflowExecution> answer) {
      if (away_) {
        answer.fail({.code = rpc::StatusCode::kUnavailable, .message = "connection refused"});
      } else {
        answer.with(description_);
      }
    });
    // The same RPC serves both long polls: the one for the end asks for the closing event alone.
    service_.on<WaitForWorkflowExecutionHistory>([this](const auto& request, HistoryAnswer answer) {
      const bool for_the_end = request.history_event_filter_type() == api::enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT;
      (for_the_end ? end_poll_ : events_poll_).emplace(answer);
    });
  }

  void follow() {
    follower_.emplace(service_, loop_, FollowTarget{.name_space = "default", .workflow_id = "w", .run_id = "r", .task_queue = "q"},
                      observer_);
    loop_.run_ready();
  }

  // Answers the poll for events with all of them; without a token they are the last.
  void answer_events(const HistoryEvents& events, const std::string& next_page_token) {
    WaitForWorkflowExecutionHistory::Response response;
    *response.mutable_history() = events.history();
    response.set_next_page_token(next_page_token);
    HistoryAnswer(*std::exchange(events_poll_, std::nullopt)).with(response);
    loop_.run_ready();
  }

  void answer_end(const HistoryEvents& events) {
    WaitForWorkflowExecutionHistory::Response response;
    *response.mutable_history()->add_events() = *events.history().events().rbegin();
    end_poll_->with(response);
    loop_.run_ready();
  }

  ManualEventLoop loop_;
  FakeWorkflowService service_{loop_};
  DescribeWorkflowExecution::Response description_;
  bool away_ = false;
  std::optional<HistoryAnswer> events_poll_;
  std::optional<HistoryAnswer> end_poll_;
  RecordingObserver observer_;
  std::optional<RunFollower> follower_;
};

TEST_F(RunFollowerTest, samples_four_times_a_second) {
  follow();
  loop_.advance(seconds(1));
  EXPECT_EQ(observer_.samples, 5) << "one at once, and four in the second";
}

TEST_F(RunFollowerTest, ends_with_the_outcome_once_the_last_events_are_told) {
  follow();
  HistoryEvents events;
  events.started(1).scheduled(0, 0).step_started("A", 1, 0).step_completed({.step = 0}, 5).completed(5);
  answer_end(events);
  EXPECT_FALSE(follower_->ended()) << "the events before the end are still on their way";
  answer_events(events, "");
  EXPECT_TRUE(follower_->ended());
  EXPECT_THAT(observer_.changes, ElementsAre("step_started", "step_completed"));
  EXPECT_EQ(follower_->outcome()->status, temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_COMPLETED);
  EXPECT_EQ(follower_->steps().completed(), 1);
}

TEST_F(RunFollowerTest, does_not_wait_for_ever_for_the_last_events) {
  follow();
  HistoryEvents events;
  answer_end(events.started(1).completed(5));
  loop_.advance(seconds(3));
  EXPECT_TRUE(follower_->ended());
}

TEST_F(RunFollowerTest, goes_on_from_the_page_it_has_got_to) {
  follow();
  HistoryEvents events;
  answer_events(events.started(1), "page 2");
  EXPECT_EQ(service_.last_request<WaitForWorkflowExecutionHistory>().next_page_token(), "page 2");
}

TEST_F(RunFollowerTest, reads_history_from_the_start_again_when_a_poll_fails) {
  follow();
  HistoryEvents events;
  answer_events(events.started(1).signaled(demo::kPauseSignal, 1), "page 2");
  std::exchange(events_poll_, std::nullopt)->fail({.code = rpc::StatusCode::kInvalidArgument, .message = "invalid token"});
  loop_.advance(seconds(2));
  ASSERT_TRUE(events_poll_);
  EXPECT_EQ(service_.last_request<WaitForWorkflowExecutionHistory>().next_page_token(), "");
  answer_events(events, "page 2");
  EXPECT_THAT(observer_.changes, ElementsAre("paused")) << "told once";
}

TEST_F(RunFollowerTest, tells_when_nobody_takes_the_workflow_task) {
  description_.mutable_pending_workflow_task()->set_state(api::enums::PENDING_WORKFLOW_TASK_STATE_SCHEDULED);
  follow();
  loop_.advance(seconds(3));
  EXPECT_THAT(observer_.changes, IsEmpty());
  loop_.advance(seconds(3));
  EXPECT_THAT(observer_.changes, ElementsAre("no_worker"));
}

TEST_F(RunFollowerTest, tells_once_that_the_server_is_away_and_once_that_it_is_back) {
  away_ = true;
  follow();
  loop_.advance(seconds(2));
  away_ = false;
  loop_.advance(seconds(2));
  EXPECT_THAT(observer_.changes, ElementsAre("server_away", "server_back"));
}

TEST_F(RunFollowerTest, tells_nothing_after_it_is_gone) {
  follow();
  follower_.reset();
  const int samples = observer_.samples;
  loop_.advance(seconds(10));
  EXPECT_EQ(observer_.samples, samples);
}

}  // namespace
}  // namespace lifecycle::cli
