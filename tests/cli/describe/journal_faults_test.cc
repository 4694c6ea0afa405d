#include "cli/describe/journal_faults.h"

#include <gmock/gmock.h>

#include "tests/cli/describe/stories.h"

namespace lifecycle::cli {
namespace {

using chaos::FaultKind;
using chaos::JournalEntry;
using chaos::JournalEvent;
using chaos::TargetKind;
using test::at;

JournalEntry entry(const std::string& id, JournalEvent event, double seconds) {
  return {.time = at(seconds),
          .id = id,
          .event = event,
          .fault = FaultKind::kPause,
          .target = TargetKind::kProcess,
          .name = "4711",
          .node = "vm",
          .worker_identity = "4711@vm/v1#ab",
          .version = "v1",
          .workflow_ids = {"order-1"}};
}

TEST(JournalFaults, one_fault_is_told_from_all_lines_of_its_id) {
  const std::vector<JournalEntry> entries{entry("a/1", JournalEvent::kPlanned, 1), entry("b/1", JournalEvent::kPlanned, 2),
                                          entry("a/1", JournalEvent::kInjected, 3), entry("a/1", JournalEvent::kProven, 4),
                                          entry("a/1", JournalEvent::kUndone, 9)};
  const std::vector<Fault> faults = faults_in(entries);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].time, at(3)) << "when it was done";
  EXPECT_EQ(faults[0].healed, at(9));
  EXPECT_EQ(faults[0].action, "pause");
  EXPECT_EQ(faults[0].target, "process 4711");
  EXPECT_EQ(faults[0].outcome, "proven");
  EXPECT_EQ(faults[0].worker_identity, "4711@vm/v1#ab");
  EXPECT_THAT(faults[0].workflow_ids, testing::ElementsAre("order-1"));
  EXPECT_EQ(faults[1].outcome, "planned");
  EXPECT_FALSE(faults[1].healed);
}

TEST(JournalFaults, one_that_could_not_be_proven_says_why) {
  JournalEntry unproven = entry("a/1", JournalEvent::kUnproven, 2);
  unproven.message = "the process lives on";
  EXPECT_EQ(faults_in(std::vector{unproven}).front().outcome, "not proven: the process lives on");
}

TEST(JournalFaults, what_was_refused_did_not_happen) {
  EXPECT_TRUE(faults_in(std::vector{entry("a/1", JournalEvent::kPlanned, 1), entry("a/1", JournalEvent::kRefused, 2)}).empty());
}

TEST(JournalFaults, what_is_done_to_a_deployment_hits_all_its_workers) {
  JournalEntry restart = entry("a/1", JournalEvent::kInjected, 2);
  EXPECT_FALSE(faults_in(std::vector{restart}).front().hits_all);
  restart.target = TargetKind::kDeployment;
  EXPECT_TRUE(faults_in(std::vector{restart}).front().hits_all);
}

}  // namespace
}  // namespace lifecycle::cli
