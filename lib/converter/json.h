// C++ values <-> JSON text, without a tree of values in between: workflows replay at the speed of this file.
//
// A struct describes itself once, and everything else follows from its members' types:
//
//   struct StepInput {
//     int step = 0;
//     std::optional<int> fail_attempts;
//     static constexpr auto json_fields() {
//       return std::tuple(converter::field("step", &StepInput::step), converter::field("fail_attempts", &StepInput::fail_attempts));
//     }
//   };
//
// Types: bool, integers, floating point, std::string, std::optional, std::vector, std::map<std::string, T>, described structs (at most
// 64 fields), nlohmann::json for "anything", and every type that nlohmann/json converts (to_json and from_json found by ADL).
//
// Reading is made for workflows that outlive their code. Fields come in any order; one that is not known is skipped; one that is missing,
// or null, keeps the member's default (an optional becomes nullopt); of a repeated one the last counts. What is there must fit: a number
// that is out of range, a string that is not UTF-8, or text after the value is an error.
// Writing omits optional members that are nullopt.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "converter/json_reader.h"
#include "converter/json_writer.h"

namespace lifecycle::converter {

// One member of a described struct. The key is kept as it is written, comma and colon included, so that writing it is one append.
template <std::size_t kNameLength, class Struct, class Member>
struct Field {
  std::array<char, kNameLength + 4> written;  // ,"name":
  Member Struct::* member;

  [[nodiscard]] bool is_named(std::string_view key) const { return key == std::string_view(written.data() + 2, kNameLength); }
};

// `name` is plain ASCII without quotes, backslashes and control characters; anything else does not compile.
template <std::size_t kSize, class Struct, class Member>
consteval Field<kSize - 1, Struct, Member> field(const char (&name)[kSize], Member Struct::* member) {
  Field<kSize - 1, Struct, Member> out{.written = {}, .member = member};
  out.written[0] = ',';
  out.written[1] = '"';
  for (std::size_t i = 0; i + 1 < kSize; ++i) {
    if (name[i] < ' ' || name[i] > '~' || name[i] == '"' || name[i] == '\\') {
      throw "a field's name must not need escapes";
    }
    out.written[i + 2] = name[i];
  }
  out.written[kSize + 1] = '"';
  out.written[kSize + 2] = ':';
  return out;
}

template <class T>
concept Described = requires { T::json_fields(); };

namespace detail {

template <class T>
inline constexpr auto kFields = T::json_fields();

template <class T>
inline constexpr std::size_t kFieldCount = std::tuple_size_v<decltype(T::json_fields())>;

template <class T, template <class...> class Template>
inline constexpr bool kIsA = false;
template <template <class...> class Template, class... Args>
inline constexpr bool kIsA<Template<Args...>, Template> = true;

template <class T>
concept Scalar = std::is_arithmetic_v<T> || std::same_as<T, std::string>;
template <class T>
concept Optional = kIsA<T, std::optional>;
template <class T>
concept Vector = kIsA<T, std::vector>;
template <class T>
concept StringMap = kIsA<T, std::map> && std::same_as<typename T::key_type, std::string>;
template <class T>
concept ConvertedByNlohmann = requires(const nlohmann::json& tree, const T& in, T& out) {
  nlohmann::json(in);
  tree.get_to(out);
};

void write_tree(std::string& out, const nlohmann::json& tree);
bool read_tree(JsonReader& reader, nlohmann::json& out);

template <class T>
void write_value(std::string& out, const T& value);
template <class T>
bool read_value(JsonReader& reader, T& out);

template <class T, class F>
void write_field(std::string& out, const T& value, const F& field) {
  const auto& member = value.*field.member;
  if constexpr (Optional<std::remove_cvref_t<decltype(member)>>) {
    if (!member) {
      return;
    }
  }
  out.append(field.written.data(), field.written.size());
  write_value(out, member);
}

template <Described T>
void write_struct(std::string& out, const T& value) {
  const std::size_t start = out.size();
  std::apply([&](const auto&... fields) { (write_field(out, value, fields), ...); }, kFields<T>);
  if (out.size() == start) {
    out += '{';
  } else {
    out[start] = '{';  // the comma before the first field
  }
  out += '}';
}

template <Vector T>
void write_items(std::string& out, const T& items) {
  out += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) {
      out += ',';
    }
    write_value<typename T::value_type>(out, items[i]);
  }
  out += ']';
}

template <StringMap T>
void write_members(std::string& out, const T& members) {
  const char* separator = "{";
  for (const auto& [key, value] : members) {
    out += separator;
    append_json_string(out, key);
    out += ':';
    write_value(out, value);
    separator = ",";
  }
  out += members.empty() ? "{}" : "}";
}

template <class T>
void write_value(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_arithmetic_v<T>) {
    append_json_number(out, value);
  } else if constexpr (std::same_as<T, nlohmann::json>) {
    write_tree(out, value);
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    append_json_string(out, value);
  } else if constexpr (Described<T>) {
    write_struct(out, value);
  } else if constexpr (Optional<T>) {
    if (value) {
      write_value(out, *value);
    } else {
      out += "null";
    }
  } else if constexpr (Vector<T>) {
    write_items(out, value);
  } else if constexpr (StringMap<T>) {
    write_members(out, value);
  } else {
    static_assert(ConvertedByNlohmann<T>, "give the type a json_fields(), or to_json and from_json as nlohmann/json wants them");
    write_tree(out, nlohmann::json(value));
  }
}

