// Every way in which a history can reach a worker must lead to the same commands.
#include "tests/support/delivery.h"

#include <gtest/gtest.h>

#include <ostream>

#include "tests/support/sample_histories.h"
#include "tests/support/sample_workflows.h"

namespace lifecycle::test {

std::ostream& operator<<(std::ostream& out, const NamedHistory& history) { return out << history.name; }

namespace {

class DeliveryTest : public ::testing::TestWithParam<NamedHistory> {
 protected:
  DeliveryTest() { register_samples(registry_); }

  Registry registry_;
};

TEST_P(DeliveryTest, TheWholeHistoryReplays) { expect_replay_of_the_whole(registry_, GetParam().history); }

TEST_P(DeliveryTest, AWorkerThatKeepsTheRunAnswersEachTaskWithTheRecordedCommands) {
  expect_same_commands_task_by_task(registry_, GetParam().history);
}

TEST_P(DeliveryTest, AWorkerThatForgetsTheRunAnswersEachTaskWithTheRecordedCommands) {
  expect_same_commands_with_evictions(registry_, GetParam().history);
}

TEST_P(DeliveryTest, PagesOfEverySizeLeadToTheRecordedCommands) { expect_same_commands_in_pages(registry_, GetParam().history); }

TEST_P(DeliveryTest, ACacheMissLeadsToTheRecordedCommands) { expect_same_commands_after_cache_misses(registry_, GetParam().history); }

INSTANTIATE_TEST_SUITE_P(Samples, DeliveryTest, ::testing::ValuesIn(sample_histories()),
                         [](const ::testing::TestParamInfo<NamedHistory>& info) { return info.param.name; });

}  // namespace
}  // namespace lifecycle::test
