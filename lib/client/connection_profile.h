// A profile of temporal.toml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "client/connection_config.h"

namespace lifecycle::client {

struct Profile {
  bool is_there = false;
  ConnectionSettings settings = {};
  // Each key of the file that is none of temporal.toml, in any profile. The official SDKs ignore those unless they are asked to be strict.
  std::vector<Error> unknown_keys = {};
};

// The settings of [profile.<name>] in the TOML text `content`. `file` names the text in errors and origins. Errors: kInvalidConfig with
// line and column, for text that is not TOML and for values of the wrong type.
[[nodiscard]] Result<Profile> read_profile(std::string_view content, const std::string& file, const std::string& name);

// The names of the profiles in the TOML text `content`, in the file's order. Errors: kInvalidConfig for text that is not TOML.
[[nodiscard]] Result<std::vector<std::string>> read_profile_names(std::string_view content, const std::string& file);

// A header's name as gRPC wants it: "My_Header" is "my-header".
[[nodiscard]] std::string header_name(std::string_view text);

}  // namespace lifecycle::client
