// Payloads as people see them: the server's HTTP API and the Web UI's download of a decoded history write the value itself where protobuf's
// JSON has base64 of it, {"steps": 3} for {"metadata": {"encoding": ...}, "data": "eyJzdGVwcyI6M30="}.
#pragma once

#include <google/protobuf/descriptor.h>

#include <nlohmann/json_fwd.hpp>

namespace lifecycle::history {

// Replaces each payload of `message`, the JSON of a protobuf message of this type, by protobuf's form of it; what has that form already is
// left alone. A value becomes json/plain, null becomes binary/null, an object with "_protoMessageType" becomes json/protobuf, and an object
// of metadata and data whose encoding is spelled out has been decoded by the Web UI.
void expand_payloads(nlohmann::json& message, const google::protobuf::Descriptor& type);

}  // namespace lifecycle::history
