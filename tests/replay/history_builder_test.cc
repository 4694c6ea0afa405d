#include "replay/history_builder.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "converter/payload.h"
#include "core/patch_marker.h"
#include "history/history_json.h"

namespace lifecycle::replay {
namespace {

using converter::to_payloads;
using std::chrono::seconds;

TEST(HistoryBuilderTest, NumbersEventsAndMovesTimeOn) {
  HistoryBuilder history;
  EXPECT_EQ(history.workflow_execution_started("T"), 1);
  EXPECT_EQ(history.full_workflow_task(), 3);
  EXPECT_EQ(history.timer_started(seconds(10)), 5);
  const auto built = history.build();
  ASSERT_EQ(built->events_size(), 5);
  for (int i = 0; i < built->events_size(); ++i) {
    EXPECT_EQ(built->events(i).event_id(), i + 1);
    EXPECT_EQ(api::to_wall_time(built->events(i).event_time()), HistoryBuilder::kBegin + i * HistoryBuilder::kBetweenEvents);
  }
}

TEST(HistoryBuilderTest, APatchIsAMarkerAndTheIdsOfAllPatchesSoFar) {
  HistoryBuilder history;
  history.workflow_execution_started("T");
  history.full_workflow_task();
  EXPECT_EQ(history.patch_recorded("b"), 5);
  EXPECT_EQ(history.patch_recorded("a", true), 7);
  const auto built = history.build();
  ASSERT_EQ(built->events_size(), 8);
  EXPECT_EQ(core::read_patch_marker(built->events(4)), (core::PatchMarker{.patch_id = "b", .deprecated = false}));
  EXPECT_EQ(core::read_patch_marker(built->events(6)), (core::PatchMarker{.patch_id = "a", .deprecated = true}));
  for (const auto& [index, ids] : std::map<int, std::string>{{5, R"(["b"])"}, {7, R"(["a","b"])"}}) {
    ASSERT_TRUE(core::is_change_versions_upsert(built->events(index)));
    const auto& attributes = built->events(index).upsert_workflow_search_attributes_event_attributes();
    EXPECT_EQ(attributes.search_attributes().indexed_fields().at("TemporalChangeVersion").data(), ids);
    EXPECT_EQ(attributes.workflow_task_completed_event_id(), 4);
  }
}

TEST(HistoryBuilderTest, LinksEventsToThoseThatTheyAnswer) {
  HistoryBuilder history;
  history.workflow_execution_started("T", to_payloads(7));
  history.full_workflow_task();                                            // 2 to 4
  const std::int64_t activity = history.activity_task_scheduled("Greet");  // 5
  const std::int64_t timer = history.timer_started(seconds(10));           // 6
  history.activity_task_started(activity);                                 // 7
  history.full_workflow_task();                                            // 8 to 10
  history.activity_task_cancel_requested(activity);                        // 11
  history.timer_canceled(timer);                                           // 12
  history.activity_task_canceled(activity);                                // 13
  const auto built = history.build();
  const auto& completed = built->events(3).workflow_task_completed_event_attributes();
  EXPECT_EQ(completed.scheduled_event_id(), 2);
  EXPECT_EQ(completed.started_event_id(), 3);
  EXPECT_EQ(completed.sdk_metadata().sdk_name(), core::kSdkName);
  const auto& scheduled = built->events(4).activity_task_scheduled_event_attributes();
  EXPECT_EQ(scheduled.activity_id(), "5");
  EXPECT_EQ(scheduled.workflow_task_completed_event_id(), 4);
  EXPECT_EQ(built->events(6).activity_task_started_event_attributes().scheduled_event_id(), 5);
  EXPECT_EQ(built->events(10).activity_task_cancel_requested_event_attributes().workflow_task_completed_event_id(), 10);
  EXPECT_EQ(built->events(11).timer_canceled_event_attributes().started_event_id(), 6);
  const auto& canceled = built->events(12).activity_task_canceled_event_attributes();
  EXPECT_EQ(canceled.scheduled_event_id(), 5);
  EXPECT_EQ(canceled.started_event_id(), 7);
  EXPECT_EQ(canceled.latest_cancel_requested_event_id(), 11);
}

TEST(HistoryBuilderTest, CutsASliceThatKeepsIds) {
  HistoryBuilder history;
  history.workflow_execution_started("T");
  history.full_workflow_task();
  const auto part = history.slice(2, 3);
  ASSERT_EQ(part->events_size(), 2);
  EXPECT_EQ(part->events(0).event_id(), 2);
  EXPECT_EQ(part->events(1).event_type(), api::enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
}

TEST(HistoryBuilderTest, WhatWasBuiltDoesNotChangeWithTheBuilder) {
  HistoryBuilder history;
  history.workflow_execution_started("T");
  const auto before = history.build();
  history.full_workflow_task();
  EXPECT_EQ(before->events_size(), 1);
}

TEST(HistoryBuilderTest, HistoriesSurviveAsFiles) {
  HistoryBuilder history;
  history.workflow_execution_started("T", to_payloads("input"));
  history.full_workflow_task();
  history.marker_recorded("Version");
  history.continued_as_new(to_payloads(8));
  const Result<api::History> read = history::history_from_json(history::history_to_json(*history.build()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->SerializeAsString(), history.build()->SerializeAsString());
}

}  // namespace
}  // namespace lifecycle::replay
