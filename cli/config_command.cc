#include "cli/config_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/overloaded.h"
#include "cli/output.h"
#include "cli/table.h"

namespace lifecycle::cli {
namespace {

// A value as lifecycle.toml has it, so that what is shown can be copied there.
std::string toml_text(const SettingValue& value) {
  const bool is_quoted = std::holds_alternative<std::string>(value) || std::holds_alternative<Duration>(value);
  return is_quoted ? nlohmann::json(to_text(value)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : to_text(value);
}

nlohmann::ordered_json json_value(const SettingValue& value) {
  return std::visit(Overloaded{
                        [](Duration duration) -> nlohmann::ordered_json { return to_text(duration); },
                        [](const auto& other) -> nlohmann::ordered_json { return other; },
                    },
                    value);
}

// A default that depends on other settings has no value of its own to show.
bool is_derived(const SettingDefinition& definition, const Setting& setting) {
  return setting.is_default && !definition.default_text.empty();
}

std::string shown(const client::ConnectionSetting& setting) {
  return std::visit(Overloaded{
                        [](std::monostate) { return std::string(); },
                        [](bool value) { return std::string(value ? "true" : "false"); },
                        [](const std::string& value) { return toml_text(value); },
                    },
                    setting.value);
}

// As comments: these are temporal.toml's, and what is shown is to be a lifecycle.toml.
void show_connection(Output& output, const client::LoadedConnection& connection, bool origin) {
  std::vector<Row> rows;
  for (const client::ConnectionSetting& setting : connection.settings) {
    const std::string value = shown(setting);
    const std::string line = fmt::format("# {}{}{}", setting.key, value.empty() ? ": none" : " = ", value);
    rows.push_back(origin ? Row{line, "# " + setting.origin} : Row{line});
  }
  output.answer("# Connection to Temporal (temporal.toml)");
  for (const std::string& line : aligned(rows)) {
    output.answer(line);
  }
  output.answer("");
}

nlohmann::ordered_json connection_json(const client::LoadedConnection& connection, bool origin) {
  nlohmann::ordered_json document = nlohmann::ordered_json::object();
  for (const client::ConnectionSetting& setting : connection.settings) {
    const nlohmann::ordered_json value = std::visit(Overloaded{
                                                        [](std::monostate) { return nlohmann::ordered_json(); },
                                                        [](const auto& given) { return nlohmann::ordered_json(given); },
                                                    },
                                                    setting.value);
    document[setting.key] = origin ? nlohmann::ordered_json{{"value", value}, {"origin", setting.origin}} : value;
  }
  return document;
}

void show_text(Output& output, const WorkerSettings& loaded, std::span<const SettingDefinition> definitions, bool origin) {
  std::vector<Row> rows;
  for (const SettingDefinition& definition : definitions) {
    const Setting& setting = loaded.settings.at(definition.key);
    const std::string line = is_derived(definition, setting) ? fmt::format("# {}: {}", definition.key, definition.default_text)
                                                             : fmt::format("{} = {}", definition.key, toml_text(setting.value));
    rows.push_back(origin ? Row{line, "# " + setting.origin} : Row{line});
  }
  output.answer("[worker]");
  for (const std::string& line : aligned(rows)) {
    output.answer(line);
  }
}

void show_json(Output& output, const WorkerSettings& loaded, const client::LoadedConnection& connection,
               std::span<const SettingDefinition> definitions, bool origin) {
  nlohmann::ordered_json worker = nlohmann::ordered_json::object();
  for (const SettingDefinition& definition : definitions) {
    const Setting& setting = loaded.settings.at(definition.key);
    const nlohmann::ordered_json value = is_derived(definition, setting) ? nlohmann::ordered_json() : json_value(setting.value);
    worker[definition.key] = origin ? nlohmann::ordered_json{{"value", value}, {"origin", setting.origin}} : value;
  }
  nlohmann::ordered_json document{{"settings_file", nullptr}, {"worker", std::move(worker)}};
  if (loaded.file) {
    document["settings_file"] = loaded.file->path;
  }
  document["connection"] = connection_json(connection, origin);
  output.document(document);
}

}  // namespace

void add_config_options(CLI::App& app, ConfigOptions& options, std::span<const SettingDefinition> definitions) {
  app.require_subcommand(1);
  CLI::App* const show = app.add_subcommand("show", "show the settings that a worker started here with these flags would have");
  show->add_flag("--origin", options.origin, "say where each value comes from: flag, variable, line of the file, or default");
  add_worker_options(*show, options.worker, definitions);
}

ExitCode run_config(const GlobalOptions& global, const ConfigOptions& options, std::span<const SettingDefinition> definitions,
                    const ProcessContext& process) {
  Output output(output_options(global, process.environment));
  const Result<WorkerSettings> loaded = load_worker_settings(global, options.worker, definitions, process.environment);
  if (!loaded) {
    return output.report(loaded.error());
  }
  const Result<client::LoadedConnection> connection = client::load_connection(global.connection, process.environment);
  if (!connection) {
    return output.report(connection.error());
  }
  if (!connection->unknown_keys.empty()) {
    return output.report(connection->unknown_keys.front());
  }
  for (const std::string& warning : connection->warnings) {
    output.warning(warning);
  }
  if (output.is_json()) {
    show_json(output, *loaded, *connection, definitions, options.origin);
  } else if (output.format() == OutputFormat::kText) {
    show_connection(output, *connection, options.origin);
    show_text(output, *loaded, definitions, options.origin);
  }
  return ExitCode::kDone;
}

}  // namespace lifecycle::cli
