// Statuses as Temporal's server sends them.
#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <string>
#include <utility>

#include "rpc/status.h"

namespace lifecycle::test {

// `detail` is packed as servers pack it: google.rpc.Status{code = 1, message = 2, details = 3}.
template <class Detail>
rpc::Status status_with_detail(rpc::StatusCode code, std::string message, const Detail& detail) {
  google::protobuf::Any packed;
  packed.PackFrom(detail);
  google::protobuf::Empty envelope;
  google::protobuf::UnknownFieldSet* fields = envelope.GetReflection()->MutableUnknownFields(&envelope);
  fields->AddVarint(1, static_cast<std::uint64_t>(code));
  fields->AddLengthDelimited(2, message);
  fields->AddLengthDelimited(3, packed.SerializeAsString());
  return {.code = code, .message = std::move(message), .details = envelope.SerializeAsString()};
}

}  // namespace lifecycle::test
