#include "worker/activity_threads.h"

#include <gtest/gtest.h>
#include <pthread.h>

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
    ASSERT_TRUE(threads.run([&] {
      all_are_running.arrive_and_wait();  // none goes on before all of them run
      all_have_ended.count_down();
    }));
  }
  all_have_ended.wait();
}

// A thread that has done its task may still be on its way back when the next task comes: then another one is made, but not for ever.
TEST(ActivityThreadsTest, AThreadIsUsedAgain) {
  ActivityThreads threads;
  std::set<std::thread::id> used;
  bool used_again = false;
  for (int i = 0; i < 1000 && !used_again; ++i) {
    const auto ended = std::make_shared<std::latch>(1);
    ASSERT_TRUE(threads.run([&, ended] {
      used_again = !used.insert(std::this_thread::get_id()).second;
      ended->count_down();
    }));
    ended->wait();
  }
  EXPECT_TRUE(used_again);
}

TEST(ActivityThreadsTest, DestroyingThemLeavesAThreadThatDoesNotReturnToItself) {
  const auto may_end = std::make_shared<std::latch>(1);
  const auto ended = std::make_shared<std::latch>(1);
  {
    ActivityThreads threads;
    ASSERT_TRUE(threads.run([may_end, ended] {
      may_end->wait();
      ended->count_down();
    }));
  }
  may_end->count_down();
  ended->wait();
}

TEST(ActivityThreadsTest, DestroyingThemRunsWhatWasGiven) {
  const auto ran = std::make_shared<std::latch>(50);
  {
    ActivityThreads threads;
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(threads.run([ran] { ran->count_down(); }));
    }
  }
  ran->wait();
}

// A stack that no address space has room for makes the system refuse the thread.
TEST(ActivityThreadsTest, AThreadThatTheSystemRefusesIsSaidAndTheNextOneRuns) {
  ActivityThreads threads;
  pthread_attr_t usual;
  pthread_attr_t too_large;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(pthread_getattr_default_np(&too_large), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&too_large, std::size_t{1} << 47), 0);
  ASSERT_EQ(pthread_setattr_default_np(&too_large), 0);
  EXPECT_FALSE(threads.run([] { ADD_FAILURE() << "there is no thread to run this on"; }));
  ASSERT_EQ(pthread_setattr_default_np(&usual), 0);
  std::latch ran(1);
  EXPECT_TRUE(threads.run([&] { ran.count_down(); }));
  ran.wait();
}

}  // namespace
}  // namespace lifecycle::worker
