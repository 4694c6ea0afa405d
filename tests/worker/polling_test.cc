#include "tests/worker/worker_fixture.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using test::WorkerTest;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class PollingTest : public WorkerTest {};

TEST_F(PollingTest, OnePollInFiveIsForNewWorkflowsAndTheRestForThoseCachedHere) {
  start();
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
  EXPECT_THAT(open_sticky_polls(), SizeIs(4));
  EXPECT_THAT(open_activity_polls(), SizeIs(5));
}

TEST_F(PollingTest, TwoWorkflowPollsServeBothQueues) {
  options_.max_concurrent_workflow_task_polls = 2;
  start();
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
  EXPECT_THAT(open_sticky_polls(), SizeIs(1));
}

TEST_F(PollingTest, WithoutACacheAllWorkflowPollsAreForTheNormalQueue) {
  options_.max_cached_workflows = 0;
  start();
  EXPECT_THAT(open_normal_polls(), SizeIs(5));
  EXPECT_THAT(open_sticky_polls(), IsEmpty());
}

TEST_F(PollingTest, NormalPollNamesQueueNamespaceAndIdentity) {
  start();
  const auto request = open_normal_polls().at(0).request;
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.identity(), "me");
  EXPECT_EQ(request.task_queue().name(), "queue-1");
  EXPECT_EQ(request.task_queue().kind(), api::enums::TASK_QUEUE_KIND_NORMAL);
  EXPECT_EQ(request.task_queue().normal_name(), "");
}

TEST_F(PollingTest, StickyPollNamesThisProcessesQueueAndTheNormalOne) {
  start();
  const auto request = open_sticky_polls().at(0).request;
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.identity(), "me");
  EXPECT_THAT(request.task_queue().name(), StartsWith("me:"));
  EXPECT_EQ(request.task_queue().kind(), api::enums::TASK_QUEUE_KIND_STICKY);
  EXPECT_EQ(request.task_queue().normal_name(), "queue-1");
}

TEST_F(PollingTest, TheStickyQueueIsAnotherOneInEveryProcess) {
  start();
  const std::string first = open_sticky_polls().at(0).request.task_queue().name();
  TearDown();
  start();
  EXPECT_NE(open_sticky_polls().at(0).request.task_queue().name(), first);
}

TEST_F(PollingTest, ActivityPollNamesQueueNamespaceAndIdentity) {
  start();
  const auto request = open_activity_polls().at(0).request;
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.identity(), "me");
  EXPECT_EQ(request.task_queue().name(), "queue-1");
  EXPECT_EQ(request.task_queue().kind(), api::enums::TASK_QUEUE_KIND_NORMAL);
}

TEST_F(PollingTest, PollsOutlastTheServersMinute) {
  start();
  EXPECT_EQ(open_normal_polls().at(0).answer.options().timeout, 70s);
  EXPECT_EQ(open_sticky_polls().at(0).answer.options().timeout, 70s);
  EXPECT_EQ(open_activity_polls().at(0).answer.options().timeout, 70s);
}

TEST_F(PollingTest, AnEmptyAnswerAfterAMinutePollsAgainAtOnce) {
  start();
  loop_.advance(60s);
  give(test::WorkflowTask());
  give_to_sticky_queue(test::WorkflowTask());
  give(test::ActivityTask());
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
  EXPECT_THAT(open_sticky_polls(), SizeIs(4));
  EXPECT_THAT(open_activity_polls(), SizeIs(5));
  EXPECT_EQ(workflow_polls_sent(), 5 + 2);
  EXPECT_EQ(activity_polls_sent(), 5 + 1);
}

TEST_F(PollingTest, APollThatNobodyAnswersIsSentAgainWhenItsTimeIsUp) {
  start();
  loop_.advance(70s);
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
  EXPECT_THAT(open_activity_polls(), SizeIs(5));
  EXPECT_EQ(workflow_polls_sent(), 10);
}

// Something in between that answers everything with an empty success must not make the worker spin.
TEST_F(PollingTest, EmptyAnswersThatComeAtOnceAreNotAskedForWithoutPause) {
  options_.max_concurrent_workflow_task_polls = 2;
  options_.max_concurrent_activity_task_polls = 1;
  std::size_t polls = 0;
  server_.on<rpc::PollActivityTaskQueue>([&](const auto&, auto answer) {
    ++polls;
    ASSERT_LT(polls, 10'000) << "the worker spins";
    answer.with({});
  });
  start();
  loop_.advance(1min);
  EXPECT_LE(polls, 376);  // each 160 ms at the most often
  EXPECT_GE(polls, 100);
}

TEST_F(PollingTest, NeverMorePollsThanSlots) {
  options_.max_concurrent_activities = 3;
  start();
  EXPECT_THAT(open_activity_polls(), SizeIs(3));
}

TEST_F(PollingTest, WhileTheOnlySlotIsTakenThereIsNoActivityPoll) {
  options_.max_concurrent_activities = 1;
  start();
  EXPECT_THAT(open_activity_polls(), SizeIs(1));
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  loop_.advance(5min);
  EXPECT_THAT(open_activity_polls(), IsEmpty());
  EXPECT_EQ(activity_polls_sent(), 1);
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_THAT(open_activity_polls(), SizeIs(1));
}

TEST_F(PollingTest, RunningActivitiesAndOpenPollsTogetherNeverExceedTheSlots) {
  options_.max_concurrent_activities = 4;
  start();
  for (int which = 0; which < 3; ++which) {
    give(test::puppet_task(which));
    puppets_[static_cast<std::size_t>(which)].wait_until_performing();
    EXPECT_THAT(open_activity_polls(), SizeIs(3 - which));
  }
  puppets_[1].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_THAT(open_activity_polls(), SizeIs(2));
}

TEST_F(PollingTest, AWorkflowTaskKeepsTheNumberOfPolls) {
  start();
  give(test::workflow_task(test::begun("Waiting").build()));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 1);
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
  EXPECT_THAT(open_sticky_polls(), SizeIs(4));
}

}  // namespace
}  // namespace lifecycle::worker
