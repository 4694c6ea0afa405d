// Workflow histories as files: the JSON of the Web UI, of `temporal workflow show -o json` and of the SDKs' replay tests, and protobuf's
// binary.
//
// Readers of histories decide what a workflow does next, so nothing is guessed: an event type or enum name that this API does not know is
// an error that names it and its event. (protobuf's own JSON reader turns unknown names into zero once unknown fields are to be ignored.)
#pragma once

#include <string>
#include <string_view>

#include "api/api.h"
#include "base/error.h"

namespace lifecycle::history {

// Objects and arrays inside each other, as protobuf's JSON reader has it.
inline constexpr int kHistoryJsonDepthMax = 100;
// Messages inside each other in a binary history. protobuf's default of 100 is less than a long chain of failures that Go has written.
inline constexpr int kHistoryBinaryDepthMax = 1000;

// Reads {"events": [...]}, the same inside {"history": ...} as the HTTP APIs of server and Web UI answer, or the bare array. Payloads as
// protobuf has them, or as values (payload_shorthand.h). Enum values in the long form ("EVENT_TYPE_TIMER_FIRED"), in the short one of older
// files
// ("TimerFired"), or as numbers; fields in camelCase or snake_case; unknown fields are ignored. An event of unknown type that says
// workerMayIgnore keeps its id, time and that mark, with the type unspecified; without that mark it is refused.
// Errors: kDataLoss, with line and column where the text is not JSON, and with the event's id where an event does not fit.
[[nodiscard]] Result<api::History> history_from_json(std::string_view text);

// {"events": [...]} in camelCase with the long enum names, indented.
[[nodiscard]] std::string history_to_json(const api::History& history);

// Reads a serialized temporal.api.history.v1.History. Unknown event types and errors as above.
[[nodiscard]] Result<api::History> history_from_binary(std::string_view bytes);

}  // namespace lifecycle::history
