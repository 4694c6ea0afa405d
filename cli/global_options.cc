#include "cli/global_options.h"

#include <unistd.h>

#include <string>
#include <vector>

#include "cli/flags.h"

namespace lifecycle::cli {
namespace {

void add_meta(client::ConnectionSettings& settings, const std::vector<std::string>& pairs) {
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw CLI::ValidationError("--grpc-meta", "'" + pair + "' is not NAME=VALUE");
    }
    settings.grpc_meta[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
}

// A flag that says nothing when it is not given: CLI11's own would say false, and that wins over the environment.
CLI::Option* add_switch(CLI::App& app, const std::string& name, std::optional<bool>& target, const std::string& help) {
  return app.add_flag_function(name, [&target](std::int64_t count) { target = count > 0; }, help);
}

void add_connection_flags(CLI::App& app, client::ConnectionFlags& flags) {
  const char* const group = "Connection (flag, else environment, else profile file)";
  client::ConnectionSettings& settings = flags.settings;
  app.add_option("--address", settings.address, "host:port of Temporal's frontend [localhost:7233] (TEMPORAL_ADDRESS)")->group(group);
  app.add_option("-n,--namespace", settings.name_space, "Temporal namespace [default] (TEMPORAL_NAMESPACE)")->group(group);
  CLI::Option* const api_key =
      app.add_option("--api-key", settings.api_key, "API key; others on this machine can see it in the process list (TEMPORAL_API_KEY)");
  api_key->group(group);
  app.add_option("--api-key-file", settings.api_key_file,
                 "file with the API key, read again when the server refuses it (LIFECYCLE_API_KEY_FILE)")
      ->excludes(api_key)
      ->group(group);
  app.add_option_function<std::vector<std::string>>(
         "--grpc-meta", [&settings](const std::vector<std::string>& pairs) { add_meta(settings, pairs); },
         "header for each call (TEMPORAL_GRPC_META_NAME)")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all()
      ->group(group);
  app.add_option("--client-authority", settings.authority, "the :authority header")->group(group);
  add_switch(app, "--tls,!--no-tls", settings.tls, "use TLS; the default with an API key or another TLS flag (TEMPORAL_TLS)")->group(group);
  app.add_option("--tls-cert-path", settings.client_certificate.path, "client certificate, PEM file")->group(group);
  app.add_option("--tls-cert-data", settings.client_certificate.data, "client certificate, PEM text")->group(group);
  app.add_option("--tls-key-path", settings.client_key.path, "client key, PEM file")->group(group);
  app.add_option("--tls-key-data", settings.client_key.data, "client key, PEM text")->group(group);
  app.add_option("--tls-ca-path", settings.server_ca_certificate.path, "certificate authority of the server, PEM file")->group(group);
  app.add_option("--tls-ca-data", settings.server_ca_certificate.data, "certificate authority of the server, PEM text")->group(group);
  app.add_option("--tls-server-name", settings.server_name, "name expected in the server's certificate")->group(group);
  add_switch(app, "--tls-disable-host-verification", settings.disable_host_verification, "do not check the server's certificate")
      ->group(group);
  app.add_option("--config-file", flags.config_file, "profile file [~/.config/temporalio/temporal.toml] (TEMPORAL_CONFIG_FILE)")
      ->group(group);
  app.add_option("--profile", flags.profile, "profile in that file [default] (TEMPORAL_PROFILE)")->group(group);
}

}  // namespace

void add_global_options(CLI::App& app, GlobalOptions& options) {
  const char* const group = "Output and time-outs";
  add_connection_flags(app, options.connection);
  add_choice<OutputFormat>(
      app, "-o,--output", options.output,
      {{"text", OutputFormat::kText}, {"json", OutputFormat::kJson}, {"jsonl", OutputFormat::kJsonl}, {"none", OutputFormat::kNone}},
      "form of the answer on standard output")
      ->group(group);
  add_choice<TimeFormat>(app, "--time-format", options.time_format,
                         {{"relative", TimeFormat::kRelative}, {"iso", TimeFormat::kIso}, {"raw", TimeFormat::kRaw}},
                         "form of times in text")
      ->group(group);
  add_choice<ColorChoice>(app, "--color", options.color,
                          {{"auto", ColorChoice::kAuto}, {"always", ColorChoice::kAlways}, {"never", ColorChoice::kNever}},
                          "colour; auto looks at NO_COLOR, TERM and whether it is a terminal")
      ->group(group);
  add_choice<std::optional<LogLevel>>(app, "--log-level", options.log_level,
                                      {{"debug", LogLevel::kDebug},
                                       {"info", LogLevel::kInfo},
                                       {"warn", LogLevel::kWarn},
                                       {"error", LogLevel::kError},
                                       {"never", LogLevel::kNever}},
                                      "least level that is logged, to standard error [worker: info, else never]")
      ->group(group);
  add_choice<std::optional<LogFormat>>(app, "--log-format", options.log_format, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                                       "form of log lines [text]")
      ->group(group);
  add_duration(app, "--command-timeout", options.command_timeout, "end the command after this time, with exit code 124")->group(group);
  add_duration(app, "--client-connect-timeout", options.connect_timeout, "how long to wait for a server that does not answer [5s]")
      ->group(group);
}

std::string variable(const client::Environment& environment, const std::string& name) {
  const auto found = environment.variables.find(name);
  return found == environment.variables.end() ? "" : found->second;
}

Logger command_log(const GlobalOptions& options) {
  return {options.log_level.value_or(LogLevel::kNever), options.log_format.value_or(LogFormat::kText)};
}

OutputOptions output_options(const GlobalOptions& options, const client::Environment& environment) {
  const std::string no_color = variable(environment, "NO_COLOR");
  const std::string term = variable(environment, "TERM");
  return {.format = options.output,
          .color = options.color,
          .standard_output = facts_of_stream(STDOUT_FILENO, no_color, term),
          .standard_error = facts_of_stream(STDERR_FILENO, no_color, term)};
}

}  // namespace lifecycle::cli
