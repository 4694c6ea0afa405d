#include "client/outcome_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/methods.h"
#include "tests/support/fake_workflow_service.h"
#include "tests/support/manual_event_loop.h"

namespace lifecycle::client {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using testing::HasSubstr;
namespace enums = temporal::api::enums::v1;
using Poll = rpc::WaitForWorkflowExecutionHistory;

class OutcomeWatchTest : public testing::Test {
 protected:
  void watch(Duration timeout = {}, const std::string& run_id = "run-1") {
    watch_.emplace(server_, loop_, OutcomeWatch::Target{.name_space = "ns", .workflow_id = "w", .run_id = run_id}, timeout,
                   [this](Result<WorkflowOutcome> outcome) {
                     EXPECT_FALSE(outcome_.has_value()) << "the callback runs once";
                     outcome_ = std::move(outcome);
                   });
  }

  // The server's answer with one event of the close filter.
  static Poll::Response closed(enums::EventType type, const std::function<void(api::HistoryEvent&)>& fill = {}) {
    Poll::Response response;
    api::HistoryEvent& event = *response.mutable_history()->add_events();
    event.set_event_type(type);
    if (fill) {
      fill(event);
    }
    return response;
  }

  static Poll::Response completed() {
    return closed(enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, [](api::HistoryEvent& event) {
      event.mutable_workflow_execution_completed_event_attributes()->mutable_result()->add_payloads()->set_data("result");
    });
  }

  static Poll::Response nothing_yet(const std::string& token) {
    Poll::Response response;
    response.set_next_page_token(token);
    return response;
  }

