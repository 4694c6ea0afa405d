#include "cli/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/duration.h"
#include "base/overloaded.h"

namespace lifecycle::cli {
namespace {

std::unexpected<Error> cannot_be(std::string_view name, std::string_view text, std::string_view wanted) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: '{}' is not {}", name, text, wanted));
}

template <class Number>
Result<SettingValue> parse_number(const SettingDefinition& definition, std::string_view name, std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || !(number >= static_cast<Number>(definition.minimum) && number <= static_cast<Number>(definition.maximum))) {
    return cannot_be(name, text, fmt::format("a number from {} to {}", definition.minimum, definition.maximum));
  }
  return number;
}

Result<SettingValue> parse_word(const SettingDefinition& definition, std::string_view name, std::string_view text) {
  const std::string lower = CLI::detail::to_lower(std::string(text));
  if (!definition.words.empty() && std::ranges::find(definition.words, lower) == definition.words.end()) {
    return cannot_be(name, text, fmt::format("one of {}", fmt::join(definition.words, "|")));
  }
  return definition.words.empty() ? std::string(text) : lower;
}

Result<SettingValue> parse_boolean(std::string_view name, std::string_view text) {
  if (text == "true" || text == "1") {
    return true;
  }
  if (text == "false" || text == "0") {
    return false;
  }
  return cannot_be(name, text, "true or false");
}

std::string help_of(const SettingDefinition& definition) {
  const std::string otherwise = definition.default_text.empty() ? to_text(definition.default_value) : definition.default_text;
  const std::string variables = definition.default_variable.empty()
                                    ? definition.variable
                                    : fmt::format("{}, then {}", definition.variable, definition.default_variable);
  return otherwise.empty() ? fmt::format("{} ({})", definition.help, variables)
                           : fmt::format("{} [{}] ({})", definition.help, otherwise, variables);
}

std::string type_name(const SettingDefinition& definition) {
  return std::visit(
      Overloaded{
          [&](const std::string&) { return definition.words.empty() ? "TEXT" : fmt::to_string(fmt::join(definition.words, "|")); },
          [](std::int64_t) { return std::string("NUMBER"); },
          [](double) { return std::string("NUMBER"); },
          [](bool) { return std::string(); },
          [](Duration) { return std::string("DURATION"); },
      },
      definition.default_value);
}

// "--task-queue" of "-t,--task-queue".
std::string long_flag(const SettingDefinition& definition) {
  const std::string& flags = definition.flags;
  return flags.empty() ? "--" + CLI::detail::find_and_replace(definition.key, "_", "-") : flags.substr(flags.find("--"));
}

// What somebody said of a setting, who, and what it is called when it cannot be.
struct Given {
  std::string text;
  std::string origin;
  ErrorCode refusal;
};

// Flag, then variable, then, where no file has the setting, the variable that stands in for the default.
std::optional<Given> find_given(const SettingDefinition& definition, const SettingTexts& flags, const client::Environment& environment,
                                bool in_file) {
  if (const auto flag = flags.find(definition.key); flag != flags.end()) {
    return Given{.text = flag->second, .origin = long_flag(definition), .refusal = ErrorCode::kInvalidArgument};
  }
  for (const std::string& name : {definition.variable, in_file ? std::string() : definition.default_variable}) {
    if (const auto variable = environment.variables.find(name); variable != environment.variables.end() && !variable->second.empty()) {
      return Given{.text = variable->second, .origin = name, .refusal = ErrorCode::kInvalidConfig};
    }
  }
  return std::nullopt;
}

}  // namespace

const Setting& Settings::at(std::string_view key) const {
  const auto found = settings_.find(key);
  check(found != settings_.end(), "a setting that is not defined");
  return found->second;
}

std::optional<std::string> Settings::given_text(std::string_view key) const {
  const Setting& setting = at(key);
  return setting.is_default ? std::nullopt : std::optional(std::get<std::string>(setting.value));
}

void add_setting_flags(CLI::App& app, std::span<const SettingDefinition> definitions, SettingTexts& texts) {
  for (const SettingDefinition& definition : definitions) {
    if (definition.flags.empty()) {
      continue;
    }
    if (std::holds_alternative<bool>(definition.default_value)) {
      app.add_flag_function(
             fmt::format("{},!--no-{}", definition.flags, long_flag(definition).substr(2)),
             [&texts, &definition](std::int64_t count) { texts[definition.key] = count > 0 ? "true" : "false"; }, help_of(definition))
          ->group("Worker");
      continue;
    }
    app.add_option_function<std::string>(
           definition.flags,
           [&texts, &definition](const std::string& text) {
             if (const Result<SettingValue> value = parse_setting(definition, long_flag(definition), text); !value) {
               throw CLI::ValidationError(value.error().message);
             }
             texts[definition.key] = text;
           },
           help_of(definition))
        ->type_name(type_name(definition))
        ->group("Worker");
  }
}

Result<SettingValue> parse_setting(const SettingDefinition& definition, std::string_view name, std::string_view text) {
  return std::visit(Overloaded{
                        [&](const std::string&) { return parse_word(definition, name, text); },
                        [&](std::int64_t) { return parse_number<std::int64_t>(definition, name, text); },
                        [&](double) { return parse_number<double>(definition, name, text); },
                        [&](bool) { return parse_boolean(name, text); },
                        [&](Duration) -> Result<SettingValue> {
                          const Result<Duration> duration = parse_duration(text);
                          if (!duration) {
                            return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", name, duration.error().message),
                                        duration.error().hint);
                          }
                          return *duration;
                        },
                    },
                    definition.default_value);
}

std::string to_text(const SettingValue& value) {
  return std::visit(Overloaded{
                        [](const std::string& text) { return text; },
                        [](bool boolean) { return std::string(boolean ? "true" : "false"); },
                        [](Duration duration) { return format_duration(duration); },
                        [](auto number) { return fmt::format("{}", number); },
                    },
                    value);
}

Result<Settings> resolve_settings(std::span<const SettingDefinition> definitions, const SettingTexts& flags,
                                  const client::Environment& environment, const std::map<std::string, Setting, std::less<>>& from_file) {
  std::map<std::string, Setting, std::less<>> settings = from_file;
  for (const SettingDefinition& definition : definitions) {
    const std::optional<Given> given = find_given(definition, flags, environment, from_file.contains(definition.key));
    if (!given) {
      settings.try_emplace(definition.key, Setting{.value = definition.default_value, .origin = "default"});
      continue;
    }
    Result<SettingValue> value = parse_setting(definition, given->origin, given->text);
    if (!value) {
      return fail(given->refusal, value.error().message, value.error().hint);
    }
    settings.insert_or_assign(definition.key, Setting{.value = *std::move(value), .origin = given->origin, .is_default = false});
  }
  return Settings(std::move(settings));
}

}  // namespace lifecycle::cli
