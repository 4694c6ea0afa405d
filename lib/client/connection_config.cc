#include "client/connection_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string_view>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "client/connection_profile.h"
#include "client/connection_report.h"
#include "client/http_proxy.h"
#include "rpc/header_text.h"
#include "rpc/tls_material.h"

namespace lifecycle::client {
namespace {

constexpr std::string_view kHeaderVariablePrefix = "TEMPORAL_GRPC_META_";
constexpr std::string_view kDefaultProfile = "default";
constexpr const char* kApiKeyFileVariable = "LIFECYCLE_API_KEY_FILE";

std::unexpected<Error> invalid(std::string message, std::string hint = {}) {
  return fail(ErrorCode::kInvalidConfig, std::move(message), std::move(hint));
}

// What a flag says wrongly is wrong usage, all else is wrong configuration.
std::unexpected<Error> invalid_at(std::string_view origin, std::string message, std::string hint = {}) {
  return fail(origin.starts_with("--") ? ErrorCode::kInvalidArgument : ErrorCode::kInvalidConfig, std::move(message), std::move(hint));
}

std::optional<std::string> variable(const Environment& environment, const std::string& name) {
  const auto found = environment.variables.find(name);
  return found == environment.variables.end() ? std::nullopt : std::optional(found->second);
}

// For variables of which an empty value means nothing.
std::optional<std::string> variable_with_text(const Environment& environment, const std::string& name) {
  const std::optional<std::string> value = variable(environment, name);
  return value && !value->empty() ? value : std::nullopt;
}

Result<std::optional<bool>> boolean_variable(const Environment& environment, const std::string& name) {
  const std::optional<std::string> value = variable_with_text(environment, name);
  if (!value) {
    return std::nullopt;
  }
  if (*value == "true" || *value == "1") {
    return true;
  }
  if (*value == "false" || *value == "0") {
    return false;
  }
  return invalid(fmt::format("{} is '{}'", name, *value), "set it to true or false");
}

PemSource pem_variables(const Environment& environment, const std::string& name) {
  return {.path = variable(environment, name + "_PATH"), .data = variable(environment, name + "_DATA"), .origin = name};
}

Result<ConnectionSettings> environment_settings(const Environment& environment) {
  const Result<std::optional<bool>> tls = boolean_variable(environment, "TEMPORAL_TLS");
  if (!tls) {
    return std::unexpected(tls.error());
  }
  const Result<std::optional<bool>> disable_host_verification = boolean_variable(environment, "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION");
  if (!disable_host_verification) {
    return std::unexpected(disable_host_verification.error());
  }
  ConnectionSettings settings{.address = variable(environment, "TEMPORAL_ADDRESS"),
                              .name_space = variable(environment, "TEMPORAL_NAMESPACE"),
                              .api_key = variable(environment, "TEMPORAL_API_KEY"),
                              .api_key_file = variable(environment, kApiKeyFileVariable),
                              .authority = variable(environment, "TEMPORAL_CLIENT_AUTHORITY"),
                              .tls = *tls,
                              .client_certificate = pem_variables(environment, "TEMPORAL_TLS_CLIENT_CERT"),
                              .client_key = pem_variables(environment, "TEMPORAL_TLS_CLIENT_KEY"),
                              .server_ca_certificate = pem_variables(environment, "TEMPORAL_TLS_SERVER_CA_CERT"),
                              .server_name = variable(environment, "TEMPORAL_TLS_SERVER_NAME"),
                              .disable_host_verification = *disable_host_verification,
                              .codec_endpoint = variable(environment, "TEMPORAL_CODEC_ENDPOINT"),
                              .origins = {{"address", "TEMPORAL_ADDRESS"},
                                          {"namespace", "TEMPORAL_NAMESPACE"},
                                          {"api_key", "TEMPORAL_API_KEY"},
                                          {"authority", "TEMPORAL_CLIENT_AUTHORITY"},
                                          {"tls", "TEMPORAL_TLS"},
                                          {"tls.server_name", "TEMPORAL_TLS_SERVER_NAME"},
                                          {"tls.disable_host_verification", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"},
                                          {"codec.endpoint", "TEMPORAL_CODEC_ENDPOINT"}}};
  if (settings.api_key_file) {
    settings.origins["api_key"] = kApiKeyFileVariable;
  }
  for (const auto& [name, value] : environment.variables) {
    if (name.starts_with(kHeaderVariablePrefix)) {
      const std::string header = header_name(name.substr(kHeaderVariablePrefix.size()));
      settings.grpc_meta[header] = value;
      settings.origins["grpc_meta." + header] = name;
    }
  }
  return settings;
}

struct ConfigFile {
  std::string path;
  std::string origin;
};

std::optional<ConfigFile> config_file(const ConnectionFlags& flags, const Environment& environment) {
  if (flags.config_file) {
    return ConfigFile{.path = *flags.config_file, .origin = "--config-file"};
  }
  if (const auto path = variable_with_text(environment, "TEMPORAL_CONFIG_FILE")) {
    return ConfigFile{.path = *path, .origin = "TEMPORAL_CONFIG_FILE"};
  }
  if (const auto config_home = variable_with_text(environment, "XDG_CONFIG_HOME")) {
    return ConfigFile{.path = *config_home + "/temporalio/temporal.toml", .origin = "XDG_CONFIG_HOME"};
  }
  if (const auto home = variable_with_text(environment, "HOME")) {
    return ConfigFile{.path = *home + "/.config/temporalio/temporal.toml", .origin = "default"};
  }
  return std::nullopt;
}

// Reads the profile, and notes which file and profile those were.
Result<Profile> file_profile(const ConnectionFlags& flags, const Environment& environment, ConnectionDecisions& decisions) {
  const std::optional<std::string> by_variable = variable_with_text(environment, "TEMPORAL_PROFILE");
  decisions.profile = flags.profile.value_or(by_variable.value_or(std::string(kDefaultProfile)));
  decisions.profile_origin = flags.profile ? "--profile" : by_variable ? "TEMPORAL_PROFILE" : "default";
  Profile profile;
  const std::optional<ConfigFile> file = config_file(flags, environment);
  if (file) {
    const Result<std::string> content = environment.read_file(file->path);
    if (!content && (flags.config_file || content.error().code != ErrorCode::kNotFound)) {
      return invalid(fmt::format("configuration file '{}': {}", file->path, content.error().message));
    }
    if (content) {
      Result<Profile> found = read_profile(*content, file->path, decisions.profile);
      if (!found) {
        return found;
      }
      profile = *std::move(found);
      decisions.config_file = file->path;
      decisions.config_file_origin = file->origin;
    }
  }
  if (!profile.is_there && (flags.profile || by_variable)) {
    return invalid(fmt::format("profile '{}' is not in '{}'", decisions.profile, file ? file->path : "temporal.toml"),
                   fmt::format("add a [profile.{}] table to the file, or choose another profile", decisions.profile));
  }
  return profile;
}

// Lays the settings of a higher place over those of the lower ones, each with its origin.
class Overlay {
 public:
  Overlay(ConnectionSettings& settings, const ConnectionSettings& above) : settings_(settings), above_(above) {}

  template <class T>
  void take(std::optional<T> ConnectionSettings::* member, const std::string& key) {
    if (above_.*member) {
      settings_.*member = above_.*member;
      take_origin(key);
    }
  }
  void take(PemSource ConnectionSettings::* member) {
    if ((above_.*member).is_set()) {
      settings_.*member = above_.*member;
    }
  }
  // Key and key file are two forms of one setting.
  void take_api_key() {
    if (above_.api_key || above_.api_key_file) {
      settings_.api_key = above_.api_key;
      settings_.api_key_file = above_.api_key_file;
      take_origin("api_key");
    }
  }
  void take_headers() {
    for (const auto& [name, value] : above_.grpc_meta) {
      const std::string header = header_name(name);
      settings_.grpc_meta[header] = value;
      take_origin("grpc_meta." + header);
    }
  }

 private:
  void take_origin(const std::string& key) {
    const auto origin = above_.origins.find(key);
    settings_.origins[key] = origin == above_.origins.end() ? "" : origin->second;
  }

  ConnectionSettings& settings_;
  const ConnectionSettings& above_;
};

void override_with(ConnectionSettings& settings, const ConnectionSettings& above) {
  Overlay overlay(settings, above);
  overlay.take(&ConnectionSettings::address, "address");
  overlay.take(&ConnectionSettings::name_space, "namespace");
  overlay.take_api_key();
  overlay.take(&ConnectionSettings::authority, "authority");
  overlay.take(&ConnectionSettings::tls, "tls");
  overlay.take(&ConnectionSettings::client_certificate);
  overlay.take(&ConnectionSettings::client_key);
  overlay.take(&ConnectionSettings::server_ca_certificate);
  overlay.take(&ConnectionSettings::server_name, "tls.server_name");
  overlay.take(&ConnectionSettings::disable_host_verification, "tls.disable_host_verification");
  overlay.take(&ConnectionSettings::codec_endpoint, "codec.endpoint");
  overlay.take_headers();
}

bool has_text(const PemSource& source) { return !source.path.value_or("").empty() || !source.data.value_or("").empty(); }

Result<void> check_one_source(const ConnectionSettings& settings) {
  for (const PemSource* source : {&settings.client_certificate, &settings.client_key, &settings.server_ca_certificate}) {
    if (!source->path.value_or("").empty() && !source->data.value_or("").empty()) {
      return invalid_at(source->origin, fmt::format("{} is given both as a path and as data", source->origin), "give one of the two");
    }
  }
  if (!settings.api_key.value_or("").empty() && !settings.api_key_file.value_or("").empty()) {
    const std::string origin = settings.origins.at("api_key");
    return invalid_at(origin, fmt::format("{}: the API key is given directly, too", origin), "give one of the two");
  }
  return {};
}

Result<std::string> load_file(const std::string& path, std::string_view origin, const Environment& environment) {
  Result<std::string> content = environment.read_file(path);
  if (!content) {
    return invalid_at(origin, fmt::format("{}: file '{}': {}", origin, path, content.error().message));
  }
  return content;
}

std::string place_of(const PemSource& source) {
  return source.path.value_or("").empty() ? source.origin : fmt::format("{}: file '{}'", source.origin, *source.path);
}

// The PEM text itself, which `check` accepts. Nothing given, or an empty text, is no certificate.
Result<std::string> load_pem(const PemSource& source, const Environment& environment, Result<void> (*check)(std::string_view)) {
  if (!has_text(source)) {
    return "";
  }
  Result<std::string> text =
      source.path.value_or("").empty() ? Result<std::string>(*source.data) : load_file(*source.path, source.origin, environment);
  if (!text) {
    return text;
  }
  if (const Result<void> usable = check(*text); !usable) {
    return invalid_at(source.origin, fmt::format("{}: {}", place_of(source), usable.error().message), usable.error().hint);
  }
  return text;
}

std::string text_or(const std::optional<std::string>& value, const std::string& fallback) {
  return value.value_or("").empty() ? fallback : *value;
}

// Whether TLS is on, and what decided that. As in the official SDKs a word about TLS itself wins; else any other TLS setting, or an API
// key, turns it on.
std::pair<bool, std::string> tls_decision(const ConnectionSettings& settings) {
  if (settings.tls) {
    return {*settings.tls, settings.origins.at("tls")};
  }
  for (const PemSource* source : {&settings.client_certificate, &settings.client_key, &settings.server_ca_certificate}) {
    if (has_text(*source)) {
      return {true, "because of " + source->origin};
    }
  }
  if (!settings.server_name.value_or("").empty()) {
    return {true, "because of " + settings.origins.at("tls.server_name")};
  }
  if (settings.disable_host_verification) {
    return {true, "because of " + settings.origins.at("tls.disable_host_verification")};
  }
  if (!settings.api_key.value_or("").empty() || !settings.api_key_file.value_or("").empty()) {
    return {true, "because of " + settings.origins.at("api_key")};
  }
  return {false, "default"};
}

Result<void> check_client_pair(const ConnectionSettings& settings, const rpc::TlsOptions& tls) {
  const PemSource& certificate = settings.client_certificate;
  const PemSource& key = settings.client_key;
  if (tls.client_certificate_pem.empty() != tls.client_key_pem.empty()) {
    const PemSource& given = tls.client_key_pem.empty() ? certificate : key;
    return invalid_at(given.origin,
                      fmt::format("{}: a client certificate and its key belong together, and the {} is missing", place_of(given),
                                  tls.client_key_pem.empty() ? "key" : "certificate"),
                      "give both, or none");
  }
  if (tls.client_key_pem.empty()) {
    return {};
  }
  if (const Result<void> pair = rpc::check_key_belongs_to(tls.client_key_pem, tls.client_certificate_pem); !pair) {
    return invalid_at(key.origin, fmt::format("{}, and {}: {}", place_of(certificate), place_of(key), pair.error().message),
                      pair.error().hint);
  }
  return {};
}

Result<rpc::TlsOptions> load_tls(const ConnectionSettings& settings, const Environment& environment) {
  rpc::TlsOptions tls{.enabled = tls_decision(settings).first,
                      .server_ca_certificate_path = settings.server_ca_certificate.path.value_or(""),
                      .client_certificate_path = settings.client_certificate.path.value_or(""),
                      .client_key_path = settings.client_key.path.value_or(""),
                      .server_name = settings.server_name.value_or(""),
                      .disable_host_verification = settings.disable_host_verification.value_or(false)};
  if (!tls.enabled) {
    return tls;
  }
  for (const auto& [source, check, pem] :
       {std::tuple{&settings.server_ca_certificate, &rpc::check_certificates, &tls.server_ca_certificate_pem},
        {&settings.client_certificate, &rpc::check_certificates, &tls.client_certificate_pem},
        {&settings.client_key, &rpc::check_private_key, &tls.client_key_pem}}) {
    Result<std::string> text = load_pem(*source, environment, check);
    if (!text) {
      return std::unexpected(std::move(text).error());
    }
    *pem = *std::move(text);
  }
  if (const Result<void> pair = check_client_pair(settings, tls); !pair) {
    return std::unexpected(pair.error());
  }
  return tls;
}

Result<std::string> load_api_key(const ConnectionSettings& settings, const Environment& environment) {
  const std::string path = settings.api_key_file.value_or("");
  if (path.empty() && settings.api_key.value_or("").empty()) {
    return "";
  }
  const std::string origin = settings.origins.at("api_key");
  const Result<std::string> text = path.empty() ? Result<std::string>(*settings.api_key) : load_file(path, origin, environment);
  if (!text) {
    return text;
  }
  Result<std::string> key = rpc::api_key_in(*text);
  if (!key) {
    return invalid_at(origin, fmt::format("{}: {}{}", origin, path.empty() ? "" : fmt::format("file '{}': ", path), key.error().message));
  }
  return key;
}

Result<std::map<std::string, std::string>> load_headers(const ConnectionSettings& settings) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : settings.grpc_meta) {
    if (value.empty()) {
      continue;
    }
    if (const Result<void> valid = rpc::check_header(name, value); !valid) {
      const std::string origin = settings.origins.at("grpc_meta." + name);
      return invalid_at(origin, fmt::format("{}: {}", origin, valid.error().message), valid.error().hint);
    }
    headers.emplace(name, value);
  }
  return headers;
}

ConnectionSettings flag_settings(const ConnectionFlags& flags) {
  ConnectionSettings settings = flags.settings;
  settings.client_certificate.origin = "--tls-cert-path/-data";
  settings.client_key.origin = "--tls-key-path/-data";
  settings.server_ca_certificate.origin = "--tls-ca-path/-data";
  settings.origins = {{"address", "--address"},
                      {"namespace", "--namespace"},
                      {"api_key", settings.api_key_file ? "--api-key-file" : "--api-key"},
                      {"authority", "--client-authority"},
                      {"tls", settings.tls.value_or(true) ? "--tls" : "--no-tls"},
                      {"tls.server_name", "--tls-server-name"},
                      {"tls.disable_host_verification", "--tls-disable-host-verification"}};
  for (const auto& [name, value] : settings.grpc_meta) {
    settings.origins["grpc_meta." + header_name(name)] = "--grpc-meta";
  }
  return settings;
}

// The settings with the files' contents, ready to connect with.
Result<ConnectionConfig> make_config(const ConnectionSettings& settings, const Environment& environment, ConnectionDecisions& decisions) {
  decisions.tls_origin = tls_decision(settings).second;
  Result<rpc::TlsOptions> tls = load_tls(settings, environment);
  if (!tls) {
    return std::unexpected(std::move(tls).error());
  }
  Result<std::string> api_key = load_api_key(settings, environment);
  if (!api_key) {
    return std::unexpected(std::move(api_key).error());
  }
  Result<std::map<std::string, std::string>> headers = load_headers(settings);
  if (!headers) {
    return std::unexpected(std::move(headers).error());
  }
  const ConnectionConfig defaults;
  ConnectionConfig config{.address = text_or(settings.address, defaults.address),
                          .name_space = text_or(settings.name_space, defaults.name_space),
                          .tls = *std::move(tls),
                          .api_key = *std::move(api_key),
                          .api_key_path = settings.api_key_file.value_or(""),
                          .metadata = *std::move(headers),
                          .authority = settings.authority.value_or("")};
  Result<HttpProxy> proxy = http_proxy_for(config.address, environment);
  if (!proxy) {
    return std::unexpected(std::move(proxy).error());
  }
  config.http_proxy = std::move(proxy->url);
  decisions.http_proxy_origin = std::move(proxy->origin);
  return config;
}

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      environment.variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  environment.read_file = read_file;
  return environment;
}

