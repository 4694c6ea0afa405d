// lifecycle.toml: the program's own settings. How to reach Temporal is temporal.toml's, which other tools read, too.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/settings.h"
#include "client/connection_config.h"

namespace lifecycle::cli {

// Where the settings file is: `from_flag` if it is given, else LIFECYCLE_SETTINGS_FILE, else the first that exists of ./lifecycle.toml,
// $XDG_CONFIG_HOME/lifecycle/lifecycle.toml (~/.config without the variable) and /etc/lifecycle/lifecycle.toml. Nothing when there is none.
// Errors: kInvalidConfig for a file that was named and is not there, or cannot be read.
struct SettingsFile {
  std::string path;
  std::string content;
};
[[nodiscard]] Result<std::optional<SettingsFile>> find_settings_file(const std::optional<std::string>& from_flag,
                                                                     const client::Environment& environment);

// The settings of the file's table [worker]. Errors: kInvalidConfig with file, line and column for what is no TOML, for a table or key that
// is not known, for a value of the wrong type and for one that cannot be.
[[nodiscard]] Result<std::map<std::string, Setting, std::less<>>> read_settings(const SettingsFile& file,
                                                                                std::span<const SettingDefinition> definitions);

}  // namespace lifecycle::cli
