#include "rpc/grpc_event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "rpc/timer_queue.h"

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class GrpcEventLoopTest : public testing::Test {
 protected:
  Task note(int number) {
    return [this, number] { order_.push_back(number); };
  }
  void run_until_noted(std::size_t count) {
    loop_.run_until([this, count] { return order_.size() >= count; });
  }

  GrpcEventLoop loop_{system_clock()};
  std::vector<int> order_;
};

TEST_F(GrpcEventLoopTest, PostedTasksRunInOrderOnTheRunningThread) {
  loop_.post(note(1));
  loop_.post([this] {
    order_.push_back(2);
    loop_.post(note(4));
  });
  loop_.post(note(3));
  EXPECT_TRUE(order_.empty());
  run_until_noted(4);
  EXPECT_THAT(order_, ElementsAre(1, 2, 3, 4));
}

TEST_F(GrpcEventLoopTest, RunUntilAsksBeforeTheFirstEventAndAfterEach) {
  loop_.run_until([] { return true; });
  loop_.post(note(1));
  loop_.post(note(2));
  run_until_noted(1);
  EXPECT_THAT(order_, ElementsAre(1));
  run_until_noted(2);
}

TEST_F(GrpcEventLoopTest, TimersRunInTheOrderInWhichTheyAreDue) {
  loop_.schedule(3ms, note(3));
  loop_.schedule(1ms, note(1));
  loop_.schedule(2ms, note(2));
  run_until_noted(3);
  EXPECT_THAT(order_, ElementsAre(1, 2, 3));
}

TEST_F(GrpcEventLoopTest, ATimerNeverRunsEarly) {
  const SteadyTime began = loop_.clock().steady_now();
  loop_.schedule(5ms, note(1));
  run_until_noted(1);
  EXPECT_GE(loop_.clock().steady_now() - began, 5ms);
}

TEST_F(GrpcEventLoopTest, ACancelledTimerDoesNotRunEvenWhenItIsDueAlready) {
  TimerId second = TimerId::kNone;
  loop_.schedule(0ms, [this, &second] {
    order_.push_back(1);
    loop_.cancel(second);
  });
  second = loop_.schedule(0ms, note(2));
  loop_.schedule(1ms, note(3));
  run_until_noted(2);
  EXPECT_THAT(order_, ElementsAre(1, 3));
  loop_.cancel(second);
  loop_.cancel(TimerId::kNone);
}

TEST_F(GrpcEventLoopTest, TasksThatPostTasksForeverDoNotStarveTimers) {
  bool stopped = false;
  const std::function<void()> forever = [&] {
    if (!stopped) {
      loop_.post([&] { forever(); });
    }
  };
  forever();
  loop_.schedule(1ms, note(1));
  run_until_noted(1);
  stopped = true;
}

TEST_F(GrpcEventLoopTest, TimersThatStartTimersForeverDoNotStarveTasks) {
  bool stopped = false;
  const std::function<void()> forever = [&] {
    if (!stopped) {
      loop_.schedule(0ms, [&] { forever(); });
    }
  };
  forever();
  loop_.schedule(0ms, [this] { loop_.post(note(1)); });
  run_until_noted(1);
  stopped = true;
}

TEST_F(GrpcEventLoopTest, AnyThreadMayPostToASleepingLoop) {
  constexpr int kThreads = 4;
  constexpr int kTasksEach = 500;
  int ran = 0;
  const std::thread::id runner = std::this_thread::get_id();
  bool always_here = true;
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kTasksEach; ++j) {
        loop_.post([&] {
          ++ran;
          always_here = always_here && std::this_thread::get_id() == runner;
        });
      }
    });
  }
  loop_.run_until([&] { return ran == kThreads * kTasksEach; });
  EXPECT_TRUE(always_here);
}

TEST_F(GrpcEventLoopTest, ALoopThatFellAsleepAgainIsWokenAgain) {
  // Each task is posted only once the one before has run, so that the loop sleeps in between.
  constexpr int kRounds = 200;
  std::atomic<int> ran = 0;
  const std::jthread poster([&] {
    for (int round = 0; round < kRounds; ++round) {
      loop_.post([&] {
        ++ran;
        ran.notify_one();
      });
      ran.wait(round);
    }
  });
  loop_.run_until([&] { return ran == kRounds; });
  EXPECT_EQ(ran, kRounds);
}

TEST_F(GrpcEventLoopTest, DestroyingALoopDropsWhatHasNotHappened) {
  auto loop = std::make_unique<GrpcEventLoop>(system_clock());
  loop->post(note(1));
  loop->schedule(0ms, note(2));
  loop.reset();
  EXPECT_TRUE(order_.empty());
}

TEST(TimerQueueTest, EqualTimesKeepTheirOrderAndRemovedTimersAreGone) {
  TimerQueue timers;
  std::vector<int> order;
  const SteadyTime due{10s};
  timers.add(due, [&] { order.push_back(1); });
  const TimerId removed = timers.add(due, [&] { order.push_back(2); });
  timers.add(due, [&] { order.push_back(3); });
  timers.remove(removed);
  timers.remove(removed);
  EXPECT_EQ(timers.size(), 2U);
  EXPECT_FALSE(timers.take_due(due - 1ns).has_value());
  while (auto task = timers.take_due(due)) {
    (*task)();
  }
  EXPECT_THAT(order, ElementsAre(1, 3));
  EXPECT_FALSE(timers.next_due().has_value());
}

}  // namespace
}  // namespace lifecycle::rpc