  test::ManualEventLoop loop_;
  test::FakeWorkflowService server_{loop_};
  std::optional<Result<WorkflowOutcome>> outcome_;
  std::optional<OutcomeWatch> watch_;
};

TEST_F(OutcomeWatchTest, ItAsksForTheCloseEventByALongPoll) {
  watch();
  ASSERT_EQ(server_.waiting<Poll>(), 1U);
  const auto request = server_.last_request<Poll>();
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.execution().workflow_id(), "w");
  EXPECT_EQ(request.execution().run_id(), "run-1");
  EXPECT_TRUE(request.wait_new_event());
  EXPECT_TRUE(request.skip_archival());
  EXPECT_EQ(request.history_event_filter_type(), enums::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
}

TEST_F(OutcomeWatchTest, ACompletedWorkflowGivesItsResult) {
  watch();
  server_.answer_next<Poll>(completed());
  loop_.run_ready();
  ASSERT_TRUE(outcome_.has_value() && outcome_->has_value());
  EXPECT_EQ((*outcome_)->status, enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
  EXPECT_EQ((*outcome_)->run_id, "run-1");
  EXPECT_EQ((*outcome_)->result->payloads(0).data(), "result");
  EXPECT_FALSE((*outcome_)->failure.has_value());
}

TEST_F(OutcomeWatchTest, TheOtherEndsGiveTheirStatusAndFailure) {
  const std::tuple<enums::EventType, enums::WorkflowExecutionStatus, std::string> table[] = {
      {enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED, enums::WORKFLOW_EXECUTION_STATUS_FAILED, "broken"},
      {enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED, enums::WORKFLOW_EXECUTION_STATUS_TERMINATED, "by hand"},
      {enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT, enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT, ""},
      {enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, enums::WORKFLOW_EXECUTION_STATUS_CANCELED, ""},
  };
  for (const auto& [event_type, status, message] : table) {
    outcome_.reset();
    watch();
    server_.answer_next<Poll>(closed(event_type, [&](api::HistoryEvent& event) {
      if (event_type == enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED) {
        event.mutable_workflow_execution_failed_event_attributes()->mutable_failure()->set_message(message);
      } else if (event_type == enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED) {
        event.mutable_workflow_execution_terminated_event_attributes()->set_reason(message);
      }
    }));
    loop_.run_ready();
    ASSERT_TRUE(outcome_.has_value() && outcome_->has_value());
    EXPECT_EQ((*outcome_)->status, status);
    EXPECT_EQ((*outcome_)->failure.has_value(), !message.empty());
    EXPECT_EQ((*outcome_)->failure.value_or(api::Failure()).message(), message);
    EXPECT_FALSE((*outcome_)->result.has_value());
  }
}

TEST_F(OutcomeWatchTest, AnEmptyAnswerIsAskedAgainWithItsToken) {
  watch();
  server_.answer_next<Poll>(nothing_yet("token"));
  loop_.run_ready();
  EXPECT_FALSE(outcome_.has_value());
  EXPECT_EQ(server_.last_request<Poll>().next_page_token(), "token");
  server_.answer_next<Poll>(completed());
  loop_.run_ready();
  EXPECT_TRUE(outcome_.has_value());
}

TEST_F(OutcomeWatchTest, ContinuedRetriedAndCronRunsAreFollowed) {
  watch();
  server_.answer_next<Poll>(closed(enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW, [](api::HistoryEvent& event) {
    event.mutable_workflow_execution_continued_as_new_event_attributes()->set_new_execution_run_id("run-2");
  }));
  server_.answer_next<Poll>(closed(enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED, [](api::HistoryEvent& event) {
    event.mutable_workflow_execution_failed_event_attributes()->set_new_execution_run_id("run-3");
  }));
  server_.answer_next<Poll>(closed(enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT, [](api::HistoryEvent& event) {
    event.mutable_workflow_execution_timed_out_event_attributes()->set_new_execution_run_id("run-4");
  }));
  server_.answer_next<Poll>(closed(enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, [](api::HistoryEvent& event) {
    event.mutable_workflow_execution_completed_event_attributes()->set_new_execution_run_id("run-5");
  }));
  server_.answer_next<Poll>(completed());
  loop_.run_ready();
  ASSERT_TRUE(outcome_.has_value() && outcome_->has_value());
  EXPECT_EQ((*outcome_)->run_id, "run-5");
  const auto requests = server_.requests<Poll>();
  ASSERT_EQ(requests.size(), 5U);
  EXPECT_EQ(requests[1].execution().run_id(), "run-2");
  EXPECT_EQ(requests[4].execution().run_id(), "run-5");
}

TEST_F(OutcomeWatchTest, AServerThatIsAwayAtFirstIsAnError) {
  watch();
  server_.fail_next<Poll>({.code = StatusCode::kUnavailable});
  loop_.run_ready();
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_EQ(outcome_->error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(outcome_->error().message, HasSubstr("workflow 'w'"));
}

TEST_F(OutcomeWatchTest, AServerThatGoesAwayLaterIsWaitedFor) {
  watch();
  server_.answer_next<Poll>(nothing_yet("token"));
  loop_.run_ready();
  server_.always_fail<Poll>({.code = StatusCode::kUnavailable});
  server_.fail_next<Poll>({.code = StatusCode::kDeadlineExceeded});
  loop_.advance(10min);
  EXPECT_FALSE(outcome_.has_value());
  EXPECT_GT(server_.requests<Poll>().size(), 100U);
  EXPECT_LT(server_.requests<Poll>().size(), 1000U) << "with a wait in between";
  server_.always_answer<Poll>(completed());
  loop_.advance(2s);
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_TRUE(outcome_->has_value());
}

TEST_F(OutcomeWatchTest, AFailureThatCannotPassEndsTheWatch) {
  watch();
  server_.answer_next<Poll>(nothing_yet("token"));
  loop_.run_ready();
  server_.fail_next<Poll>({.code = StatusCode::kNotFound});
  loop_.run_ready();
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_EQ(outcome_->error().code, ErrorCode::kNotFound);
}

TEST_F(OutcomeWatchTest, ItsTimeoutEndsItAndItsPoll) {
  watch(5s);
  loop_.advance(4s);
  EXPECT_FALSE(outcome_.has_value());
  loop_.advance(1s);
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_EQ(outcome_->error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(outcome_->error().message, HasSubstr("not ended after 5s"));
  EXPECT_EQ(server_.waiting<Poll>(), 0U) << "the poll was cancelled";
  EXPECT_EQ(loop_.timers_waiting(), 0U);
}

TEST_F(OutcomeWatchTest, TheTimeoutCountsWhileTheServerIsAwayToo) {
  watch(1min);
  server_.answer_next<Poll>(nothing_yet("token"));
  loop_.run_ready();
  server_.always_fail<Poll>({.code = StatusCode::kUnavailable});
  server_.fail_next<Poll>({.code = StatusCode::kUnavailable});
  loop_.advance(1min);
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_EQ(outcome_->error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(OutcomeWatchTest, CancelAnswersOnceFromTheLoop) {
  watch(1min);
  watch_->cancel();
  EXPECT_FALSE(outcome_.has_value());
  watch_->cancel();
  loop_.run_ready();
  ASSERT_TRUE(outcome_.has_value());
  EXPECT_EQ(outcome_->error().code, ErrorCode::kCancelled);
  EXPECT_EQ(server_.waiting<Poll>(), 0U);
}

TEST_F(OutcomeWatchTest, CancelAfterTheEndDoesNothing) {
  watch();
  server_.answer_next<Poll>(completed());
  loop_.run_ready();
  watch_->cancel();
  loop_.run_ready();
  EXPECT_TRUE(outcome_->has_value());
}

TEST_F(OutcomeWatchTest, ADestroyedWatchIsSilentAndLeavesNothingBehind) {
  watch(1min);
  server_.answer_next<Poll>(completed());
  watch_.reset();
  loop_.advance(10min);
  EXPECT_FALSE(outcome_.has_value());
  EXPECT_EQ(server_.waiting<Poll>(), 0U);
  EXPECT_EQ(loop_.timers_waiting(), 0U);
}

}  // namespace
}  // namespace lifecycle::client
