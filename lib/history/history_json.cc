#include "history/history_json.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "history/payload_shorthand.h"

namespace lifecycle::history {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

constexpr std::size_t kQuotedBytesMax = 80;

std::unexpected<Error> broken(std::string message, std::string hint = {}) {
  return fail(ErrorCode::kDataLoss, "history: " + std::move(message), std::move(hint));
}

std::string in_event(std::string_view event_id, std::string_view what) { return fmt::format("event {}: {}", event_id, what); }

std::string place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, column {}", line, offset - line_start + 1);
}

// Where the text is nested too deep for readers that recurse, which all of them are.
std::optional<std::size_t> too_deep_at(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    if (in_string) {
      i += byte == '\\' ? 1 : 0;
      in_string = byte != '"';
    } else if (byte == '"') {
      in_string = true;
    } else if (byte == '{' || byte == '[') {
      if (++depth > kHistoryJsonDepthMax) {
        return i;
      }
    } else if (byte == '}' || byte == ']') {
      --depth;
    }
  }
  return std::nullopt;
}

// "TimerFired", "TIMER_FIRED" and "timerFired" are the same name.
std::string without_spelling(std::string_view name) {
  std::string out;
  for (const char byte : name) {
    if (byte != '_') {
      out += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
    }
  }
  return out;
}

// Numbers of the names of one enum, in all the spellings that histories have had.
using EnumNames = std::unordered_map<std::string, int>;

EnumNames names_of(const EnumDescriptor& type) {
  constexpr std::string_view kZeroSuffix = "UNSPECIFIED";
  std::string_view prefix = type.value(0)->name();
  prefix.remove_suffix(prefix.ends_with(kZeroSuffix) ? kZeroSuffix.size() : prefix.size());
  EnumNames names;
  for (int i = 0; i < type.value_count(); ++i) {
    std::string_view name = type.value(i)->name();
    names.emplace(name, type.value(i)->number());
    name.remove_prefix(name.starts_with(prefix) ? prefix.size() : 0);
    names.emplace(without_spelling(name), type.value(i)->number());
  }
  return names;
}

// Replaces every enum name of an event by its number, walking the JSON along the message's description.
class EnumNumbers {
 public:
  // The problem with the first name that is not known, or nothing.
  std::optional<std::string> replace_in(json& message, const Descriptor& type) {
    if (!message.is_object() || type.file()->package() == "google.protobuf") {
      return std::nullopt;
    }
    for (auto& [key, value] : message.items()) {
      const FieldDescriptor* field = type.FindFieldByCamelcaseName(key);
      field = field != nullptr ? field : type.FindFieldByName(key);
      if (field == nullptr) {
        continue;
      }
      if (auto problem = replace_in_field(value, *field)) {
        return problem;
      }
    }
    return std::nullopt;
  }

  // The number of `name`, which may be spelled in any way.
  std::optional<int> number_of(const EnumDescriptor& type, const std::string& name) {
    auto known = names_.find(&type);
    if (known == names_.end()) {
      known = names_.emplace(&type, names_of(type)).first;
    }
    auto number = known->second.find(name);
    if (number == known->second.end()) {
      number = known->second.find(without_spelling(name));
    }
    return number == known->second.end() ? std::nullopt : std::optional(number->second);
  }

 private:
  std::optional<std::string> replace_in_field(json& value, const FieldDescriptor& field) {
    const FieldDescriptor& item = field.is_map() ? *field.message_type()->map_value() : field;
    if (item.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE && item.cpp_type() != FieldDescriptor::CPPTYPE_ENUM) {
      return std::nullopt;
    }
    const bool is_container = field.is_map() ? value.is_object() : field.is_repeated() && value.is_array();
    if (!is_container) {
      return replace_in_item(value, item);
    }
    for (json& element : value) {
      if (auto problem = replace_in_item(element, item)) {
        return problem;
      }
    }
    return std::nullopt;
  }

  std::optional<std::string> replace_in_item(json& value, const FieldDescriptor& field) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return replace_in(value, *field.message_type());
    }
    if (!value.is_string()) {
      return std::nullopt;
    }
    const auto& name = value.get_ref<const std::string&>();
    const std::optional<int> number = number_of(*field.enum_type(), name);
    if (!number) {
      return fmt::format("'{}' is not a known {} ({})", shortened(name, kQuotedBytesMax), field.enum_type()->name(), field.json_name());
    }
    value = *number;
    return std::nullopt;
  }

  std::unordered_map<const EnumDescriptor*, EnumNames> names_;
};

const json* member(const json& object, const char* camel_case, const char* snake_case) {
  auto found = object.find(camel_case);
  found = found != object.end() ? found : object.find(snake_case);
  return found != object.end() ? &*found : nullptr;
}

// The id as the event says it, or its place in the file where it says none.
std::string event_id_of(const json& event, std::size_t index) {
  const json* const id = member(event, "eventId", "event_id");
  if (id != nullptr && id->is_string()) {
    return shortened(id->get<std::string>(), kQuotedBytesMax);
  }
  return id != nullptr && id->is_number_integer() ? id->dump() : fmt::format("number {} of the file", index + 1);
}

// What is left of an event of unknown type: enough to keep the ids without gaps.
json only_what_all_events_have(const json& event) {
  json out = json::object();
  for (const char* const key :
       {"eventId", "event_id", "eventTime", "event_time", "version", "taskId", "task_id", "workerMayIgnore", "worker_may_ignore"}) {
    if (const auto found = event.find(key); found != event.end()) {
      out[key] = *found;
    }
  }
  return out;
}

