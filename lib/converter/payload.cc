#include "converter/payload.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "converter/type_name.h"

namespace lifecycle::converter::detail {
namespace {

constexpr std::array kEncodings{kEncodingNull, kEncodingBytes, kEncodingJson, kEncodingProtobufJson, kEncodingProtobuf};
constexpr std::size_t kQuotedBytesMax = 64;

std::string_view metadata(const api::Payload& payload, std::string_view key) {
  const auto found = payload.metadata().find(std::string(key));
  return found == payload.metadata().end() ? std::string_view() : std::string_view(found->second);
}

std::string quoted_encoding(const api::Payload& payload) { return shortened(valid_utf8(encoding_of(payload)), kQuotedBytesMax); }

}  // namespace

void set_encoding(api::Payload& out, std::string_view encoding) {
  auto& metadata_map = *out.mutable_metadata();
  metadata_map.clear();
  metadata_map[std::string(kEncodingKey)] = encoding;
}

std::string_view encoding_of(const api::Payload& payload) { return metadata(payload, kEncodingKey); }

bool is_null(const api::Payload& payload) {
  const std::string_view encoding = encoding_of(payload);
  return encoding == kEncodingNull || (encoding == kEncodingJson && payload.data() == "null");
}

void set_message(api::Payload& out, const google::protobuf::Message& message) {
  set_encoding(out, kEncodingProtobufJson);
  (*out.mutable_metadata())[std::string(kMessageTypeKey)] = message.GetTypeName();
  out.clear_data();
  if (const auto status = google::protobuf::util::MessageToJsonString(message, out.mutable_data()); !status.ok()) {
    throw EncodingError(fmt::format("a {} cannot be encoded: {}", message.GetTypeName(), status.ToString()));
  }
}

Result<void> read_message(const api::Payload& payload, google::protobuf::Message& out) {
  const std::string_view encoding = encoding_of(payload);
  if (encoding != kEncodingProtobufJson && encoding != kEncodingProtobuf) {
    return wrong_encoding(payload, typeid(out), fmt::format("{} or {}", kEncodingProtobufJson, kEncodingProtobuf));
  }
  const auto refuse = [&](std::string reason) {
    return not_decodable(payload, typeid(out), {.code = ErrorCode::kInvalidArgument, .message = std::move(reason)});
  };
  const std::string_view type = metadata(payload, kMessageTypeKey);
  if (!type.empty() && type != out.GetTypeName()) {
    return refuse(fmt::format("it holds a {}", shortened(valid_utf8(type), kQuotedBytesMax)));
  }
  if (encoding == kEncodingProtobuf) {
    return out.ParseFromString(payload.data()) ? Result<void>() : refuse("the bytes are not a message of this type");
  }
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(payload.data(), &out, options);
  return status.ok() ? Result<void>() : refuse(status.message().ToString());
}

std::unexpected<Error> wrong_encoding(const api::Payload& payload, const std::type_info& target, std::string_view wanted) {
  const std::string_view encoding = encoding_of(payload);
  if (encoding.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a payload without encoding cannot be read as {} ({})", type_name(target), wanted));
  }
  const bool known = std::ranges::find(kEncodings, encoding) != kEncodings.end();
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("a payload with encoding '{}' cannot be read as {} ({})", quoted_encoding(payload), type_name(target), wanted),
              known ? "" : "the encoding is none of Temporal's own: the sender encrypts or compresses its payloads");
}

std::unexpected<Error> not_decodable(const api::Payload& payload, const std::type_info& target, const Error& reason) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("a payload with encoding '{}' cannot be read as {}: {}", quoted_encoding(payload),
                                                       type_name(target), reason.message));
}

std::unexpected<Error> missing_argument(int index, const std::type_info& target) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("argument {} is missing ({})", index + 1, type_name(target)));
}

}  // namespace lifecycle::converter::detail
