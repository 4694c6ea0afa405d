// Short names for the messages of Temporal's API. Names are Temporal's; only the namespaces are shorter.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <temporal/api/command/v1/message.pb.h>
#include <temporal/api/common/v1/message.pb.h>
#include <temporal/api/enums/v1/command_type.pb.h>
#include <temporal/api/enums/v1/event_type.pb.h>
#include <temporal/api/enums/v1/failed_cause.pb.h>
#include <temporal/api/failure/v1/message.pb.h>
#include <temporal/api/history/v1/message.pb.h>
#include <temporal/api/query/v1/message.pb.h>

#include <chrono>

#include "base/clock.h"

namespace lifecycle::api {

using temporal::api::command::v1::Command;
using temporal::api::common::v1::Payload;
using temporal::api::common::v1::Payloads;
using temporal::api::common::v1::RetryPolicy;
using temporal::api::common::v1::WorkflowExecution;
using temporal::api::enums::v1::CommandType;
using temporal::api::enums::v1::EventType;
using temporal::api::enums::v1::WorkflowTaskFailedCause;
using temporal::api::failure::v1::Failure;
using temporal::api::history::v1::History;
using temporal::api::history::v1::HistoryEvent;
using temporal::api::query::v1::WorkflowQuery;
using temporal::api::query::v1::WorkflowQueryResult;
namespace enums = temporal::api::enums::v1;
namespace history = temporal::api::history::v1;

[[nodiscard]] inline Duration to_duration(const google::protobuf::Duration& value) {
  return std::chrono::seconds(value.seconds()) + std::chrono::nanoseconds(value.nanos());
}

[[nodiscard]] inline WallTime to_wall_time(const google::protobuf::Timestamp& value) {
  return WallTime(std::chrono::seconds(value.seconds()) + std::chrono::nanoseconds(value.nanos()));
}

inline void set(google::protobuf::Duration& out, Duration value) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(value);
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>((value - seconds).count()));
}

inline void set(google::protobuf::Timestamp& out, WallTime value) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(value);
  out.set_seconds(seconds.time_since_epoch().count());
  out.set_nanos(static_cast<std::int32_t>((value - seconds).count()));
}

}  // namespace lifecycle::api
