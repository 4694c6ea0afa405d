#include "client/connection_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/connection_profile.h"

namespace lifecycle::client {
namespace {

constexpr std::string_view kHeaderVariablePrefix = "TEMPORAL_GRPC_META_";
constexpr std::string_view kDefaultProfile = "default";

std::unexpected<Error> invalid(std::string message, std::string hint = {}) {
  return fail(ErrorCode::kInvalidConfig, std::move(message), std::move(hint));
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
                              .authority = variable(environment, "TEMPORAL_CLIENT_AUTHORITY"),
                              .tls = *tls,
                              .client_certificate = pem_variables(environment, "TEMPORAL_TLS_CLIENT_CERT"),
                              .client_key = pem_variables(environment, "TEMPORAL_TLS_CLIENT_KEY"),
                              .server_ca_certificate = pem_variables(environment, "TEMPORAL_TLS_SERVER_CA_CERT"),
                              .server_name = variable(environment, "TEMPORAL_TLS_SERVER_NAME"),
                              .disable_host_verification = *disable_host_verification};
  for (const auto& [name, value] : environment.variables) {
    if (name.starts_with(kHeaderVariablePrefix)) {
      settings.grpc_meta[header_name(name.substr(kHeaderVariablePrefix.size()))] = value;
    }
  }
  return settings;
}

struct ConfigFile {
  std::string path;
  bool must_exist = false;
};

std::optional<ConfigFile> config_file(const ConnectionFlags& flags, const Environment& environment) {
  if (flags.config_file) {
    return ConfigFile{.path = *flags.config_file, .must_exist = true};
  }
  if (const auto path = variable_with_text(environment, "TEMPORAL_CONFIG_FILE")) {
    return ConfigFile{.path = *path};
  }
  if (const auto config_home = variable_with_text(environment, "XDG_CONFIG_HOME")) {
    return ConfigFile{.path = *config_home + "/temporalio/temporal.toml"};
  }
  if (const auto home = variable_with_text(environment, "HOME")) {
    return ConfigFile{.path = *home + "/.config/temporalio/temporal.toml"};
  }
  return std::nullopt;
}

Result<ConnectionSettings> file_settings(const ConnectionFlags& flags, const Environment& environment) {
  const std::optional<std::string> named_profile = flags.profile ? flags.profile : variable_with_text(environment, "TEMPORAL_PROFILE");
  const std::string profile = named_profile.value_or(std::string(kDefaultProfile));
  std::optional<ConnectionSettings> settings;
  const std::optional<ConfigFile> file = config_file(flags, environment);
  if (file) {
    const Result<std::string> content = environment.read_file(file->path);
    if (!content && (file->must_exist || content.error().code != ErrorCode::kNotFound)) {
      return invalid(fmt::format("configuration file '{}': {}", file->path, content.error().message));
    }
    if (content) {
      Result<std::optional<ConnectionSettings>> found = read_profile(*content, file->path, profile);
      if (!found) {
        return std::unexpected(std::move(found.error()));
      }
      settings = *std::move(found);
    }
  }
  if (!settings && named_profile) {
    return invalid(fmt::format("profile '{}' is not in '{}'", profile, file ? file->path : "temporal.toml"),
                   fmt::format("add a [profile.{}] table to the file, or choose another profile", profile));
  }
  return settings.value_or(ConnectionSettings{});
}

template <class T>
void override_with(std::optional<T>& value, const std::optional<T>& above) {
  if (above) {
    value = above;
  }
}

void override_with(PemSource& source, const PemSource& above) {
  if (above.is_set()) {
    source = above;
  }
}

void override_with(ConnectionSettings& settings, const ConnectionSettings& above) {
  override_with(settings.address, above.address);
  override_with(settings.name_space, above.name_space);
  override_with(settings.api_key, above.api_key);
  override_with(settings.authority, above.authority);
  override_with(settings.tls, above.tls);
  override_with(settings.client_certificate, above.client_certificate);
  override_with(settings.client_key, above.client_key);
  override_with(settings.server_ca_certificate, above.server_ca_certificate);
  override_with(settings.server_name, above.server_name);
  override_with(settings.disable_host_verification, above.disable_host_verification);
  for (const auto& [name, value] : above.grpc_meta) {
    settings.grpc_meta[header_name(name)] = value;
  }
}

Result<void> check_one_source(const ConnectionSettings& settings) {
  for (const PemSource* source : {&settings.client_certificate, &settings.client_key, &settings.server_ca_certificate}) {
    if (source->path.value_or("").empty() || source->data.value_or("").empty()) {
      continue;
    }
    return invalid(fmt::format("{} is given both as a path and as data", source->origin), "give one of the two");
  }
  return {};
}

// The PEM text itself. Nothing given, or an empty text, is no certificate.
Result<std::string> load_pem(const PemSource& source, const Environment& environment) {
  if (source.path.value_or("").empty()) {
    return source.data.value_or("");
  }
  Result<std::string> content = environment.read_file(*source.path);
  if (!content) {
    return invalid(fmt::format("{}: file '{}': {}", source.origin, *source.path, content.error().message));
  }
  return content;
}

std::string text_or(const std::optional<std::string>& value, const std::string& fallback) {
  return value.value_or("").empty() ? fallback : *value;
}

Result<rpc::TlsOptions> load_tls(const ConnectionSettings& settings, const Environment& environment) {
  rpc::TlsOptions tls{.server_name = settings.server_name.value_or(""),
                      .disable_host_verification = settings.disable_host_verification.value_or(false)};
  const bool has_tls_setting = !tls.server_name.empty() || tls.disable_host_verification || settings.client_certificate.is_set() ||
                               settings.client_key.is_set() || settings.server_ca_certificate.is_set();
  tls.enabled = settings.tls.value_or(has_tls_setting || !settings.api_key.value_or("").empty());
  if (!tls.enabled) {
    return tls;
  }
  for (const auto& [source, pem] : {std::pair{&settings.client_certificate, &tls.client_certificate_pem},
                                    {&settings.client_key, &tls.client_key_pem},
                                    {&settings.server_ca_certificate, &tls.server_ca_certificate_pem}}) {
    Result<std::string> text = load_pem(*source, environment);
    if (!text) {
      return std::unexpected(std::move(text.error()));
    }
    *pem = *std::move(text);
  }
  return tls;
}

ConnectionSettings flag_settings(const ConnectionFlags& flags) {
  ConnectionSettings settings = flags.settings;
  settings.client_certificate.origin = "--tls-cert-path/-data";
  settings.client_key.origin = "--tls-key-path/-data";
  settings.server_ca_certificate.origin = "--tls-ca-path/-data";
  return settings;
}

std::unexpected<Error> unreadable(int reason) {
  const ErrorCode code = reason == ENOENT ? ErrorCode::kNotFound : reason == EACCES ? ErrorCode::kPermissionDenied : ErrorCode::kInternal;
  return fail(code, std::generic_category().message(reason));
}

Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) {
    return unreadable(errno);
  }
  std::string content;
  std::array<char, 4096> block{};
  while (const std::size_t bytes = std::fread(block.data(), 1, block.size(), file.get())) {
    content.append(block.data(), bytes);
  }
  if (std::ferror(file.get()) != 0) {  // a folder can be opened, and fails here
    return unreadable(errno);
  }
  return content;
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

Result<ConnectionConfig> load_connection_config(const ConnectionFlags& flags, const Environment& environment) {
  ConnectionSettings settings;
  for (const Result<ConnectionSettings>& place :
       {file_settings(flags, environment), environment_settings(environment), Result<ConnectionSettings>(flag_settings(flags))}) {
    if (!place) {
      return std::unexpected(place.error());
    }
    if (const Result<void> valid = check_one_source(*place); !valid) {
      return std::unexpected(valid.error());
    }
    override_with(settings, *place);
  }
  Result<rpc::TlsOptions> tls = load_tls(settings, environment);
  if (!tls) {
    return std::unexpected(std::move(tls.error()));
  }
  const ConnectionConfig defaults;
  ConnectionConfig config{.address = text_or(settings.address, defaults.address),
                          .name_space = text_or(settings.name_space, defaults.name_space),
                          .tls = *std::move(tls),
                          .api_key = settings.api_key.value_or(""),
                          .authority = settings.authority.value_or("")};
  for (const auto& [name, value] : settings.grpc_meta) {
    if (!value.empty()) {
      config.metadata.emplace(name, value);
    }
  }
  return config;
}

}  // namespace lifecycle::client
