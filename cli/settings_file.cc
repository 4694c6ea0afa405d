#include "cli/settings_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/overloaded.h"
#include "cli/did_you_mean.h"
#include "cli/global_options.h"

namespace lifecycle::cli {
namespace {

constexpr std::string_view kTable = "worker";

std::string place(const SettingsFile& file, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", file.path, region.begin.line, region.begin.column);
}

std::unexpected<Error> unknown(const SettingsFile& file, const toml::key& key, std::string_view what,
                               const std::vector<std::string>& known) {
  const std::optional<std::string> meant = did_you_mean(key.str(), known);
  return fail(ErrorCode::kInvalidConfig, fmt::format("{}: {} '{}' is not known", place(file, key.source()), what, key.str()),
              meant ? fmt::format("did you mean '{}'?", *meant) : "the settings are listed by: lifecycle config show");
}

// The text as which the value would be given on the command line; nothing for a type that the setting has not.
std::optional<std::string> text_of(const SettingDefinition& definition, const toml::node& node) {
  return std::visit(Overloaded{
                        [&](std::int64_t) -> std::optional<std::string> {
                          return node.is_integer() ? std::optional(fmt::format("{}", node.ref<std::int64_t>())) : std::nullopt;
                        },
                        [&](double) -> std::optional<std::string> {
                          const std::optional<double> number = node.value<double>();
                          return node.is_number() ? std::optional(fmt::format("{}", *number)) : std::nullopt;
                        },
                        [&](bool) -> std::optional<std::string> {
                          return node.is_boolean() ? std::optional<std::string>(node.ref<bool>() ? "true" : "false") : std::nullopt;
                        },
                        [&](const auto&) -> std::optional<std::string> {
                          return node.is_string() ? std::optional(node.ref<std::string>()) : std::nullopt;
                        },
                    },
                    definition.default_value);
}

std::string_view type_of(const SettingDefinition& definition) {
  return std::visit(Overloaded{
                        [](const std::string&) -> std::string_view { return "a text"; },
                        [](std::int64_t) -> std::string_view { return "a whole number"; },
                        [](double) -> std::string_view { return "a number"; },
                        [](bool) -> std::string_view { return "true or false"; },
                        [](Duration) -> std::string_view { return "a duration in quotes, for example \"30s\""; },
                    },
                    definition.default_value);
}

Result<Setting> read_setting(const SettingsFile& file, const SettingDefinition& definition, const toml::node& node) {
  const std::string where = place(file, node.source());
  const std::optional<std::string> text = text_of(definition, node);
  if (!text) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: {} must be {}", where, definition.key, type_of(definition)));
  }
  Result<SettingValue> value = parse_setting(definition, definition.key, *text);
  if (!value) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: {}", where, value.error().message), value.error().hint);
  }
  return Setting{.value = *std::move(value), .origin = where, .is_default = false};
}

}  // namespace

Result<std::optional<SettingsFile>> find_settings_file(const std::optional<std::string>& from_flag,
                                                       const client::Environment& environment) {
  const std::string from_variable = variable(environment, "LIFECYCLE_SETTINGS_FILE");
  const bool is_named = from_flag || !from_variable.empty();
  std::vector<std::string> paths{from_flag.value_or(from_variable)};
  if (!is_named) {
    const std::string config_home = variable(environment, "XDG_CONFIG_HOME");
    const std::string home = variable(environment, "HOME");
    paths = {"lifecycle.toml", (config_home.empty() ? home + "/.config" : config_home) + "/lifecycle/lifecycle.toml",
             "/etc/lifecycle/lifecycle.toml"};
  }
  for (const std::string& path : paths) {
    Result<std::string> content = environment.read_file(path);
    if (content) {
      return SettingsFile{.path = path, .content = *std::move(content)};
    }
    if (is_named || content.error().code != ErrorCode::kNotFound) {
      return fail(ErrorCode::kInvalidConfig, fmt::format("settings file '{}': {}", path, content.error().message));
    }
  }
  return std::nullopt;
}

Result<std::map<std::string, Setting, std::less<>>> read_settings(const SettingsFile& file,
                                                                  std::span<const SettingDefinition> definitions) {
  const toml::parse_result document = toml::parse(file.content);
  if (!document) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: {}", place(file, document.error().source()), document.error().description()));
  }
  std::vector<std::string> keys;
  std::ranges::transform(definitions, std::back_inserter(keys), &SettingDefinition::key);
  std::map<std::string, Setting, std::less<>> settings;
  for (const auto& [table_key, table_node] : document.table()) {
    const toml::table* const table = table_node.as_table();
    if (table_key != kTable || table == nullptr) {
      if (std::ranges::find(keys, table_key.str()) != keys.end()) {
        return fail(ErrorCode::kInvalidConfig,
                    fmt::format("{}: '{}' stands outside of a table", place(file, table_key.source()), table_key.str()),
                    fmt::format("write [{}] above it", kTable));
      }
      return unknown(file, table_key, table == nullptr ? "key" : "table", {std::string(kTable)});
    }
    for (const auto& [key, node] : *table) {
      const auto definition = std::ranges::find(definitions, key.str(), &SettingDefinition::key);
      if (definition == definitions.end()) {
        return unknown(file, key, "setting", keys);
      }
      Result<Setting> setting = read_setting(file, *definition, node);
      if (!setting) {
        return std::unexpected(std::move(setting).error());
      }
      settings.emplace(definition->key, *std::move(setting));
    }
  }
  return settings;
}

}  // namespace lifecycle::cli
