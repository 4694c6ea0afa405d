// Histories of one workflow in each stage of a change to its code, written by this SDK and by the Python SDK on a real server, against the
// code of each stage: those that fit go on, the others are refused with what was lost.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "history/history_json.h"
#include "replay/replayer.h"
#include "tests/support/delivery.h"
#include "tests/support/patch_workflows.h"

namespace lifecycle::test {
namespace {

const std::map<std::string, PatchStage>& stages() {
  static const std::map<std::string, PatchStage> kStages{{"original", &PatchWorkflow::original},
                                                         {"patched", &PatchWorkflow::patched},
                                                         {"deprecated", &PatchWorkflow::deprecated},
                                                         {"reordered", &PatchWorkflow::reordered}};
  return kStages;
}

HistoryPtr recorded(const std::string& sdk, const std::string& stage) {
  std::ifstream in(std::filesystem::path(LIFECYCLE_TEST_HISTORIES) / (sdk + "_patch_" + stage + ".json"));
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  Result<api::History> history = history::history_from_json(text);
  return history ? std::make_shared<api::History>(*std::move(history)) : nullptr;
}

class PatchHistoryTest : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    history_ = recorded(std::get<0>(GetParam()), stage());
    ASSERT_NE(history_, nullptr) << "cannot be read";
  }
  [[nodiscard]] const std::string& stage() const { return std::get<1>(GetParam()); }

  HistoryPtr history_;
};

TEST_P(PatchHistoryTest, ItsOwnCodeAnswersEachTaskWithTheRecordedCommands) {
  const Registry registry = registry_of(stages().at(stage()));
  expect_replay_of_the_whole(registry, history_);
  expect_same_commands_task_by_task(registry, history_);
  expect_same_commands_with_evictions(registry, history_);
  expect_same_commands_in_pages(registry, history_);
  expect_same_commands_after_cache_misses(registry, history_);
}

TEST_P(PatchHistoryTest, ReplaysWithTheStagesBesideItAndNoOthers) {
  const std::map<std::string, std::set<std::string>> fitting{{"original", {"original", "patched"}},
                                                             {"patched", {"patched", "deprecated"}},
                                                             {"deprecated", {"patched", "deprecated", "reordered"}},
                                                             {"reordered", {"deprecated", "reordered"}}};
  // A deprecated marker and its search attribute are passed over: there, the activity after them is what does not fit.
  const std::string first_difference = "[TMPRL1100] nondeterminism at event " + std::string(stage() == "deprecated" ? "7: " : "5: ");
  std::set<std::string> accepted;
  for (const auto& [name, code] : stages()) {
    const Registry registry = registry_of(code);
    const Result<replay::ReplayResult> result = replay::Replayer(registry).replay(history_);
    ASSERT_TRUE(result) << result.error().message;
    if (result->verdict == replay::Verdict::kReplayed) {
      accepted.insert(name);
    } else {
      EXPECT_TRUE(result->failure.failure.message().starts_with(first_difference)) << name << result->failure.failure.message();
    }
  }
  EXPECT_EQ(accepted, fitting.at(stage()));
}

INSTANTIATE_TEST_SUITE_P(Files, PatchHistoryTest,
                         ::testing::Combine(::testing::Values("ours", "python"),
                                            ::testing::Values("original", "patched", "deprecated", "reordered")),
                         [](const auto& info) { return std::get<0>(info.param) + "_" + std::get<1>(info.param); });

}  // namespace
}  // namespace lifecycle::test
