// Patches: every outcome of what history holds and what the code asks, the events that they become, and code that lost a patch.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "converter/payload.h"
#include "tests/support/delivery.h"
#include "tests/support/patch_workflows.h"
#include "tests/support/run_driver.h"

namespace lifecycle::test {
namespace {

using converter::to_payloads;
using replay::HistoryBuilder;
using Commands = std::vector<std::string>;

HistoryBuilder begun() {
  HistoryBuilder history;
  history.workflow_execution_started(kPatchWorkflow);
  history.full_workflow_task();
  return history;
}

void said(HistoryBuilder& history, std::string activity_type, std::string activity_id = {}) {
  const std::int64_t scheduled = history.activity_task_scheduled(std::move(activity_type), to_payloads("x"), std::move(activity_id));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, to_payloads("said"));
}

Commands answers(PatchStage stage, const HistoryBuilder& history) {
  const Registry registry = registry_of(stage);
  return commands_of(answer_to(registry, history.build()));
}

// However this history reaches the worker, each of its tasks is answered with what was recorded.
void expect_fits(PatchStage stage, const HistoryBuilder& history) {
  const Registry registry = registry_of(stage);
  expect_replay_of_the_whole(registry, history.build());
  expect_same_commands_task_by_task(registry, history.build());
  expect_same_commands_with_evictions(registry, history.build());
  expect_same_commands_in_pages(registry, history.build());
  expect_same_commands_after_cache_misses(registry, history.build());
}

// Replays, task for task, with what this code would record: for a history with events that this code skips, its own commands differ.
void expect_replays(PatchStage stage, const HistoryBuilder& history) {
  const Registry registry = registry_of(stage);
  expect_replay_of_the_whole(registry, history.build());
}

std::string marker(std::string_view patch_id, bool deprecated) {
  return fmt::format(R"(RecordMarker(core_patch, patch-data: {{"id":"{}","deprecated":{}}} encoding=json/plain))", patch_id, deprecated);
}

std::string upsert(std::string_view patch_ids) {
  return fmt::format("UpsertWorkflowSearchAttributes(TemporalChangeVersion: {} encoding=json/plain type=KeywordList)", patch_ids);
}

std::string schedule(int event_id, std::string_view type) {
  return fmt::format("ScheduleActivityTask(id {}, {}, [\"x\"])", event_id, type);
}

void expect_refused(PatchStage stage, const HistoryBuilder& history, std::int64_t event_id, std::string_view recorded,
                    std::string_view attempted) {
  const Commands answer = answers(stage, history);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_TRUE(answer.front().starts_with(
      fmt::format("WorkflowTaskFailed(NON_DETERMINISTIC_ERROR: [TMPRL1100] nondeterminism at event {}: history recorded {}, and the "
                  "code now tries {}. ",
                  event_id, recorded, attempted)))
      << answer.front();
}

// --- the twelve rows

// What history holds when the code comes to its first activity.
enum class Past { kNothingYet, kMarker, kDeprecatedMarker, kNoMarker };

// Up to the task in which the first activity has ended and the signal to proceed is there; for kNothingYet, up to the first task.
HistoryBuilder past(Past kind, const std::string& activity_type) {
  if (kind == Past::kNothingYet) {
    HistoryBuilder history;
    history.workflow_execution_started(kPatchWorkflow);
    history.polled_workflow_task();
    return history;
  }
  HistoryBuilder history = begun();
  if (kind != Past::kNoMarker) {
    history.patch_recorded(kPatchId, kind == Past::kDeprecatedMarker);
  }
  said(history, activity_type);
  history.signaled("proceed");
  history.polled_workflow_task();
  return history;
}

TEST(PatchTableTest, NothingYetAndNoCall) {
  EXPECT_EQ(answers(&PatchWorkflow::original, past(Past::kNothingYet, "")), Commands{schedule(5, "Greet")});
  EXPECT_EQ(answers(&PatchWorkflow::reordered, past(Past::kNothingYet, "")), Commands{schedule(5, "Thank")});
}

TEST(PatchTableTest, NothingYetAndPatched) {
  EXPECT_EQ(answers(&PatchWorkflow::patched, past(Past::kNothingYet, "")),
            (Commands{marker(kPatchId, false), upsert(R"(["thank-first"])"), schedule(7, "Thank")}));
}

TEST(PatchTableTest, NothingYetAndDeprecated) {
  EXPECT_EQ(answers(&PatchWorkflow::deprecated, past(Past::kNothingYet, "")),
            (Commands{marker(kPatchId, true), upsert(R"(["thank-first"])"), schedule(7, "Thank")}));
}

TEST(PatchTableTest, AMarkerAndNoCall) {
  expect_refused(&PatchWorkflow::original, past(Past::kMarker, "Thank"), 5, "MarkerRecorded(patch 'thank-first')",
                 "ScheduleActivityTask(Greet)");
  expect_refused(&PatchWorkflow::reordered, past(Past::kMarker, "Thank"), 5, "MarkerRecorded(patch 'thank-first')",
                 "ScheduleActivityTask(Thank)");
}

TEST(PatchTableTest, AMarkerAndPatched) {
  EXPECT_EQ(answers(&PatchWorkflow::patched, past(Past::kMarker, "Thank")), Commands{schedule(14, "Greet")});
  expect_fits(&PatchWorkflow::patched, past(Past::kMarker, "Thank"));
}

TEST(PatchTableTest, AMarkerAndDeprecated) {
  EXPECT_EQ(answers(&PatchWorkflow::deprecated, past(Past::kMarker, "Thank")), Commands{schedule(14, "Greet")});
  expect_replays(&PatchWorkflow::deprecated, past(Past::kMarker, "Thank"));
}

TEST(PatchTableTest, ADeprecatedMarkerAndNoCall) {
  EXPECT_EQ(answers(&PatchWorkflow::reordered, past(Past::kDeprecatedMarker, "Thank")), Commands{schedule(14, "Greet")});
  expect_replays(&PatchWorkflow::reordered, past(Past::kDeprecatedMarker, "Thank"));
}

TEST(PatchTableTest, ADeprecatedMarkerAndPatched) {
  EXPECT_EQ(answers(&PatchWorkflow::patched, past(Past::kDeprecatedMarker, "Thank")), Commands{schedule(14, "Greet")});
  expect_replays(&PatchWorkflow::patched, past(Past::kDeprecatedMarker, "Thank"));
}

TEST(PatchTableTest, ADeprecatedMarkerAndDeprecated) {
  EXPECT_EQ(answers(&PatchWorkflow::deprecated, past(Past::kDeprecatedMarker, "Thank")), Commands{schedule(14, "Greet")});
  expect_fits(&PatchWorkflow::deprecated, past(Past::kDeprecatedMarker, "Thank"));
}

TEST(PatchTableTest, NoMarkerAndNoCall) {
  expect_fits(&PatchWorkflow::original, past(Past::kNoMarker, "Greet"));
  expect_fits(&PatchWorkflow::reordered, past(Past::kNoMarker, "Thank"));
}

TEST(PatchTableTest, NoMarkerAndPatched) {
  EXPECT_EQ(answers(&PatchWorkflow::patched, past(Past::kNoMarker, "Greet")), Commands{schedule(12, "Thank")});
  expect_replays(&PatchWorkflow::patched, past(Past::kNoMarker, "Greet"));
}

TEST(PatchTableTest, NoMarkerAndDeprecated) {
  EXPECT_EQ(answers(&PatchWorkflow::deprecated, past(Past::kNoMarker, "Thank")), Commands{schedule(12, "Greet")});
  expect_replays(&PatchWorkflow::deprecated, past(Past::kNoMarker, "Thank"));
}

// --- the answer and its place

TEST(PatchTest, ARunThatBeganBeforeThePatchStaysOnTheOldSide) {
  HistoryBuilder history = begun();
  said(history, "Greet");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::three_patched_rounds, history), Commands{schedule(11, "Greet")});
}

