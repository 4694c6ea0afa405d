#include "worker/activity_threads.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <set>
#include <thread>

namespace lifecycle::worker {
namespace {

TEST(ActivityThreadsTest, AsManyTasksRunAtOnceAsAreGiven) {
  ActivityThreads threads;
  constexpr int kTasks = 20;
  std::latch all_are_running(kTasks);
  std::latch all_have_ended(kTasks);
  for (int i = 0; i < kTasks; ++i) {
    threads.run([&] {
      all_are_running.arrive_and_wait();  // none goes on before all of them run
      all_have_ended.count_down();
    });
  }
  all_have_ended.wait();
}

// Tasks run one after the other, each given when the one before it has been destroyed: its thread waits then, or is about to.
TEST(ActivityThreadsTest, AThreadIsUsedAgain) {
  ActivityThreads threads;
  constexpr int kTasks = 100;
  std::mutex mutex;
  std::set<std::thread::id> used;
  for (int i = 0; i < kTasks; ++i) {
    std::latch ended(1);
    const std::shared_ptr<void> held_by_task(nullptr, [&](void*) { ended.count_down(); });
    threads.run([&, held = std::shared_ptr(held_by_task)] {
      const std::scoped_lock lock(mutex);
      used.insert(std::this_thread::get_id());
    });
    const_cast<std::shared_ptr<void>&>(held_by_task).reset();
    ended.wait();
  }
  const std::scoped_lock lock(mutex);
  EXPECT_LT(used.size(), kTasks);
}

TEST(ActivityThreadsTest, DestroyingThemLeavesAThreadThatDoesNotReturnToItself) {
  const auto may_end = std::make_shared<std::latch>(1);
  const auto ended = std::make_shared<std::latch>(1);
  {
    ActivityThreads threads;
    threads.run([may_end, ended] {
      may_end->wait();
      ended->count_down();
    });
  }
  may_end->count_down();
  ended->wait();
}

TEST(ActivityThreadsTest, DestroyingThemRunsWhatWasGiven) {
  const auto ran = std::make_shared<std::latch>(50);
  {
    ActivityThreads threads;
    for (int i = 0; i < 50; ++i) {
      threads.run([ran] { ran->count_down(); });
    }
  }
  ran->wait();
}

TEST(ActivityThreadsTest, WithoutATaskThereIsNoThreadToWaitFor) { const ActivityThreads threads; }

}  // namespace
}  // namespace lifecycle::worker
