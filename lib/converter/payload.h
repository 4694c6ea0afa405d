// C++ values <-> Temporal's payloads. A payload is bytes and metadata; the metadata "encoding" says how to read them, and the encodings are
// those of every official SDK's default data converter:
//
//   nullptr, std::monostate, nullopt    binary/null       no data
//   Bytes                               binary/plain      the bytes
//   protobuf messages                   json/protobuf     protobuf's JSON; "messageType" is the full name. binary/protobuf is read, too
//   everything else                     json/plain        see json.h
//   api::Payload                        as it is, untouched
#pragma once

#include <google/protobuf/message.h>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

#include "api/api.h"
#include "base/error.h"
#include "converter/json.h"

namespace lifecycle::converter {

inline constexpr std::string_view kEncodingKey = "encoding";
inline constexpr std::string_view kMessageTypeKey = "messageType";
inline constexpr std::string_view kEncodingNull = "binary/null";
inline constexpr std::string_view kEncodingBytes = "binary/plain";
inline constexpr std::string_view kEncodingJson = "json/plain";
inline constexpr std::string_view kEncodingProtobufJson = "json/protobuf";
inline constexpr std::string_view kEncodingProtobuf = "binary/protobuf";

// Bytes that are not text.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

namespace detail {

template <class T>
concept ProtobufMessage = std::derived_from<T, google::protobuf::Message>;
template <class T>
concept Null = std::same_as<T, std::monostate> || std::same_as<T, std::nullptr_t>;

// Drops all other metadata.
void set_encoding(api::Payload& out, std::string_view encoding);
void set_message(api::Payload& out, const google::protobuf::Message& message);
Result<void> read_message(const api::Payload& payload, google::protobuf::Message& out);
[[nodiscard]] std::string_view encoding_of(const api::Payload& payload);
// binary/null, or the null that JavaScript writes.
[[nodiscard]] bool is_null(const api::Payload& payload);
[[nodiscard]] std::unexpected<Error> wrong_encoding(const api::Payload& payload, const std::type_info& target, std::string_view wanted);
[[nodiscard]] std::unexpected<Error> not_decodable(const api::Payload& payload, const std::type_info& target, const Error& reason);
[[nodiscard]] std::unexpected<Error> missing_argument(int index, const std::type_info& target);

}  // namespace detail

// Writes `value` into `out`, over what was there. Throws EncodingError for what has no encoding (a NaN, a protobuf message that is not
// valid) and what a user's to_json throws.
template <class T>
void set_payload(api::Payload& out, const T& value) {
  if constexpr (std::same_as<T, api::Payload>) {
    out = value;
  } else if constexpr (detail::Null<T>) {
    detail::set_encoding(out, kEncodingNull);
    out.clear_data();
  } else if constexpr (detail::Optional<T>) {
    if (value) {
      set_payload(out, *value);
    } else {
      set_payload(out, nullptr);
    }
  } else if constexpr (std::same_as<T, Bytes>) {
    detail::set_encoding(out, kEncodingBytes);
    out.set_data(value.data);
  } else if constexpr (detail::ProtobufMessage<T>) {
    detail::set_message(out, value);
  } else {
    detail::set_encoding(out, kEncodingJson);
    out.clear_data();
    write_json(*out.mutable_data(), value);
  }
}

template <class T>
[[nodiscard]] api::Payload to_payload(const T& value) {
  api::Payload out;
  set_payload(out, value);
  return out;
}

// One payload for each argument, as for a function's parameters.
template <class... Args>
[[nodiscard]] api::Payloads to_payloads(const Args&... args) {
  api::Payloads out;
  (set_payload(*out.add_payloads(), args), ...);
  return out;
}

// Reads strictly by the payload's encoding. Null is nullopt for an optional, all defaults for a described struct (every field of which may
// be missing), and nothing for void and std::monostate. Errors: kInvalidArgument with the encoding, the type that was wanted and the
// reason.
template <class T>
[[nodiscard]] Result<T> from_payload(const api::Payload& payload) {
  if constexpr (std::is_void_v<T>) {
    const Result<std::monostate> nothing = from_payload<std::monostate>(payload);
    return nothing ? Result<void>() : std::unexpected(nothing.error());
  } else if constexpr (std::same_as<T, api::Payload>) {
    return payload;
  } else if constexpr (detail::Null<T>) {
    return detail::is_null(payload) ? Result<T>() : detail::wrong_encoding(payload, typeid(T), kEncodingNull);
  } else if constexpr (detail::Optional<T>) {
    if (detail::is_null(payload)) {
      return T();
    }
    Result<typename T::value_type> value = from_payload<typename T::value_type>(payload);
    return value ? Result<T>(*std::move(value)) : std::unexpected(std::move(value).error());
  } else if constexpr (std::same_as<T, Bytes>) {
    if (detail::encoding_of(payload) != kEncodingBytes) {
      return detail::wrong_encoding(payload, typeid(T), kEncodingBytes);
    }
    return Bytes{payload.data()};
  } else if constexpr (detail::ProtobufMessage<T>) {
    Result<T> out(std::in_place);
    if (const Result<void> read = detail::read_message(payload, *out); !read) {
      return std::unexpected(read.error());
    }
    return out;
  } else {
    if (detail::encoding_of(payload) != kEncodingJson) [[unlikely]] {
      if (Described<T> && detail::is_null(payload)) {
        return T();
      }
      return detail::wrong_encoding(payload, typeid(T), kEncodingJson);
    }
    Result<T> out = read_json<T>(payload.data());
    if (!out) [[unlikely]] {
      if (Described<T> && detail::is_null(payload)) {
        return T();
      }
      return detail::not_decodable(payload, typeid(T), out.error());
    }
    return out;
  }
}

// The argument at `index`, counted from 0. `payloads` may be null: no arguments. One that is missing reads as null; for the types that have
// no null, the error says "argument 1 is missing".
template <class T>
[[nodiscard]] Result<T> from_payloads(const api::Payloads* payloads, int index = 0) {
  if (payloads != nullptr && index < payloads->payloads_size()) {
    return from_payload<T>(payloads->payloads(index));
  }
  if constexpr (std::is_void_v<T>) {
    return {};
  } else if constexpr (detail::Null<T> || detail::Optional<T> || Described<T>) {
    return T();
  } else {
    return detail::missing_argument(index, typeid(T));
  }
}

}  // namespace lifecycle::converter
