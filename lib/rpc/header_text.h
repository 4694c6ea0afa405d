// What may stand in a call's headers. gRPC ends the process when it is handed anything else.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace lifecycle::rpc {

// Errors: kInvalidArgument with the reason; no value is repeated in it, since it may be a secret.
[[nodiscard]] Result<void> check_header(std::string_view name, std::string_view value);

// The API key in a text that may end with a line's end, as files do. Errors: kInvalidArgument, for none and for one that no header can
// carry.
[[nodiscard]] Result<std::string> api_key_in(std::string_view text);

}  // namespace lifecycle::rpc
