// The memory that outlives a worker: whatever instruction the worker dies at, what is read is true or not there.
#include "worker/last_will.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <set>

#include "base/random.h"
#include "converter/payload.h"

namespace lifecycle::worker {
namespace {

using testing::SizeIs;

api::Payloads payloads(const std::string& text) { return converter::to_payloads(text); }

std::string text_of(const std::optional<api::Payloads>& details) {
  return details && details->payloads_size() == 1 ? details->payloads(0).data() : "nothing";
}

class LastWillTest : public testing::Test {
 protected:
  LastWillMemory memory_ = *LastWillMemory::create();
  LastWillWriter writer_{memory_};
};

TEST_F(LastWillTest, IsEmptyAtFirst) { EXPECT_TRUE(memory_.read().empty()); }

TEST_F(LastWillTest, SaysWhoWroteItUntilItIsWithdrawn) {
  writer_.introduce("7@host", "7@host:sticky");
  EXPECT_EQ(memory_.read().identity, "7@host");
  EXPECT_EQ(memory_.read().sticky_task_queue, "7@host:sticky");
  writer_.withdraw();
  EXPECT_TRUE(memory_.read().empty());
}

TEST_F(LastWillTest, HoldsATaskForAsLongAsItsEntryLives) {
  {
    const LastWillEntry entry = writer_.record(TaskKind::kWorkflowTask, "token", 3);
    const LastWill will = memory_.read();
    ASSERT_THAT(will.tasks, SizeIs(1));
    EXPECT_EQ(will.tasks[0].kind, TaskKind::kWorkflowTask);
    EXPECT_EQ(will.tasks[0].token, "token");
    EXPECT_EQ(will.tasks[0].attempt, 3);
    EXPECT_FALSE(will.tasks[0].details.has_value());
  }
  EXPECT_TRUE(memory_.read().empty());
}

TEST_F(LastWillTest, HoldsTheNewestDetailsOfAnActivity) {
  LastWillEntry entry = writer_.record(TaskKind::kActivity, "token", 1);
  for (int beat = 1; beat <= 5; ++beat) {
    entry.set_details(payloads(std::to_string(beat)));
    EXPECT_EQ(text_of(memory_.read().tasks.at(0).details), '"' + std::to_string(beat) + '"');
  }
}

TEST_F(LastWillTest, ATaskDoesNotInheritTheDetailsOfTheOneBefore) {
  writer_.record(TaskKind::kActivity, "first", 1).set_details(payloads("of the first"));
  const LastWillEntry second = writer_.record(TaskKind::kActivity, "second", 1);
  EXPECT_FALSE(memory_.read().tasks.at(0).details.has_value());
}

TEST_F(LastWillTest, DetailsTooLargeLeaveTheServersInForceAndNotOlderOnes) {
  LastWillEntry entry = writer_.record(TaskKind::kActivity, "token", 1);
  entry.set_details(payloads("small"));
  entry.set_details(payloads(std::string(kLastWillDetailsBytesMax, 'x')));
  EXPECT_FALSE(memory_.read().tasks.at(0).details.has_value());
  entry.set_details(payloads("small again"));
  EXPECT_EQ(text_of(memory_.read().tasks.at(0).details), "\"small again\"");
}

TEST_F(LastWillTest, ATokenTooLargeIsNotRemembered) {
  EXPECT_FALSE(writer_.record(TaskKind::kActivity, std::string(kLastWillTokenBytesMax + 1, 'x'), 1).remembered());
  EXPECT_TRUE(writer_.record(TaskKind::kActivity, std::string(kLastWillTokenBytesMax, 'x'), 1).remembered());
}

TEST_F(LastWillTest, WhenItIsFullFurtherTasksAreNotRememberedUntilOneIsOver) {
  std::vector<LastWillEntry> entries;
  for (std::size_t i = 0; i < kLastWillTasksMax; ++i) {
    entries.push_back(writer_.record(TaskKind::kActivity, std::to_string(i), 1));
  }
  EXPECT_FALSE(writer_.record(TaskKind::kActivity, "one too many", 1).remembered());
  entries.pop_back();
  EXPECT_TRUE(writer_.record(TaskKind::kActivity, "fits", 1).remembered());
  EXPECT_THAT(memory_.read().tasks, SizeIs(kLastWillTasksMax - 1));
}

TEST_F(LastWillTest, AMovedEntryIsForgottenOnce) {
  LastWillEntry first = writer_.record(TaskKind::kActivity, "token", 1);
  LastWillEntry second = std::move(first);
  first.forget();
  EXPECT_THAT(memory_.read().tasks, SizeIs(1));
  second = writer_.record(TaskKind::kActivity, "other", 1);
  ASSERT_THAT(memory_.read().tasks, SizeIs(1));
  EXPECT_EQ(memory_.read().tasks[0].token, "other");
}

// A write is stopped after each of its words in turn, from either end: what is read is what was there before or what is there afterwards,
// or, for a task that begins or ends, nothing.
class TornWriteTest : public LastWillTest {
 protected:
  using Image = std::vector<std::byte>;
  static constexpr std::size_t kWord = 8;