template <class T, class F>
bool read_member(JsonReader& reader, const JsonReader::Key& key, T& out, const F& field, bool repeated) {
  auto& member = out.*field.member;
  if (repeated) [[unlikely]] {
    member = T{}.*field.member;  // or what the first one set would show through where the last one says nothing
  }
  if constexpr (!std::same_as<std::remove_cvref_t<decltype(member)>, nlohmann::json>) {
    if (reader.consume_null()) {
      if constexpr (Optional<std::remove_cvref_t<decltype(member)>>) {
        member.reset();
      }
      return true;
    }
  }
  if (!read_value(reader, member)) [[unlikely]] {
    reader.prepend_to_path(key.raw);
    return false;
  }
  return true;
}

template <Described T, std::size_t... kIndex>
bool read_named_member(JsonReader& reader, const JsonReader::Key& key, T& out, std::uint64_t& seen, std::index_sequence<kIndex...>) {
  bool read = true;
  const auto read_if_named = [&]<std::size_t kAt>() {
    if (!std::get<kAt>(kFields<T>).is_named(key.name)) {
      return false;
    }
    constexpr std::uint64_t kBit = std::uint64_t{1} << kAt;
    read = read_member(reader, key, out, std::get<kAt>(kFields<T>), (seen & kBit) != 0);
    seen |= kBit;
    return true;
  };
  const bool known = (read_if_named.template operator()<kIndex>() || ...);
  if (!known && !reader.skip_value()) {
    reader.prepend_to_path(key.raw);
    return false;
  }
  return read;
}

template <Described T>
bool read_struct(JsonReader& reader, T& out) {
  static_assert(kFieldCount<T> <= 64, "a bit of one word remembers each field");
  std::uint64_t seen = 0;
  JsonReader::Step step = reader.open('{');
  while (step == JsonReader::Step::kItem) {
    JsonReader::Key key;
    if (!reader.read_key(key) || !read_named_member(reader, key, out, seen, std::make_index_sequence<kFieldCount<T>>())) {
      return false;
    }
    step = reader.advance('}');
  }
  return step == JsonReader::Step::kEnd;
}

template <Vector T>
bool read_items(JsonReader& reader, T& out) {
  out.clear();
  JsonReader::Step step = reader.open('[');
  for (std::size_t index = 0; step == JsonReader::Step::kItem; ++index) {
    typename T::value_type item{};
    if (!read_value(reader, item)) {
      reader.prepend_to_path(index);
      return false;
    }
    out.push_back(std::move(item));
    step = reader.advance(']');
  }
  return step == JsonReader::Step::kEnd;
}

template <StringMap T>
bool read_members(JsonReader& reader, T& out) {
  out.clear();
  JsonReader::Step step = reader.open('{');
  while (step == JsonReader::Step::kItem) {
    JsonReader::Key key;
    if (!reader.read_key(key)) {
      return false;
    }
    std::string name(key.name);
    typename T::mapped_type value{};
    if (!read_value(reader, value)) {
      reader.prepend_to_path(key.raw);
      return false;
    }
    out.insert_or_assign(std::move(name), std::move(value));
    step = reader.advance('}');
  }
  return step == JsonReader::Step::kEnd;
}

template <ConvertedByNlohmann T>
bool read_converted(JsonReader& reader, T& out) {
  const char* const start = reader.next_value();
  nlohmann::json tree;
  if (!read_tree(reader, tree)) {
    return false;
  }
  try {
    tree.get_to(out);
    return true;
  } catch (const std::exception& refusal) {
    return reader.fail_at(start, refusal.what());
  }
}

template <class T>
bool read_value(JsonReader& reader, T& out) {
  if constexpr (Scalar<T>) {
    return reader.read(out);
  } else if constexpr (Described<T>) {
    return read_struct(reader, out);
  } else if constexpr (Optional<T>) {
    if (reader.consume_null()) {
      out.reset();
      return true;
    }
    if (!out) {
      out.emplace();
    }
    return read_value(reader, *out);
  } else if constexpr (Vector<T>) {
    return read_items(reader, out);
  } else if constexpr (StringMap<T>) {
    return read_members(reader, out);
  } else if constexpr (std::same_as<T, nlohmann::json>) {
    return read_tree(reader, out);
  } else {
    static_assert(ConvertedByNlohmann<T>, "give the type a json_fields(), or to_json and from_json as nlohmann/json wants them");
    return read_converted(reader, out);
  }
}

}  // namespace detail

// Appends `value`. Throws EncodingError for NaN and infinity, and what a user's to_json throws.
template <class T>
void write_json(std::string& out, const T& value) {
  detail::write_value(out, value);
}

// The whole of `text` as a T. Errors: kInvalidArgument, with the path and the byte offset of what does not fit.
template <class T>
[[nodiscard]] Result<T> read_json(std::string_view text) {
  Result<T> out(std::in_place);
  JsonReader reader(text);
  if (!detail::read_value(reader, *out) || !reader.finish()) [[unlikely]] {
    out = std::unexpected(reader.error());
  }
  return out;
}

}  // namespace lifecycle::converter
