// Flags that every subcommand takes: the temporal CLI's, with its names, shorts, values and meanings.
#pragma once

#include <optional>

#include "base/clock.h"
#include "cli/output.h"
#include "cli/time_text.h"
#include "client/connection_config.h"
#include "telemetry/log.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

struct GlobalOptions {
  client::ConnectionFlags connection;
  OutputFormat output = OutputFormat::kText;
  TimeFormat time_format = TimeFormat::kRelative;
  ColorChoice color = ColorChoice::kAuto;
  std::optional<LogLevel> log_level;            // nothing: what the subcommand is used to
  std::optional<LogFormat> log_format;          // nothing: text, or a worker's setting
  Duration command_timeout = Duration::zero();  // zero: none
  Duration connect_timeout = std::chrono::seconds(5);
};

// `options` outlives the parsing.
void add_global_options(CLI::App& app, GlobalOptions& options);

// What a subcommand is handed by main: everything of the process that it may use.
struct ProcessContext {
  const client::Environment& environment;
  const Clock& clock;
};

// The value of an environment variable, or "" when it is not set.
[[nodiscard]] std::string variable(const client::Environment& environment, const std::string& name);

// The log of a command that answers and ends: silent when nobody asked for it.
[[nodiscard]] Logger command_log(const GlobalOptions& options);

[[nodiscard]] OutputOptions output_options(const GlobalOptions& options, const client::Environment& environment);

}  // namespace lifecycle::cli
