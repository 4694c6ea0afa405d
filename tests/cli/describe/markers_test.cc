#include "cli/describe/markers.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace lifecycle::cli {
namespace {

using Details = std::vector<std::pair<std::string, std::string>>;

MarkerText marker(const std::string& name, const Details& details) {
  api::HistoryEvent event;
  event.set_event_type(api::enums::EVENT_TYPE_MARKER_RECORDED);
  auto& recorded = *event.mutable_marker_recorded_event_attributes();
  recorded.set_marker_name(name);
  for (const auto& [key, json] : details) {
    api::Payload& payload = *(*recorded.mutable_details())[key].add_payloads();
    (*payload.mutable_metadata())["encoding"] = "json/plain";
    payload.set_data(json);
  }
  return read_marker(event);
}

TEST(Markers, a_local_activity_of_the_go_sdk) {
  const MarkerText text =
      marker("LocalActivity", {{"data", R"({"ActivityID":"1","ActivityType":"validate","Attempt":3})"}, {"result", "7"}});
  EXPECT_EQ(text.kind, MarkerKind::kLocalActivity);
  EXPECT_EQ(text.name, "validate");
  EXPECT_EQ(text.id, "1");
  EXPECT_EQ(text.attempt, 3);
}

TEST(Markers, a_local_activity_of_the_core_sdks) {
  const MarkerText text =
      marker("core_local_activity", {{"data", R"({"seq":1,"attempt":2,"activity_id":"1","activity_type":"validate"})"}});
  EXPECT_EQ(text.kind, MarkerKind::kLocalActivity);
  EXPECT_EQ(text.name, "validate");
  EXPECT_EQ(text.attempt, 2);
}

TEST(Markers, a_local_activity_of_the_java_sdk) {
  const MarkerText text = marker("LocalActivity", {{"type", R"("Validate")"}, {"activityId", R"("x-1")"}});
  EXPECT_EQ(text.name, "Validate");
  EXPECT_EQ(text.id, "x-1");
}

TEST(Markers, a_version_of_the_go_sdk_is_a_patch) {
  const MarkerText text = marker("Version", {{"change-id", R"("charge-first")"}, {"version", "1"}});
  EXPECT_EQ(text.kind, MarkerKind::kPatch);
  EXPECT_EQ(text.name, "charge-first");
}

TEST(Markers, what_cannot_be_read_is_empty) {
  EXPECT_EQ(marker("LocalActivity", {{"data", "\x01\x02 encrypted"}}).name, "");
  EXPECT_EQ(marker("LocalActivity", {}).kind, MarkerKind::kLocalActivity);
  EXPECT_EQ(marker("Version", {}).name, "");
}

TEST(Markers, any_other_has_its_name) {
  const MarkerText text = marker("SideEffect", {{"data", "1"}});
  EXPECT_EQ(text.kind, MarkerKind::kOther);
  EXPECT_EQ(text.name, "SideEffect");
}

}  // namespace
}  // namespace lifecycle::cli
