// Flags of types that CLI11 does not know.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/duration.h"

namespace lifecycle::cli {

// A duration as the temporal CLI writes them ("500ms", "30s", "1m30s"). `Target` is Duration or std::optional<Duration>.
template <class Target>
CLI::Option* add_duration(CLI::App& app, const std::string& name, Target& target, const std::string& help) {
  return app
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            const Result<Duration> duration = parse_duration(text);
            if (!duration) {
              throw CLI::ValidationError(name, duration.error().message + "; " + duration.error().hint);
            }
            target = *duration;
          },
          help)
      ->type_name("DURATION");
}

// One of a few words. The words are compared without regard to case, as the temporal CLI does.
template <class Enum>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Enum& target, const std::vector<std::pair<std::string, Enum>>& choices,
                        const std::string& help) {
  std::string words;
  for (const auto& [word, value] : choices) {
    words += (words.empty() ? "" : "|") + word;
  }
  return app
      .add_option_function<std::string>(
          name,
          [&target, choices, words, name](const std::string& text) {
            for (const auto& [word, value] : choices) {
              if (CLI::detail::to_lower(word) == CLI::detail::to_lower(text)) {
                target = value;
                return;
              }
            }
            throw CLI::ValidationError(name, "'" + text + "' is not one of " + words);
          },
          help)
      ->type_name(words);
}

}  // namespace lifecycle::cli