TEST(PatchTest, ARunOnTheNewSideRecordsItOnce) {
  HistoryBuilder history = begun();
  history.patch_recorded(kPatchId);
  said(history, "Thank");
  history.full_workflow_task();
  said(history, "Thank");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::three_patched_rounds, history), Commands{schedule(19, "Thank")});
  expect_fits(&PatchWorkflow::three_patched_rounds, history);
}

TEST(PatchTest, AnOldRunTakesTheNewSideWhereItHasNotBeenYet) {
  HistoryBuilder history = begun();
  said(history, "Greet");
  history.full_workflow_task();
  said(history, "Greet");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::last_round_patched, history),
            (Commands{marker(kPatchId, false), upsert(R"(["thank-first"])"), schedule(19, "Thank")}));
}

TEST(PatchTest, AndFindsItsMarkerAgain) {
  HistoryBuilder history = begun();
  said(history, "Greet");
  history.full_workflow_task();
  said(history, "Greet");
  history.full_workflow_task();
  history.patch_recorded(kPatchId);
  said(history, "Thank");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::last_round_patched, history), Commands{"CompleteWorkflowExecution([\"three\"])"});
  expect_fits(&PatchWorkflow::last_round_patched, history);
}

TEST(PatchTest, EachPatchAddsItsIdToTheSearchAttribute) {
  const Commands expected{marker(R"(z \"é\")", false), upsert(R"(["z \"é\""])"), marker("a", false), upsert(R"(["a","z \"é\""])"),
                          schedule(9, "Greet")};
  EXPECT_EQ(answers(&PatchWorkflow::two_patches, past(Past::kNothingYet, "")), expected);
}

