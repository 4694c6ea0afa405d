// What a server tells about a failure beyond its code: typed messages inside the status' details.
#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <optional>

#include "rpc/status.h"

namespace lifecycle::rpc {

// The first detail of type `Detail` (a message of temporal.api.errordetails.v1, say), or nothing.
template <class Detail>
[[nodiscard]] std::optional<Detail> find_detail(const Status& status) {
  // google.rpc.Status is not part of Temporal's API definitions. All that is wanted of it is one repeated field, so the details are read as
  // a message of unknown fields: google.rpc.Status.details is number 3 (googleapis, google/rpc/status.proto).
  constexpr int kDetailsFieldNumber = 3;
  google::protobuf::Empty envelope;
  if (!envelope.ParseFromString(status.details)) {
    return std::nullopt;
  }
  const google::protobuf::UnknownFieldSet& fields = envelope.GetReflection()->GetUnknownFields(envelope);
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() != kDetailsFieldNumber || field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      continue;
    }
    google::protobuf::Any packed;
    Detail detail;
    if (packed.ParseFromString(field.length_delimited()) && packed.Is<Detail>() && packed.UnpackTo(&detail)) {
      return detail;
    }
  }
  return std::nullopt;
}

}  // namespace lifecycle::rpc
