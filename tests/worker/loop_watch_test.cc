// When workflow code is called too slow, and a loop stuck.
#include "worker/loop_watch.h"

#include <gmock/gmock.h>

#include "tests/support/manual_event_loop.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;

TEST(StuckDetectorTest, WarnsOnceOfCodeThatRunsForTwoSeconds) {
  StuckDetector detector({.warn_after = 2s, .stuck_after = 30s});
  EXPECT_FALSE(detector.look(7, true).warn);
  int warnings = 0;
  for (int look = 1; look <= 20; ++look) {
    const StuckDetector::Finding finding = detector.look(7, true);
    warnings += finding.warn ? 1 : 0;
    EXPECT_EQ(finding.warn, finding.running == 2s);
  }
  EXPECT_EQ(warnings, 1);
}

TEST(StuckDetectorTest, ManyShortTasksAreNotOneLongOne) {
  StuckDetector detector({.warn_after = 2s});
  for (std::uint64_t sequence = 1; sequence < 100; ++sequence) {
    EXPECT_FALSE(detector.look(sequence, true).warn);
    EXPECT_FALSE(detector.look(sequence, true).warn);
    EXPECT_FALSE(detector.look(sequence, true).warn);
  }
}

TEST(StuckDetectorTest, CodeThatIsSlowAgainIsToldAgain) {
  StuckDetector detector({.warn_after = kLoopLookInterval});
  EXPECT_FALSE(detector.look(1, true).warn);
  EXPECT_TRUE(detector.look(1, true).warn);
  EXPECT_FALSE(detector.look(std::nullopt, true).warn);
  EXPECT_FALSE(detector.look(3, true).warn);
  EXPECT_TRUE(detector.look(3, true).warn);
}

TEST(StuckDetectorTest, ALoopThatDoesNotMoveIsNotLiveOnlyAfterTheBound) {
  StuckDetector detector({.warn_after = 2s, .stuck_after = 30s});
  for (Duration silent = kLoopLookInterval; silent < 30s; silent += kLoopLookInterval) {
    EXPECT_TRUE(detector.look(std::nullopt, false).live);
  }
  EXPECT_FALSE(detector.look(std::nullopt, false).live);
  EXPECT_TRUE(detector.look(std::nullopt, true).live);
  EXPECT_TRUE(detector.look(std::nullopt, false).live);
}

// With its thread: a loop that nobody turns, and then somebody does.
TEST(LoopWatchTest, TakesLiveAwayFromALoopThatIsNotTurnedAndGivesItBack) {
  test::ManualEventLoop loop;
  Health health;
  const RunningCode code;
  const Logger log = Logger::silent();
  const LoopWatch watch(loop, health, code, log, {.warn_after = 2s, .stuck_after = kLoopLookInterval});
  const auto is_live = [&health] { return health.get(HealthService::kLive).serving; };
  while (is_live()) {
    std::this_thread::yield();
  }
  EXPECT_THAT(health.get(HealthService::kLive).reason, testing::HasSubstr("has not moved for"));
  while (!is_live()) {
    loop.run_ready();
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace lifecycle::worker
