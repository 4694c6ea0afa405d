// How to reach Temporal, from where the official SDKs and the temporal command take it: flags, TEMPORAL_* variables, and a profile of
// temporal.toml. So whoever has set those up for another tool has set them up for this one. (Reference: temporalio/sdk-core,
// crates/common/src/envconfig.rs.)
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "rpc/connection_options.h"

namespace lifecycle::client {

// A PEM text, or the path of a file with one; giving both is an error.
struct PemSource {
  std::optional<std::string> path;
  std::optional<std::string> data;
  std::string origin = {};  // names the flag, variable or file, for errors

  [[nodiscard]] bool is_set() const { return path.has_value() || data.has_value(); }
};

// What one place says: the flags, the environment or the file. An empty text is a value, too: it takes back what a lower place says.
struct ConnectionSettings {
  std::optional<std::string> address;
  std::optional<std::string> name_space;
  std::optional<std::string> api_key;
  std::optional<std::string> api_key_file;  // instead of api_key; flag and variable only, since temporal.toml has no such key
  std::optional<std::string> authority;
  std::optional<bool> tls;  // nothing: on when there is an API key or any other TLS setting
  PemSource client_certificate;
  PemSource client_key;
  PemSource server_ca_certificate;
  std::optional<std::string> server_name;
  std::optional<bool> disable_host_verification;
  std::optional<std::string> codec_endpoint;     // of a remote codec; found only to say that it is not used
  std::map<std::string, std::string> grpc_meta;  // an empty value removes the header
  // Which flag, variable or place in a file gave a setting, by the setting's key in LoadedConnection. The flags' need not be set.
  std::map<std::string, std::string> origins = {};
};

// The command line's part. The pem sources' origins need not be set.
struct ConnectionFlags {
  std::optional<std::string> config_file;  // --config-file
  std::optional<std::string> profile;      // --profile
  ConnectionSettings settings = {};
};

// What is read of the process' surroundings, as a value, so that tests need no real ones.
struct Environment {
  std::map<std::string, std::string> variables;
  // The content of a file. Errors: kNotFound when there is none, kPermissionDenied or kInternal when it cannot be read, with the reason
  // alone.
  std::function<Result<std::string>(const std::string& path)> read_file;
};

// The real one.
[[nodiscard]] Environment process_environment();

// What a connection needs is what the configuration gives.
using ConnectionConfig = rpc::ConnectionOptions;

// Precedence: flag, then environment, then file, then default (localhost:7233, namespace "default"). The file is --config-file, or
// TEMPORAL_CONFIG_FILE, or $XDG_CONFIG_HOME/temporalio/temporal.toml, or ~/.config/temporalio/temporal.toml; the profile is --profile, or
// TEMPORAL_PROFILE, or "default". A missing file is an error only when a flag names it, a missing profile when a flag or variable names it.
//
// Errors: kInvalidConfig, with file, line and column for what the file says, and with the name for a variable or certificate;
// kInvalidArgument for what a flag says.
[[nodiscard]] Result<ConnectionConfig> load_connection_config(const ConnectionFlags& flags, const Environment& environment);

// The names of the profiles in the file that load_connection() would read; none when there is no file. Errors: kInvalidConfig.
[[nodiscard]] Result<std::vector<std::string>> profile_names(const ConnectionFlags& flags, const Environment& environment);

// A setting as it may be shown: of a secret only that it is set.
struct ConnectionSetting {
  std::string key;                                        // as in a profile of temporal.toml: "address", "tls.server_name"
  std::variant<std::monostate, std::string, bool> value;  // nothing: nobody gave it, and there is no default
  std::string origin;                                     // "--address", "TEMPORAL_ADDRESS", "/etc/temporal.toml:3:11" or "default"
};

struct LoadedConnection {
  ConnectionConfig config;
  std::vector<ConnectionSetting> settings;
  std::vector<Error> unknown_keys;    // of the profile file, which are ignored unless a caller is strict
  std::vector<std::string> warnings;  // what was asked for and is not done, or is not safe
};

// The same, with all that can be said about it.
[[nodiscard]] Result<LoadedConnection> load_connection(const ConnectionFlags& flags, const Environment& environment);

}  // namespace lifecycle::client
