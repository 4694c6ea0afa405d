#include "coro/coroutine.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lifecycle::coro {
namespace {

// Suspends the coroutine that awaits it until the test wakes it: what an activity or a timer is to a workflow.
class Gate {
 public:
  struct Awaiter {
    Gate* gate;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const { gate->waiters_.push_back(waiter); }
    void await_resume() const noexcept {}
  };
  Awaiter operator co_await() { return {this}; }
  void open(Scheduler& scheduler) {
    for (const std::coroutine_handle<> waiter : std::exchange(waiters_, {})) {
      scheduler.make_ready(waiter);
    }
  }

 private:
  std::vector<std::coroutine_handle<>> waiters_;
};

// Counts how many of its kind are alive, to see that each is destroyed exactly once.
class Counted {
 public:
  explicit Counted(int& alive) : alive_(&alive) { ++*alive_; }
  Counted(const Counted& other) : alive_(other.alive_) { ++*alive_; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --*alive_; }

 private:
  int* alive_;
};

void run(Scheduler& scheduler) {
  scheduler.run_until_blocked([] { return false; });
}

template <class T>
T run_to_end(Coroutine<T> coroutine) {
  Scheduler scheduler;
  coroutine.start(scheduler);
  run(scheduler);
  EXPECT_TRUE(coroutine.finished());
  return coroutine.take();
}

Coroutine<int> at_once(int value) { co_return value; }

// Where the machine's stack is when the coroutine runs.
Coroutine<std::uintptr_t> stack_position_in_child() { co_return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

Coroutine<std::vector<std::uintptr_t>> stack_positions_of_children(int children) {
  std::vector<std::uintptr_t> positions;
  for (int i = 0; i < children; ++i) {
    const std::uintptr_t position = co_await stack_position_in_child();
    positions.push_back(position);
  }
  co_return positions;
}

TEST(CoroutineTest, TenThousandAwaitsInARowDoNotGrowTheStack) {
  const std::vector<std::uintptr_t> positions = run_to_end(stack_positions_of_children(10'000));
  ASSERT_EQ(positions.size(), 10'000U);
  for (const std::uintptr_t position : positions) {
    ASSERT_EQ(position, positions.front());
  }
}

Coroutine<int> passes_gates(Gate* gate, int times) {
  int passed = 0;
  while (passed < times) {
    co_await *gate;
    ++passed;
  }
  co_return passed;
}

TEST(CoroutineTest, StaysSuspendedInALoopUntilItIsMadeReady) {
  Scheduler scheduler;
  Gate gate;
  Coroutine<int> coroutine = passes_gates(&gate, 100);
  coroutine.start(scheduler);
  for (int i = 0; i < 100; ++i) {
    run(scheduler);
    ASSERT_FALSE(coroutine.finished());
    gate.open(scheduler);
  }
  run(scheduler);
  ASSERT_TRUE(coroutine.finished());
  EXPECT_EQ(coroutine.take(), 100);
}

Coroutine<void> notes_that_it_ran([[maybe_unused]] Counted argument, std::vector<std::string>* log) {
  log->push_back("ran");
  co_return;
}

TEST(CoroutineTest, DoesNotRunBeforeItIsStarted) {
  int alive = 0;
  std::vector<std::string> log;
  {
    const Coroutine<void> never_started = notes_that_it_ran(Counted(alive), &log);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(alive, 0);
}

Coroutine<int> throws_at_the_bottom(int* alive) {
  const Counted counted(*alive);
  const int value = co_await at_once(1);
  if (value == 1) {
    throw std::invalid_argument("from the bottom");
  }
  co_return value;
}

Coroutine<int> passes_through(int* alive) {
  const Counted counted(*alive);
  const int value = co_await throws_at_the_bottom(alive);
  co_return value;
}

Coroutine<std::string> catches_at_the_top(int* alive) {
  const Counted counted(*alive);
  std::string caught;
  try {
    const int value = co_await passes_through(alive);
    caught = std::to_string(value);
  } catch (const std::invalid_argument& error) {
    caught = error.what();
  }
  co_return caught;
}

TEST(CoroutineTest, AnExceptionPassesThroughThreeFramesAndUnwindsThem) {
  int alive = 0;
  EXPECT_EQ(run_to_end(catches_at_the_top(&alive)), "from the bottom");
  EXPECT_EQ(alive, 0);
}

TEST(CoroutineTest, AnExceptionThatNobodyCatchesIsThrownByTake) {
  int alive = 0;
  EXPECT_THROW(run_to_end(passes_through(&alive)), std::invalid_argument);
  EXPECT_EQ(alive, 0);
}

Coroutine<void> holds_while_waiting(Gate* gate, Counted argument) {
  const auto on_the_heap = std::make_unique<Counted>(argument);
  co_await *gate;
}

TEST(CoroutineTest, DestroyedWhileSuspendedItDestroysLocalsAndArgumentsOnce) {
  int alive = 0;
  Gate gate;
  {
    Scheduler scheduler;
    Coroutine<void> coroutine = holds_while_waiting(&gate, Counted(alive));
    coroutine.start(scheduler);
    run(scheduler);
    EXPECT_FALSE(coroutine.finished());
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

Coroutine<int> nested(Gate* gate, int depth, int* alive) {
  const Counted counted(*alive);
  if (depth == 0) {
    co_await *gate;
    co_return 0;
  }
  const int below = co_await nested(gate, depth - 1, alive);
  co_return below + 1;
}

TEST(CoroutineTest, DestroyingTheOutermostOfAChainDestroysTheWholeChain) {
  int alive = 0;
  Gate gate;
  {
    Scheduler scheduler;
    Coroutine<int> outermost = nested(&gate, 500, &alive);
    outermost.start(scheduler);
    run(scheduler);
    EXPECT_EQ(alive, 501);
  }
  EXPECT_EQ(alive, 0);
}

TEST(CoroutineTest, AChainThatIsResumedAtItsBottomReturnsToItsTop) {
  int alive = 0;
  Gate gate;
  Scheduler scheduler;
  Coroutine<int> outermost = nested(&gate, 500, &alive);
  outermost.start(scheduler);
  run(scheduler);
  gate.open(scheduler);
  run(scheduler);
  ASSERT_TRUE(outermost.finished());
  EXPECT_EQ(outermost.take(), 500);
  EXPECT_EQ(alive, 0);
}

Coroutine<std::unique_ptr<std::string>> move_only() { co_return std::make_unique<std::string>("moved"); }

Coroutine<void> appends(std::vector<std::string>* log, std::string what) {
  log->push_back(std::move(what));
  co_return;
}

Coroutine<std::string> awaits_each_kind(std::vector<std::string>* log) {
  co_await appends(log, "void");
  const std::unique_ptr<std::string> moved = co_await move_only();
  Coroutine<int> kept = at_once(7);
  const int number = co_await kept;
  co_return *moved + " " + std::to_string(number);
}

TEST(CoroutineTest, ReturnsNothingAndMoveOnlyAndPlainValues) {
  std::vector<std::string> log;
  EXPECT_EQ(run_to_end(awaits_each_kind(&log)), "moved 7");
  EXPECT_EQ(log, std::vector<std::string>{"void"});
}

Coroutine<std::string> awaits_twice() {
  Coroutine<int> child = at_once(7);
  const int first = co_await child;
  std::string refused;
  try {
    const int second = co_await child;
    refused = std::to_string(second);
  } catch (const std::logic_error& error) {
    refused = error.what();
  }
  co_return std::to_string(first) + ", " + refused;
}

TEST(CoroutineTest, RefusesToBeAwaitedTwiceWithAnExceptionThatSaysSo) {
  EXPECT_EQ(run_to_end(awaits_twice()), "7, a coroutine was awaited twice: keep its result in a variable");
}

Coroutine<std::string> awaits_what_was_moved_away() {
  Coroutine<int> child = at_once(7);
  const Coroutine<int> elsewhere = std::move(child);
  std::string refused;
  try {
    const int value = co_await child;  // NOLINT(bugprone-use-after-move): what the test is about
    refused = std::to_string(value);
  } catch (const std::logic_error& error) {
    refused = error.what();
  }
  co_return refused;
}

TEST(CoroutineTest, RefusesToBeAwaitedWhenItWasMovedAway) {
  EXPECT_EQ(run_to_end(awaits_what_was_moved_away()), "an empty coroutine was awaited: it was moved from, or never made");
}

Coroutine<void> notes_each_turn(Gate* gate, std::vector<std::string>* log, std::string name) {
  for (int turn = 1; turn <= 3; ++turn) {
    log->push_back(name + std::to_string(turn));
    co_await *gate;
  }
}

TEST(SchedulerTest, ResumesInTheOrderInWhichCoroutinesBecameReady) {
  std::vector<std::string> log;
  Gate gate;
  Scheduler scheduler;
  Coroutine<void> a = notes_each_turn(&gate, &log, "a");
  Coroutine<void> b = notes_each_turn(&gate, &log, "b");
  b.start(scheduler);
  a.start(scheduler);
  for (int turn = 0; turn < 3; ++turn) {
    run(scheduler);
    gate.open(scheduler);
  }
  run(scheduler);
  EXPECT_EQ(log, (std::vector<std::string>{"b1", "a1", "b2", "a2", "b3", "a3"}));
}

TEST(SchedulerTest, StopsWhenEnoughIsDoneAndForgetsTheRest) {
  std::vector<std::string> log;
  Gate gate;
  Scheduler scheduler;
  Coroutine<void> a = notes_each_turn(&gate, &log, "a");
  Coroutine<void> b = notes_each_turn(&gate, &log, "b");
  a.start(scheduler);
  b.start(scheduler);
  scheduler.run_until_blocked([&log] { return !log.empty(); });
  run(scheduler);
  EXPECT_EQ(log, std::vector<std::string>{"a1"});
}

}  // namespace
}  // namespace lifecycle::coro
