#include "worker/last_will.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "converter/payload.h"
#include "tests/worker/worker_fixture.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using test::WorkerTest;
using testing::IsEmpty;
using testing::SizeIs;

api::Payloads details(const std::string& text) { return converter::to_payloads(text); }

class LastWillMemoryTest : public testing::Test {
 protected:
  std::unique_ptr<LastWillMemory> memory_ = *LastWillMemory::create();
};

TEST_F(LastWillMemoryTest, NothingIsLeftByAWorkerThatNeverBegan) { EXPECT_FALSE(memory_->read().has_value()); }

TEST_F(LastWillMemoryTest, AnIdleWorkerLeavesItsNamesAlone) {
  memory_->begin("me", "my queue");
  const std::optional<LastWill> will = memory_->read();
  ASSERT_TRUE(will.has_value());
  EXPECT_EQ(will->identity, "me");
  EXPECT_EQ(will->sticky_task_queue, "my queue");
  EXPECT_THAT(will->tasks, IsEmpty());
}

TEST_F(LastWillMemoryTest, ATaskUnderWayIsLeftWithItsNewestDetails) {
  memory_->begin("me", "");
  const WillEntry workflow_task = memory_->keep(TaskKind::kWorkflowTask, "token 1", 1);
  WillEntry activity = memory_->keep(TaskKind::kActivity, "token 2", 7);
  for (const char* each : {"one", "two", "three"}) {
    activity.set_details(details(each));
  }
  const std::vector<TaskWill> tasks = memory_->read()->tasks;
  ASSERT_THAT(tasks, SizeIs(2));
  EXPECT_EQ(tasks[0].kind, TaskKind::kWorkflowTask);
  EXPECT_EQ(tasks[0].task_token, "token 1");
  EXPECT_FALSE(tasks[0].newest_details.has_value());
  EXPECT_EQ(tasks[1].kind, TaskKind::kActivity);
  EXPECT_EQ(tasks[1].task_token, "token 2");
  EXPECT_EQ(tasks[1].attempt, 7);
  EXPECT_EQ(test::text_of(*tasks[1].newest_details), "three");
}

TEST_F(LastWillMemoryTest, ATaskThatIsAnsweredIsNotLeft) {
  memory_->begin("me", "");
  WillEntry kept = memory_->keep(TaskKind::kActivity, "token 1", 1);
  {
    const WillEntry scoped = memory_->keep(TaskKind::kActivity, "token 2", 1);
  }
  WillEntry moved = std::move(kept);
  EXPECT_THAT(memory_->read()->tasks, SizeIs(1));
  moved.revoke();
  moved.revoke();
  EXPECT_THAT(memory_->read()->tasks, IsEmpty());
}

TEST_F(LastWillMemoryTest, APlaceIsUsedAgainWithoutTheDetailsOfItsLastTask) {
  memory_->begin("me", "");
  memory_->keep(TaskKind::kActivity, "token 1", 1).set_details(details("old"));
  const WillEntry next = memory_->keep(TaskKind::kActivity, "token 2", 1);
  ASSERT_THAT(memory_->read()->tasks, SizeIs(1));
  EXPECT_FALSE(memory_->read()->tasks[0].newest_details.has_value());
}

TEST_F(LastWillMemoryTest, DetailsThatDoNotFitAreLeftToTheServersOwnRecord) {
  memory_->begin("me", "");
  WillEntry activity = memory_->keep(TaskKind::kActivity, "token", 1);
  activity.set_details(details("small"));
  activity.set_details(details(std::string(kWillDetailsBytesMax, 'x')));
  EXPECT_FALSE(memory_->read()->tasks[0].newest_details.has_value());
  activity.set_details(details("small again"));
  EXPECT_EQ(test::text_of(*memory_->read()->tasks[0].newest_details), "small again");
}

TEST_F(LastWillMemoryTest, NoMoreTasksAreLeftThanThereIsRoomFor) {
  memory_->begin("me", "");
  std::vector<WillEntry> kept;
  for (std::size_t i = 0; i < kWillsMax; ++i) {
    kept.push_back(memory_->keep(TaskKind::kActivity, "token", 1));
    ASSERT_TRUE(kept.back());
  }
  EXPECT_FALSE(memory_->keep(TaskKind::kActivity, "one too many", 1));
  kept.pop_back();
  EXPECT_TRUE(memory_->keep(TaskKind::kActivity, "fits again", 1));
}

TEST_F(LastWillMemoryTest, WhatDoesNotFitIsNotKept) {
  memory_->begin("me", "");
  EXPECT_FALSE(memory_->keep(TaskKind::kActivity, std::string(kWillTokenBytesMax + 1, 't'), 1));
  const std::unique_ptr<LastWillMemory> other = *LastWillMemory::create();
  other->begin(std::string(kWillNameBytesMax + 1, 'i'), "");
  EXPECT_FALSE(other->read().has_value());
}

TEST_F(LastWillMemoryTest, AWorkerThatStoppedLeavesNothing) {
  memory_->begin("me", "my queue");
  memory_->end();
  EXPECT_FALSE(memory_->read().has_value());
}

