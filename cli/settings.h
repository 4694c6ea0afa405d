// Settings that the command line, the environment and lifecycle.toml can all give. One definition makes the flag, the variable and the key,
// so that none of the three can lack one, and a value can always say where it came from.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "client/connection_config.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

using SettingValue = std::variant<std::string, std::int64_t, double, bool, Duration>;

struct SettingDefinition {
  std::string key;                // "sticky_timeout": in the file, and what the program asks for
  std::string flags;              // "-t,--task-queue", as CLI11 writes them; empty: a flag of all commands gives it
  std::string variable;           // "LIFECYCLE_STICKY_TIMEOUT"
  std::string help;               // what it does; default and variable are added to it
  SettingValue default_value;     // its type is the setting's
  std::string default_text = {};  // how the default is told where it depends on other settings; the value then means nothing
  std::int64_t minimum = 0;       // of a number
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::string default_variable = {};    // "LIFECYCLE_WORKER_VERSION": what an image or a package says where flag, variable and file do not
  std::vector<std::string> words = {};  // a text that must be one of these, without regard to case
};

// What the command line gave, by key.
using SettingTexts = std::map<std::string, std::string, std::less<>>;

struct Setting {
  SettingValue value;
  std::string origin;      // "default", "/etc/lifecycle/lifecycle.toml:3:1", "LIFECYCLE_STICKY_TIMEOUT" or "--sticky-timeout"
  bool is_default = true;  // nobody gave it
};

// All settings of one resolution. Asking for a key or a type that is not defined ends the process.
class Settings {
 public:
  explicit Settings(std::map<std::string, Setting, std::less<>> settings) : settings_(std::move(settings)) {}

  [[nodiscard]] const Setting& at(std::string_view key) const;
  template <class T>
  [[nodiscard]] const T& get(std::string_view key) const {
    return std::get<T>(at(key).value);
  }
  [[nodiscard]] const std::string& text(std::string_view key) const { return get<std::string>(key); }
  [[nodiscard]] std::size_t count(std::string_view key) const { return static_cast<std::size_t>(get<std::int64_t>(key)); }
  // The text, or nothing when nobody gave it.
  [[nodiscard]] std::optional<std::string> given_text(std::string_view key) const;

 private:
  std::map<std::string, Setting, std::less<>> settings_;
};

// Adds a flag for each definition; parsing writes what was given into `texts`. A value that cannot be is a usage error.
// Both outlive the parsing.
void add_setting_flags(CLI::App& app, std::span<const SettingDefinition> definitions, SettingTexts& texts);

// A value as flags and variables write it. Errors: kInvalidArgument; `name` is what the message calls the setting.
[[nodiscard]] Result<SettingValue> parse_setting(const SettingDefinition& definition, std::string_view name, std::string_view text);

// The value as flags and variables write it.
[[nodiscard]] std::string to_text(const SettingValue& value);

// Flag, then variable, then file, then default variable, then default; a variable that is empty says nothing. Errors: kInvalidConfig for a
// variable that cannot be. `from_file` is read_settings()'s.
[[nodiscard]] Result<Settings> resolve_settings(std::span<const SettingDefinition> definitions, const SettingTexts& flags,
                                                const client::Environment& environment,
                                                const std::map<std::string, Setting, std::less<>>& from_file);

}  // namespace lifecycle::cli
