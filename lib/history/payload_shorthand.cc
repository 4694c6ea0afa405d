#include "history/payload_shorthand.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace lifecycle::history {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

constexpr const char* kProtoMessageType = "_protoMessageType";

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t byte = 0; byte < 3; ++byte) {
      group = group << 8U | (i + byte < bytes.size() ? static_cast<unsigned char>(bytes[i + byte]) : 0U);
    }
    for (std::size_t digit = 0; digit < 4; ++digit) {
      out += i + digit <= bytes.size() ? kDigits[group >> (18U - 6U * digit) & 63U] : '=';
    }
  }
  return out;
}

json payload(std::string_view encoding, std::string_view data) {
  return {{"metadata", {{"encoding", base64(encoding)}}}, {"data", base64(data)}};
}

bool has_canonical_keys(const json& value) {
  if (!value.is_object() || !value.contains("metadata") || !value["metadata"].is_object()) {
    return false;
  }
  for (const auto& [key, member] : value.items()) {
    if (key != "metadata" && key != "data" && key != "externalPayloads" && key != "external_payloads") {
      return false;
    }
  }
  return true;
}

// Whether the metadata is text as it was before base64: no base64 has these lengths with this slash, except by a name nobody uses.
bool is_decoded(const json& value) {
  const auto encoding = value["metadata"].find("encoding");
  return encoding != value["metadata"].end() && encoding->is_string() &&
         (*encoding == "json/plain" || *encoding == "json/protobuf" || *encoding == "binary/null" || *encoding == "binary/plain");
}

json encoded_again(json value) {
  const bool is_json = value["metadata"]["encoding"].get_ref<const std::string&>().starts_with("json/");
  for (json& entry : value["metadata"]) {
    entry = base64(entry.is_string() ? entry.get<std::string>() : entry.dump());
  }
  if (is_json && value.contains("data")) {
    value["data"] = base64(value["data"].dump());
  }
  return value;
}

json expanded(json value) {
  if (has_canonical_keys(value)) {
    return is_decoded(value) ? encoded_again(std::move(value)) : value;
  }
  if (value.is_null()) {
    return payload("binary/null", "");
  }
  if (value.is_object() && value.contains(kProtoMessageType) && value[kProtoMessageType].is_string()) {
    const std::string message_type = value[kProtoMessageType].get<std::string>();
    value.erase(kProtoMessageType);
    json out = payload("json/protobuf", value.dump());
    out["metadata"]["messageType"] = base64(message_type);
    return out;
  }
  return payload("json/plain", value.dump());
}

void expand_list(json& list) {
  for (json& item : list) {
    item = expanded(std::move(item));
  }
}

void expand_item(json& value, const Descriptor& type) {
  if (type.full_name() == "temporal.api.common.v1.Payload") {
    value = expanded(std::move(value));
  } else if (type.full_name() != "temporal.api.common.v1.Payloads") {
    expand_payloads(value, type);
  } else if (value.is_array()) {
    expand_list(value);
    value = {{"payloads", std::move(value)}};
  } else if (value.is_object() && value.contains("payloads") && value["payloads"].is_array()) {
    expand_list(value["payloads"]);
  }
}

}  // namespace

void expand_payloads(json& message, const Descriptor& type) {
  if (!message.is_object() || type.file()->package() == "google.protobuf") {
    return;
  }
  for (auto& [key, value] : message.items()) {
    const FieldDescriptor* field = type.FindFieldByCamelcaseName(key);
    field = field != nullptr ? field : type.FindFieldByName(key);
    if (field == nullptr || field->message_type() == nullptr) {
      continue;
    }
    const FieldDescriptor& item = field->is_map() ? *field->message_type()->map_value() : *field;
    if (item.message_type() == nullptr) {
      continue;
    }
    const bool is_container = field->is_map() ? value.is_object() : field->is_repeated() && value.is_array();
    if (!is_container) {
      if (!value.is_null()) {  // a field that is not set
        expand_item(value, *item.message_type());
      }
      continue;
    }
    for (json& element : value) {
      expand_item(element, *item.message_type());
    }
  }
}

}  // namespace lifecycle::history