bool has_unknown_type_name(const json& event, EnumNumbers& numbers) {
  const json* const type = member(event, "eventType", "event_type");
  return type != nullptr && type->is_string() &&
         !numbers.number_of(*api::enums::EventType_descriptor(), type->get_ref<const std::string&>());
}

// Refuses events whose type this API does not know, unless the server has marked them as of no consequence for workers.
Result<void> check_type(api::HistoryEvent& event, std::string_view event_id) {
  const api::EventType type = event.event_type();
  if (api::enums::EventType_IsValid(type) && type != api::enums::EVENT_TYPE_UNSPECIFIED) {
    return {};
  }
  if (event.worker_may_ignore()) {
    event.set_event_type(api::enums::EVENT_TYPE_UNSPECIFIED);
    return {};
  }
  return broken(
      in_event(event_id, type == api::enums::EVENT_TYPE_UNSPECIFIED ? std::string("it has no type")
                                                                    : fmt::format("event type {} is not known", static_cast<int>(type))),
      "the history may come from a newer server than this version knows");
}

Result<void> read_event(json& source, std::size_t index, EnumNumbers& numbers, api::HistoryEvent& out) {
  if (!source.is_object()) {
    return broken(fmt::format("event number {} of the file is not a JSON object", index + 1));
  }
  const std::string event_id = event_id_of(source, index);
  if (has_unknown_type_name(source, numbers)) {
    const json* const ignorable = member(source, "workerMayIgnore", "worker_may_ignore");
    if (ignorable != nullptr && *ignorable == json(true)) {
      source = only_what_all_events_have(source);
    }
  }
  expand_payloads(source, *api::HistoryEvent::descriptor());
  if (const auto problem = numbers.replace_in(source, *api::HistoryEvent::descriptor())) {
    return broken(in_event(event_id, *problem), "the history may come from a newer server than this version knows");
  }
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (const auto status = google::protobuf::util::JsonStringToMessage(source.dump(), &out, options); !status.ok()) {
    return broken(in_event(event_id, "it does not fit Temporal's API: " + valid_utf8(status.message().ToString())));
  }
  return check_type(out, event_id);
}

// The library's own words, which tell line and column, without the tag before them.
std::string reason_of(const json::exception& error) {
  std::string_view reason = error.what();
  reason.remove_prefix(std::min(reason.find("] ") + 2, reason.size()));
  return std::string(reason);
}

Result<json> parse(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return broken("the text is empty");
  }
  if (const auto offset = too_deep_at(text)) {
    return broken(fmt::format("nested deeper than {} levels at {}", kHistoryJsonDepthMax, place_of(text, *offset)));
  }
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    const bool cut = error.byte > text.size();
    return broken("not JSON: " + reason_of(error), cut ? "the file seems to be cut: fetch it again" : "");
  } catch (const json::out_of_range& error) {
    return broken("not JSON that can be read: " + reason_of(error));
  }
}

// What the HTTP API answers when the history does not fit into one answer.
bool has_further_pages(const json& document) {
  const json* const token = member(document, "nextPageToken", "next_page_token");
  return token != nullptr && token->is_string() && !token->get_ref<const std::string&>().empty();
}

}  // namespace

Result<api::History> history_from_json(std::string_view text) {
  Result<json> document = parse(text);
  if (!document) {
    return std::unexpected(std::move(document).error());
  }
  if (document->is_object() && has_further_pages(*document)) {
    return broken("this is one page of the history, and more follow", "fetch all of it: temporal workflow show -w ID -o json");
  }
  for (const char* const envelope : {"history", "events"}) {
    if (document->is_object() && document->contains(envelope)) {
      json content = std::move((*document)[envelope]);
      *document = std::move(content);
    }
  }
  if (!document->is_array()) {
    return broken("there is no list of events", R"(it is read as {"events": [...]}, or as the list alone)");
  }
  if (document->empty()) {
    return broken("the list of events is empty");
  }
  api::History out;
  EnumNumbers numbers;
  for (std::size_t index = 0; index < document->size(); ++index) {
    if (Result<void> read = read_event((*document)[index], index, numbers, *out.add_events()); !read) {
      return std::unexpected(std::move(read).error());
    }
  }
  return out;
}

std::string history_to_json(const api::History& history) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string out;
  const auto status = google::protobuf::util::MessageToJsonString(history, &out, options);
  check(status.ok(), "a history that could be parsed can be printed");
  return out;
}

Result<api::History> history_from_binary(std::string_view bytes) {
  if (bytes.empty()) {
    return broken("the file is empty");
  }
  if (!std::in_range<int>(bytes.size())) {
    return broken("the file is larger than protobuf can read (2 GiB)");
  }
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kHistoryBinaryDepthMax);
  api::History out;
  if (!out.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return broken("the bytes are cut, or not a temporal.api.history.v1.History");
  }
  if (out.events_size() == 0) {
    return broken("the list of events is empty");
  }
  for (api::HistoryEvent& event : *out.mutable_events()) {
    if (Result<void> known = check_type(event, fmt::to_string(event.event_id())); !known) {
      return std::unexpected(std::move(known).error());
    }
  }
  return out;
}

}  // namespace lifecycle::history
