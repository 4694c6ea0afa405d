#include "kubernetes/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace lifecycle::kubernetes {
namespace {

constexpr std::size_t kTextBytesMax = std::size_t{1} << 20U;
constexpr int kDepthMax = 64;
constexpr int kNodesMax = 100'000;  // aliases count each time: a few lines of them can stand for billions of nodes

std::unexpected<Error> invalid(const YAML::Mark& mark, std::string_view reason) {
  const std::string where = mark.is_null() ? "" : fmt::format("line {}, column {}: ", mark.line + 1, mark.column + 1);
  return fail(ErrorCode::kInvalidConfig, fmt::format("{}{}", where, reason));
}

std::optional<bool> bool_of(std::string_view text) {
  static constexpr std::array<std::string_view, 11> kTrue{"y", "Y", "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
  static constexpr std::array<std::string_view, 11> kFalse{"n", "N", "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};
  if (std::ranges::find(kTrue, text) != kTrue.end()) {
    return true;
  }
  return std::ranges::find(kFalse, text) != kFalse.end() ? std::optional<bool>(false) : std::nullopt;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  if (text.empty() || !(text[0] == '-' || text[0] == '.' || (text[0] >= '0' && text[0] <= '9'))) {
    return std::nullopt;  // "inf" and "nan" are words here
  }
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional<Number>(number) : std::nullopt;
}

Json scalar_of(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() != "?") {  // quoted, or tagged
    return text;
  }
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return nullptr;
  }
  if (const std::optional<bool> boolean = bool_of(text)) {
    return *boolean;
  }
  if (const auto whole = number_of<std::int64_t>(text)) {
    return *whole;
  }
  if (const auto number = number_of<double>(text)) {
    return *number;
  }
  return text;
}

class Converter {
 public:
  Result<Json> convert(const YAML::Node& node, int depth) {
    if (depth > kDepthMax || ++nodes_ > kNodesMax) {
      return invalid(node.Mark(), "this is deeper or larger than a configuration can be");
    }
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return scalar_of(node);
      case YAML::NodeType::Sequence:
        return convert_sequence(node, depth);
      case YAML::NodeType::Map:
        return convert_map(node, depth);
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        return Json();
    }
    std::unreachable();
  }

 private:
  Result<Json> convert_sequence(const YAML::Node& node, int depth) {
    Json out = Json::array();
    for (const YAML::Node& item : node) {
      Result<Json> converted = convert(item, depth + 1);
      if (!converted) {
        return converted;
      }
      out.push_back(*std::move(converted));
    }
    return out;
  }

  Result<Json> convert_map(const YAML::Node& node, int depth) {
    Json out = Json::object();
    Json merged = Json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        return invalid(entry.first.Mark(), "a key must be text");
      }
      Result<Json> converted = convert(entry.second, depth + 1);
      if (!converted) {
        return converted;
      }
      if (entry.first.Scalar() == "<<" && entry.first.Tag() == "?") {
        add_merged(merged, *converted);
      } else {
        out[entry.first.Scalar()] = *std::move(converted);
      }
    }
    for (auto& [key, value] : merged.items()) {
      out.emplace(key, std::move(value));  // what the map says itself wins
    }
    return out;
  }

  // Of a merge key's value, one map or a list of them, in which the first wins.
  static void add_merged(Json& merged, const Json& value) {
    if (value.is_object()) {
      for (const auto& [key, each] : value.items()) {
        merged.emplace(key, each);
      }
    } else if (value.is_array()) {
      for (const Json& each : value) {
        add_merged(merged, each);
      }
    }
  }

  int nodes_ = 0;
};

}  // namespace

Result<Json> json_from_yaml(std::string_view text) {
  if (text.size() > kTextBytesMax) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("it has {} bytes, and {} are allowed", text.size(), kTextBytesMax));
  }
  try {
    return Converter().convert(YAML::Load(std::string(text)), 0);
  } catch (const YAML::Exception& refusal) {
    return invalid(refusal.mark, refusal.msg);
  } catch (const std::exception& refusal) {
    return fail(ErrorCode::kInvalidConfig, refusal.what());
  }
}

}  // namespace lifecycle::kubernetes