Result<LoadedConnection> load_connection(const ConnectionFlags& flags, const Environment& environment) {
  ConnectionDecisions decisions;
  Result<Profile> profile = file_profile(flags, environment, decisions);
  if (!profile) {
    return std::unexpected(std::move(profile).error());
  }
  const Result<ConnectionSettings> by_variables = environment_settings(environment);
  if (!by_variables) {
    return std::unexpected(by_variables.error());
  }
  ConnectionSettings settings;
  for (const ConnectionSettings& place : {profile->settings, *by_variables, flag_settings(flags)}) {
    if (const Result<void> valid = check_one_source(place); !valid) {
      return std::unexpected(valid.error());
    }
    override_with(settings, place);
  }
  Result<ConnectionConfig> config = make_config(settings, environment, decisions);
  if (!config) {
    return std::unexpected(std::move(config).error());
  }
  std::vector<ConnectionSetting> report = report_of(*config, settings, decisions);
  std::vector<std::string> warnings = warnings_of(*config, settings, decisions);
  return LoadedConnection{.config = *std::move(config),
                          .settings = std::move(report),
                          .unknown_keys = std::move(profile->unknown_keys),
                          .warnings = std::move(warnings)};
}

Result<std::vector<std::string>> profile_names(const ConnectionFlags& flags, const Environment& environment) {
  const std::optional<ConfigFile> file = config_file(flags, environment);
  const Result<std::string> content = file ? environment.read_file(file->path) : Result<std::string>("");
  if (content) {
    return read_profile_names(*content, file ? file->path : "");
  }
  if (content.error().code == ErrorCode::kNotFound) {
    return std::vector<std::string>();
  }
  return fail(ErrorCode::kInvalidConfig, fmt::format("profile file '{}': {}", file->path, content.error().message));
}

Result<ConnectionConfig> load_connection_config(const ConnectionFlags& flags, const Environment& environment) {
  Result<LoadedConnection> loaded = load_connection(flags, environment);
  if (!loaded) {
    return std::unexpected(std::move(loaded).error());
  }
  return std::move(loaded->config);
}

}  // namespace lifecycle::client