TEST(PatchTest, IdsThatHistoryHoldsAreKeptInTheSearchAttribute) {
  HistoryBuilder history = begun();
  history.patch_recorded("another", true);
  said(history, "Greet");
  history.full_workflow_task();
  said(history, "Greet");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::last_round_patched, history),
            (Commands{marker(kPatchId, false), upsert(R"(["another","thank-first"])"), schedule(21, "Thank")}));
}

TEST(PatchTest, AListThatTheServerWouldRefuseIsLeftOut) {
  EXPECT_EQ(answers(&PatchWorkflow::with_long_id, past(Past::kNothingYet, "")),
            (Commands{marker(std::string(kLongIdBytes, 'x'), false), schedule(6, "Greet")}));
  HistoryBuilder history = begun();
  history.patch_recorded(std::string(kLongIdBytes, 'x'));
  said(history, "Greet");
  history.polled_workflow_task();
  expect_fits(&PatchWorkflow::with_long_id, history);
}

TEST(PatchTest, OnlyATaskThatSetsTheSearchAttributeDeclaresIt) {
  const auto declares = [](PatchStage stage, const HistoryBuilder& history) {
    const Registry registry = registry_of(stage);
    return std::get<core::RespondWorkflowTaskCompleted>(answer_to(registry, history.build())).upserts_change_versions;
  };
  EXPECT_TRUE(declares(&PatchWorkflow::patched, past(Past::kNothingYet, "")));
  EXPECT_FALSE(declares(&PatchWorkflow::patched, past(Past::kMarker, "Thank")));
  EXPECT_FALSE(declares(&PatchWorkflow::with_long_id, past(Past::kNothingYet, "")));
}

// The query's replay sees a marker that no later workflow task has brought yet, and the run that it leaves behind goes on from there.
TEST(PatchTest, ARunThatAQueryReplayedGoesOnOnItsSide) {
  const Registry registry = registry_of(&PatchWorkflow::patched);
  CachedRun run = fresh_run(registry);
  HistoryBuilder history = begun();
  history.patch_recorded(kPatchId);
  const std::int64_t thank = history.activity_task_scheduled("Thank", to_payloads("x"));
  auto query = std::make_shared<api::WorkflowQuery>();
  query->set_query_type("none");
  ASSERT_TRUE(std::holds_alternative<core::RespondQuery>(run.on_workflow_task({.history = history.build(), .query = query})));
  history.activity_task_started(thank);
  history.activity_task_completed(thank, to_payloads("said"));
  history.signaled("proceed");
  const std::int64_t started = history.polled_workflow_task();
  const RunRequest request = run.on_workflow_task({.history = history.slice(4, started), .started_event_id = started});
  EXPECT_EQ(commands_of(request), Commands{schedule(14, "Greet")});
}

// --- histories of other code and other SDKs

TEST(PatchTest, CodeThatDroppedOneOfTwoPatches) {
  HistoryBuilder history = begun();
  history.patch_recorded("z \"é\"");
  history.patch_recorded("a");
  said(history, "Greet");
  history.polled_workflow_task();
  expect_refused(&PatchWorkflow::second_patch_only, history, 5, "MarkerRecorded(patch 'z \"é\"')", "RecordMarker(patch 'a')");

  HistoryBuilder deprecated = begun();
  deprecated.patch_recorded("z \"é\"", true);
  deprecated.patch_recorded("a");
  said(deprecated, "Greet");
  deprecated.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::second_patch_only, deprecated), Commands{"CompleteWorkflowExecution([\"new\"])"});
}

TEST(PatchTest, APatchThatMovedIsRefused) {
  HistoryBuilder marker_first = begun();
  marker_first.patch_recorded(kPatchId);
  said(marker_first, "Greet");
  marker_first.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::greeting_after_patch, marker_first), Commands{"CompleteWorkflowExecution([\"new\"])"});
  expect_refused(&PatchWorkflow::greeting_before_patch, marker_first, 5, "MarkerRecorded(patch 'thank-first')",
                 "ScheduleActivityTask(Greet)");

  HistoryBuilder marker_last = begun();
  const std::int64_t greet = marker_last.activity_task_scheduled("Greet", to_payloads("x"));
  marker_last.patch_recorded(kPatchId);
  marker_last.activity_task_started(greet);
  marker_last.activity_task_completed(greet, to_payloads("said"));
  marker_last.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::greeting_before_patch, marker_last), Commands{"CompleteWorkflowExecution([\"new\"])"});
  expect_refused(&PatchWorkflow::greeting_after_patch, marker_last, 5, "ActivityTaskScheduled(Greet, id 5)",
                 "RecordMarker(patch 'thank-first')");
}

