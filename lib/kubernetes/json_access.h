// Reading JSON that somebody else wrote, as an object's `raw` is: what is missing, or of another type, is what an absent field is.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "kubernetes/types.h"

namespace lifecycle::kubernetes {

// Null when there is no such member.
[[nodiscard]] inline const Json* member(const Json& object, std::string_view name) {
  if (!object.is_object()) {
    return nullptr;
  }
  const auto at = object.find(name);
  return at != object.end() && !at->is_null() ? &*at : nullptr;
}

// An empty value when there is no such member, so that paths can be followed without asking at every step.
[[nodiscard]] inline const Json& child(const Json& object, std::string_view name) {
  static const Json nothing;
  const Json* found = member(object, name);
  return found != nullptr ? *found : nothing;
}

[[nodiscard]] inline std::string text_at(const Json& object, std::string_view name) {
  const Json& value = child(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

[[nodiscard]] inline bool bool_at(const Json& object, std::string_view name) {
  const Json& value = child(object, name);
  return value.is_boolean() && value.get<bool>();
}

template <class Integer>
[[nodiscard]] Integer integer_at(const Json& object, std::string_view name, Integer otherwise = 0) {
  const Json& value = child(object, name);
  if (!value.is_number_integer()) {
    return otherwise;
  }
  const auto number = value.get<std::int64_t>();
  const bool fits = number >= std::numeric_limits<Integer>::min() && number <= std::numeric_limits<Integer>::max();
  return fits ? static_cast<Integer>(number) : otherwise;
}

// The items of a list; none when it is not a list.
[[nodiscard]] inline const Json& items_at(const Json& object, std::string_view name) {
  static const Json none = Json::array();
  const Json& value = child(object, name);
  return value.is_array() ? value : none;
}

// Nothing is thrown: what cannot be parsed is "discarded" (is_discarded()).
[[nodiscard]] inline Json parse_json(std::string_view text) { return Json::parse(text, nullptr, false); }

}  // namespace lifecycle::kubernetes