  [[nodiscard]] Image image() const {
    const std::span<std::byte> bytes = memory_.bytes();
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(kImageBytes)};
  }
  [[nodiscard]] std::string seen() const {
    std::string text;
    for (const UnfinishedTask& task : memory_.read().tasks) {
      text += task.token + ":" + text_of(task.details) + ";";
    }
    return text;
  }
  // All that can be seen while `before` becomes `after`.
  std::set<std::string> seen_between(const Image& before, const Image& after) {
    std::vector<std::size_t> changed;
    for (std::size_t at = 0; at < before.size(); at += kWord) {
      if (std::memcmp(&before[at], &after[at], kWord) != 0) {
        changed.push_back(at);
      }
    }
    std::set<std::string> all;
    for (int direction = 0; direction < 2; ++direction) {
      std::ranges::copy(before, memory_.bytes().begin());
      all.insert(seen());
      for (const std::size_t at : changed) {
        std::memcpy(&memory_.bytes()[at], &after[at], kWord);
        all.insert(seen());
      }
      std::ranges::reverse(changed);
    }
    return all;
  }

 private:
  static constexpr std::size_t kImageBytes = std::size_t{4096} + std::size_t{36} * 1024;  // the introduction and the first task
};

TEST_F(TornWriteTest, HalfWrittenDetailsLeaveTheOnesBefore) {
  LastWillEntry entry = writer_.record(TaskKind::kActivity, "token", 1);
  entry.set_details(payloads("the first details, long enough for several words"));
  entry.set_details(payloads("the second details, long enough for several words"));
  const Image before = image();
  entry.set_details(payloads("the third details, long enough for several words too"));
  EXPECT_THAT(seen_between(before, image()),
              testing::UnorderedElementsAre("token:\"the second details, long enough for several words\";",
                                            "token:\"the third details, long enough for several words too\";"));
}

TEST_F(TornWriteTest, AHalfWrittenTaskIsNotThere) {
  writer_.record(TaskKind::kActivity, "an older task, whose bytes are still there", 1).set_details(payloads("its details"));
  const Image before = image();
  const LastWillEntry entry = writer_.record(TaskKind::kActivity, "a newer task, with a token that is longer", 1);
  EXPECT_THAT(seen_between(before, image()), testing::UnorderedElementsAre("", "a newer task, with a token that is longer:nothing;"));
}

TEST_F(TornWriteTest, ATaskThatIsHalfForgottenIsThereOrNot) {
  LastWillEntry entry = writer_.record(TaskKind::kActivity, "token", 1);
  const Image before = image();
  entry.forget();
  EXPECT_THAT(seen_between(before, image()), testing::UnorderedElementsAre("token:nothing;", ""));
}

TEST_F(TornWriteTest, AByteThatACrashingWorkerScribbledOnIsNoticed) {
  LastWillEntry entry = writer_.record(TaskKind::kActivity, "token", 1);
  entry.set_details(payloads("details"));
  const std::set<std::string> harmless{"token:\"details\";", "token:nothing;", ""};
  for (std::size_t at = 0; at < image().size(); ++at) {
    memory_.bytes()[at] ^= std::byte{0x41};
    EXPECT_THAT(harmless, testing::Contains(seen())) << "byte " << at;
    memory_.bytes()[at] ^= std::byte{0x41};
  }
  EXPECT_EQ(seen(), "token:\"details\";");
}

// The real thing: a process that records, beats and forgets as fast as it can is killed, over and over.
class KilledWriterTest : public LastWillTest {
 protected:
  static constexpr int kKills = 200;

  // Every text tells what belongs to what.
  [[noreturn]] void write_for_ever() {
    for (std::uint64_t number = 0;; ++number) {
      LastWillEntry entry = writer_.record(TaskKind::kActivity, filled("task ", number), 1);
      for (int beat = 0; beat < 4; ++beat) {
        entry.set_details(payloads(filled("task ", number)));
      }
    }
  }
  static std::string filled(const char* prefix, std::uint64_t number) {
    std::string text;
    for (std::uint64_t i = 0; i < 20 + number % 30; ++i) {
      text += prefix + std::to_string(number) + " ";
    }
    return text;
  }
};

TEST_F(KilledWriterTest, LeavesWholeTasksWithTheirOwnDetails) {
  RandomStream random = entropy_stream();
  int with_task = 0;
  int with_details = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      write_for_ever();
    }
    ::usleep(static_cast<useconds_t>(200 + random.below(3000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    for (const UnfinishedTask& task : memory_.read().tasks) {
      ++with_task;
      const std::uint64_t number = std::stoull(task.token.substr(5));
      ASSERT_EQ(task.token, filled("task ", number));
      if (task.details) {
        ++with_details;
        ASSERT_EQ(text_of(task.details), '"' + task.token + '"');
      }
    }
  }
  std::printf("%d kills: a task was left %d times, with details %d times\n", kKills, with_task, with_details);
  EXPECT_GT(with_details, 0) << "the kills came when nothing was recorded, and prove nothing";
}

}  // namespace
}  // namespace lifecycle::worker
