// A profile of temporal.toml.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "client/connection_config.h"

namespace lifecycle::client {

// The settings of [profile.<name>] in the TOML text `content`, or nothing when there is no such profile. `file` names the text in errors.
// Keys that are not about the connection are ignored, as in the official SDKs. Errors: kInvalidConfig with line and column, for text that
// is not TOML and for values of the wrong type.
[[nodiscard]] Result<std::optional<ConnectionSettings>> read_profile(std::string_view content, const std::string& file,
                                                                     const std::string& name);

// A header's name as gRPC wants it: "My_Header" is "my-header".
[[nodiscard]] std::string header_name(std::string_view text);

}  // namespace lifecycle::client