// The writer writes values that can be checked as fast as it can, until it is killed.
[[noreturn]] void write_until_killed(LastWillMemory& memory) {
  memory.begin("me", "my queue");
  for (std::int32_t round = 0;; ++round) {
    const std::string letter(1, static_cast<char>('a' + round % 26));
    WillEntry activity = memory.keep(TaskKind::kActivity, std::string(300, letter[0]), round);
    for (int beat = 0; beat < 5; ++beat) {
      activity.set_details(details(letter + std::string(static_cast<std::size_t>(1 + (round * 7 + beat) % 3000), letter[0])));
    }
  }
}

// Wherever the writer was, what is read belongs together.
TEST(LastWillAfterAKill, IsWholeOrNotThere) {
  int tasks_seen = 0;
  for (int kill_number = 0; kill_number < 100; ++kill_number) {
    const std::unique_ptr<LastWillMemory> memory = *LastWillMemory::create();
    const pid_t writer = ::fork();
    if (writer == 0) {
      write_until_killed(*memory);
    }
    ASSERT_GT(writer, 0);
    ::usleep(static_cast<useconds_t>(1000 + 37 * kill_number));
    ASSERT_EQ(::kill(writer, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(writer, &status, 0), writer);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended before it was killed";
    const std::optional<LastWill> will = memory->read();
    if (!will) {
      continue;  // killed before it began
    }
    ASSERT_LE(will->tasks.size(), 1U);
    for (const TaskWill& task : will->tasks) {
      ++tasks_seen;
      const char letter = static_cast<char>('a' + task.attempt % 26);
      EXPECT_EQ(task.task_token, std::string(300, letter));
      if (task.newest_details) {
        const std::string text = test::text_of(*task.newest_details);
        EXPECT_EQ(text, std::string(text.size(), letter));
      }
    }
  }
  EXPECT_GT(tasks_seen, 0) << "no kill hit a task under way: the test has shown nothing";
}

class WorkerWithLastWillTest : public WorkerTest {
 protected:
  WorkerWithLastWillTest() { options_.last_will = memory_.get(); }
  [[nodiscard]] std::vector<TaskWill> left() const { return memory_->read()->tasks; }

  std::unique_ptr<LastWillMemory> memory_ = *LastWillMemory::create();
};

TEST_F(WorkerWithLastWillTest, AnActivityIsLeftFromItsTaskToTheAnswerOfItsReport) {
  const auto reports = hold<rpc::RespondActivityTaskCompleted>();
  start();
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  ASSERT_THAT(left(), SizeIs(1));
  EXPECT_EQ(left()[0].task_token, "token of Puppet");
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_THAT(left(), SizeIs(1)) << "the report may be lost with the process";
  reports->front().with({});
  loop_.run_ready();
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(WorkerWithLastWillTest, ThrottledHeartbeatsAreLeftToo) {
  test::ActivityTask task = test::puppet_task();
  task.mutable_heartbeat_timeout()->set_seconds(60);
  start();
  give(task);
  puppets_[0].wait_until_performing();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat(std::string("sent")); });
  loop_.run_ready();
  puppets_[0].does([](ActivityContext& ctx) { ctx.heartbeat(std::string("throttled")); });
  loop_.run_ready();
  ASSERT_EQ(count<rpc::RecordActivityTaskHeartbeat>(), 1);
  EXPECT_EQ(test::text_of(*left()[0].newest_details), "throttled");
}

TEST_F(WorkerWithLastWillTest, TheLastAttemptThatIsAllowedIsLeftToItsTimeOuts) {
  test::ActivityTask task = test::puppet_task();
  task.mutable_retry_policy()->set_maximum_attempts(1);
  task.set_attempt(1);
  start();
  give(task);
  puppets_[0].wait_until_performing();
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(WorkerWithLastWillTest, AWorkflowTaskIsLeftUntilItsCompletionIsAnswered) {
  const auto completions = hold<rpc::RespondWorkflowTaskCompleted>();
  start();
  give(test::workflow_task(test::begun("Waiting").build()));
  ASSERT_THAT(left(), SizeIs(1));
  EXPECT_EQ(left()[0].kind, TaskKind::kWorkflowTask);
  completions->front().with({});
  loop_.run_ready();
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(WorkerWithLastWillTest, ALaterAttemptOfAWorkflowTaskIsSpacedByTheServer) {
  const auto completions = hold<rpc::RespondWorkflowTaskCompleted>();
  start();
  test::WorkflowTask task = test::workflow_task(test::begun("Waiting").build());
  task.set_attempt(2);
  give(task);
  EXPECT_THAT(left(), IsEmpty());
  completions->front().with({});
}

TEST_F(WorkerWithLastWillTest, AGracefulStopLeavesNothing) {
  start();
  worker_->begin_shutdown();
  loop_.wait_until([this] { return worker_->stopped(); });
  worker_.reset();
  EXPECT_FALSE(memory_->read().has_value());
}

}  // namespace
}  // namespace lifecycle::worker
