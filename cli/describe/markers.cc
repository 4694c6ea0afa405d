#include "cli/describe/markers.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/patch_marker.h"

namespace lifecycle::cli {
namespace {

using nlohmann::json;
using Recorded = api::history::MarkerRecordedEventAttributes;

// The JSON of a detail; a discarded value where there is none.
json detail_of(const Recorded& recorded, const std::string& key) {
  const auto found = recorded.details().find(key);
  if (found == recorded.details().end() || found->second.payloads_size() == 0) {
    return json(json::value_t::discarded);
  }
  return json::parse(found->second.payloads(0).data(), nullptr, false);
}

std::string text_in(const json& object, std::initializer_list<const char*> keys) {
  for (const char* const key : keys) {
    if (const auto found = object.find(key); found != object.end() && found->is_string()) {
      return found->get<std::string>();
    }
  }
  return "";
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

int number_in(const json& object, std::initializer_list<const char*> keys) {
  for (const char* const key : keys) {
    if (const auto found = object.find(key); found != object.end() && found->is_number_integer()) {
      return found->get<int>();
    }
  }
  return 0;
}

// Go and Core write one object called "data", in Go's, protobuf's and Rust's spelling of the names; Java writes a detail for each.
MarkerText local_activity(const Recorded& recorded) {
  MarkerText marker{.kind = MarkerKind::kLocalActivity, .name = "", .id = ""};
  if (const json data = detail_of(recorded, "data"); data.is_object()) {
    marker.name = text_in(data, {"ActivityType", "activityType", "activity_type"});
    marker.id = text_in(data, {"ActivityID", "activityId", "activity_id"});
    marker.attempt = number_in(data, {"Attempt", "attempt"});
  }
  if (marker.name.empty()) {
    marker.name = text_of(detail_of(recorded, "type"));
    marker.id = text_of(detail_of(recorded, "activityId"));
  }
  return marker;
}

}  // namespace

MarkerText read_marker(const api::HistoryEvent& event) {
  const Recorded& recorded = event.marker_recorded_event_attributes();
  const std::string_view name = recorded.marker_name();
  if (name == "core_local_activity" || name == "LocalActivity") {
    return local_activity(recorded);
  }
  if (core::is_patch_marker(event)) {
    const auto patch = core::read_patch_marker(event);
    return {.kind = MarkerKind::kPatch, .name = patch ? patch->patch_id : "", .id = ""};
  }
  if (name == "Version") {  // Go's and Java's
    const std::string change = text_of(detail_of(recorded, "change-id"));
    return {.kind = MarkerKind::kPatch, .name = change.empty() ? text_of(detail_of(recorded, "changeId")) : change, .id = ""};
  }
  return {.kind = MarkerKind::kOther, .name = recorded.marker_name(), .id = ""};
}

}  // namespace lifecycle::cli