TEST(PatchTest, ADeprecatedPatchMayMove) {
  HistoryBuilder history = begun();
  history.patch_recorded(kPatchId, true);
  said(history, "Greet");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::greeting_before_deprecation, history), Commands{"CompleteWorkflowExecution([\"said\"])"});
}

TEST(PatchTest, AMarkerAtTheEndOfATaskThatTheCodeNoLongerAsksFor) {
  HistoryBuilder history = begun();
  const std::int64_t greet = history.activity_task_scheduled("Greet", to_payloads("x"));
  history.patch_recorded(kPatchId);
  history.activity_task_started(greet);
  history.activity_task_completed(greet, to_payloads("said"));
  history.polled_workflow_task();
  expect_refused(&PatchWorkflow::original, history, 6, "MarkerRecorded(patch 'thank-first')", "nothing");
}

TEST(PatchTest, AHistoryWithoutTheSearchAttributeReplays) {
  HistoryBuilder with = begun();
  with.patch_recorded(kPatchId);
  const api::HistoryEvent marker_event = with.build()->events(4);
  HistoryBuilder history = begun();
  history.add(api::enums::EVENT_TYPE_MARKER_RECORDED)
      .mutable_marker_recorded_event_attributes()
      ->CopyFrom(marker_event.marker_recorded_event_attributes());
  said(history, "Thank");
  history.signaled("proceed");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::patched, history), Commands{schedule(13, "Greet")});
}

api::HistoryEvent& add_old_marker(HistoryBuilder& history, std::string deprecated) {
  api::HistoryEvent& event = history.add(api::enums::EVENT_TYPE_MARKER_RECORDED);
  auto& attributes = *event.mutable_marker_recorded_event_attributes();
  attributes.set_marker_name("core_patch");
  (*attributes.mutable_details())["patch_id"].add_payloads()->set_data(kPatchId);
  (*attributes.mutable_details())["deprecated"].add_payloads()->set_data(std::move(deprecated));
  return event;
}

TEST(PatchTest, TheMarkersOfOldCoreSdksAreRead) {
  HistoryBuilder recorded = begun();
  add_old_marker(recorded, std::string(1, '\0'));
  said(recorded, "Thank");
  recorded.signaled("proceed");
  recorded.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::patched, recorded), Commands{schedule(13, "Greet")});
  expect_refused(&PatchWorkflow::reordered, recorded, 5, "MarkerRecorded(patch 'thank-first')", "ScheduleActivityTask(Thank)");

  HistoryBuilder deprecated = begun();
  add_old_marker(deprecated, std::string(1, '\1'));
  said(deprecated, "Thank");
  deprecated.signaled("proceed");
  deprecated.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::reordered, deprecated), Commands{schedule(13, "Greet")});
}

TEST(PatchTest, AMarkerThatCannotBeReadIsAFaultOfTheHistory) {
  HistoryBuilder history = begun();
  history.marker_recorded("core_patch");
  said(history, "Thank");
  history.polled_workflow_task();
  EXPECT_EQ(answers(&PatchWorkflow::patched, history),
            Commands{"WorkflowTaskFailed(WORKFLOW_WORKER_UNHANDLED_FAILURE: history event 5 is the marker of a patch, and its details "
                     "cannot be read)"});
}

TEST(PatchTest, AMarkerOfAnotherKindIsNoPatch) {
  HistoryBuilder history = begun();
  history.marker_recorded("Version");
  said(history, "Thank");
  history.polled_workflow_task();
  expect_refused(&PatchWorkflow::reordered, history, 5, "MarkerRecorded(Version)", "ScheduleActivityTask(Thank)");
}

TEST(PatchTest, TheSearchAttributeIsAcceptedOnlyBesideAMarker) {
  HistoryBuilder history = begun();
  history.patch_recorded(kPatchId);
  const api::HistoryEvent upsert_event = history.build()->events(5);
  history.add(api::enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
      .mutable_upsert_workflow_search_attributes_event_attributes()
      ->CopyFrom(upsert_event.upsert_workflow_search_attributes_event_attributes());
  said(history, "Thank");
  history.polled_workflow_task();
  expect_refused(&PatchWorkflow::patched, history, 7, "UpsertWorkflowSearchAttributes", "ScheduleActivityTask(Thank)");
}

TEST(PatchTest, CodeThatAsksAgainAfterTheDeprecatedMarkerWentBy) {
  HistoryBuilder history = begun();
  history.patch_recorded(kPatchId, true);
  said(history, "Greet");
  history.full_workflow_task();
  said(history, "Greet");
  history.polled_workflow_task();
  const Commands taken_again{marker(kPatchId, false), upsert(R"(["thank-first"])"), schedule(21, "Thank")};
  EXPECT_EQ(answers(&PatchWorkflow::last_round_patched, history), taken_again);
}

}  // namespace
}  // namespace lifecycle::test
