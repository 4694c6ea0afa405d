#include "core/patch_marker.h"

#include <string_view>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "converter/payload.h"

namespace lifecycle::core {
namespace {

constexpr std::string_view kMarkerName = "core_patch";
constexpr const char* kDetailsKey = "patch-data";
// The Core SDKs of 2021 wrote the fields apart and without an encoding.
constexpr const char* kOldIdKey = "patch_id";
constexpr const char* kOldDeprecatedKey = "deprecated";
constexpr const char* kChangeVersionsKey = "TemporalChangeVersion";
constexpr const char* kKeywordList = "KeywordList";
// The server's default limit for one search attribute. The Core SDKs leave out what is as long or longer, and must find the same here when
// they replay this history.
constexpr std::size_t kSearchAttributeBytesMax = 2048;

struct PatchData {
  std::string id;
  bool deprecated = false;
  static constexpr auto json_fields() {
    return std::tuple(converter::field("id", &PatchData::id), converter::field("deprecated", &PatchData::deprecated));
  }
};

using Details = google::protobuf::Map<std::string, api::Payloads>;

const api::Payload* first_payload(const Details& details, const char* key) {
  const auto found = details.find(key);
  return found == details.end() || found->second.payloads_size() == 0 ? nullptr : &found->second.payloads(0);
}

}  // namespace

bool is_patch_marker(const api::HistoryEvent& event) {
  return event.event_type() == api::enums::EVENT_TYPE_MARKER_RECORDED &&
         event.marker_recorded_event_attributes().marker_name() == kMarkerName;
}

std::optional<PatchMarker> read_patch_marker(const api::HistoryEvent& event) {
  const auto& details = event.marker_recorded_event_attributes().details();
  if (const auto found = details.find(kDetailsKey); found != details.end()) {
    auto data = converter::from_payloads<PatchData>(&found->second);
    if (!data || data->id.empty()) {
      return std::nullopt;
    }
    return PatchMarker{.patch_id = std::move(data->id), .deprecated = data->deprecated};
  }
  const api::Payload* id = first_payload(details, kOldIdKey);
  const api::Payload* deprecated = first_payload(details, kOldDeprecatedKey);
  if (id == nullptr || id->data().empty() || deprecated == nullptr || deprecated->data().empty() || valid_utf8(id->data()) != id->data()) {
    return std::nullopt;
  }
  return PatchMarker{.patch_id = id->data(), .deprecated = deprecated->data().front() != '\0'};
}

api::Command record_marker_command(const PatchMarker& marker) {
  api::Command command;
  command.set_command_type(api::enums::COMMAND_TYPE_RECORD_MARKER);
  auto& attributes = *command.mutable_record_marker_command_attributes();
  attributes.set_marker_name(std::string(kMarkerName));
  (*attributes.mutable_details())[kDetailsKey] = converter::to_payloads(PatchData{.id = marker.patch_id, .deprecated = marker.deprecated});
  return command;
}

std::optional<api::Command> upsert_change_versions_command(const std::vector<std::string>& patch_ids) {
  api::Command command;
  command.set_command_type(api::enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES);
  auto& attributes = *command.mutable_upsert_workflow_search_attributes_command_attributes()->mutable_search_attributes();
  api::Payload& payload = (*attributes.mutable_indexed_fields())[kChangeVersionsKey];
  converter::set_payload(payload, patch_ids);
  (*payload.mutable_metadata())["type"] = kKeywordList;
  return payload.data().size() < kSearchAttributeBytesMax ? std::optional(std::move(command)) : std::nullopt;
}

bool is_change_versions_upsert(const api::HistoryEvent& event) {
  return event.event_type() == api::enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES &&
         event.upsert_workflow_search_attributes_event_attributes().search_attributes().indexed_fields().contains(kChangeVersionsKey);
}

}  // namespace lifecycle::core
