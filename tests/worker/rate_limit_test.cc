// How many tasks a worker takes in a second.
#include "worker/rate_limit.h"

#include "tests/worker/worker_fixture.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using test::WorkerTest;
using testing::IsEmpty;
using testing::SizeIs;

constexpr SteadyTime kStart{1h};

TEST(RateLimitTest, ZeroIsNoLimit) {
  RateLimit limit(0);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_FALSE(limit.try_take(kStart));
    limit.use();
  }
}

TEST(RateLimitTest, ASecondsWorthAtOnceAndThenAtTheRate) {
  RateLimit limit(4);
  for (int i = 0; i < 4; ++i) {
    ASSERT_FALSE(limit.try_take(kStart));
    limit.use();
  }
  EXPECT_EQ(limit.try_take(kStart), 250ms);
  EXPECT_FALSE(limit.try_take(kStart + 250ms));
  limit.use();
  EXPECT_EQ(limit.try_take(kStart + 350ms), 150ms);
}

TEST(RateLimitTest, LessThanOneASecond) {
  RateLimit limit(0.1);
  EXPECT_FALSE(limit.try_take(kStart));
  limit.use();
  EXPECT_EQ(limit.try_take(kStart), 10s);
  EXPECT_FALSE(limit.try_take(kStart + 10s));
}

TEST(RateLimitTest, WhatOpenPollsHoldDoesNotGrowAgain) {
  RateLimit limit(2);
  EXPECT_FALSE(limit.try_take(kStart));
  EXPECT_FALSE(limit.try_take(kStart));
  EXPECT_EQ(limit.try_take(kStart + 1h), Duration::max()) << "else two idle hours could end in a burst of thousands";
  limit.give_back();
  EXPECT_FALSE(limit.try_take(kStart + 1h));
}

class LimitedWorkerTest : public WorkerTest {};

// Every poll is answered with a task at once, and every task takes no time.
TEST_F(LimitedWorkerTest, NeverBeginsMoreThanItMay) {
  options_.max_activities_per_second = 5;
  std::vector<SteadyTime> begun;
  server_.on<rpc::PollActivityTaskQueue>([&](const auto&, auto answer) {
    begun.push_back(loop_.clock().steady_now());
    answer.with(test::activity_task("unknown, so it fails at once"));
  });
  start();
  loop_.advance(20s);
  EXPECT_GE(begun.size(), 5U * 20);
  EXPECT_LE(begun.size(), 5U * 20 + 5 + 1);
  for (std::size_t i = 10; i < begun.size(); ++i) {
    ASSERT_GE(begun[i] - begun[i - 10], 1s) << "more than the burst and the rate in one second, at " << i;
  }
}

TEST_F(LimitedWorkerTest, IdlePollsAreAsManyAsMayBringATask) {
  options_.max_activities_per_second = 2;
  server_.always_answer<rpc::DescribeNamespace>();
  start();
  loop_.advance(30s);
  EXPECT_THAT(open_activity_polls(), SizeIs(2));
  EXPECT_EQ(activity_polls_sent(), 2);
}

TEST_F(LimitedWorkerTest, EmptyAnswersCostNoLeave) {
  options_.max_activities_per_second = 0.01;
  start();
  loop_.advance(60s);
  give(test::ActivityTask());
  EXPECT_THAT(open_activity_polls(), SizeIs(1));
  open_activity_polls().at(0).answer.fail({.code = rpc::StatusCode::kUnavailable});
  loop_.advance(250ms);  // the first back-off, with what chance may add
  EXPECT_THAT(open_activity_polls(), SizeIs(1));
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  loop_.advance(90s);
  EXPECT_THAT(open_activity_polls(), IsEmpty());
}

TEST_F(LimitedWorkerTest, TheQueuesRateIsForTheServer) {
  options_.max_task_queue_activities_per_second = 2.5;
  start();
  EXPECT_THAT(open_activity_polls(), SizeIs(5));
  EXPECT_EQ(open_activity_polls().at(0).request.task_queue_metadata().max_tasks_per_second().value(), 2.5);
  EXPECT_FALSE(open_normal_polls().empty());
}

TEST_F(LimitedWorkerTest, WithoutOneTheServerIsToldNone) {
  start();
  EXPECT_FALSE(open_activity_polls().at(0).request.has_task_queue_metadata());
}

TEST_F(LimitedWorkerTest, WorkflowTasksNeverExceedTheirSlots) {
  options_.max_concurrent_workflow_tasks = 2;
  const auto completions = hold<rpc::RespondWorkflowTaskCompleted>();
  start();
  EXPECT_EQ(open_normal_polls().size() + open_sticky_polls().size(), 2U);
  give(test::workflow_task(test::begun("Waiting").build(), "run-1"));
  EXPECT_EQ(open_normal_polls().size() + open_sticky_polls().size(), 1U);
}

}  // namespace
}  // namespace lifecycle::worker
