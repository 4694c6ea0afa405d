#include "client/connection_profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>
#include <utility>

namespace lifecycle::client {
namespace {

std::string place(const std::string& file, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", file, region.begin.line, region.begin.column);
}

constexpr std::array<std::string_view, 7> kProfileKeys{"address", "namespace", "api_key", "authority", "tls", "codec", "grpc_meta"};
constexpr std::array<std::string_view, 9> kTlsKeys{"disabled",
                                                   "client_cert_path",
                                                   "client_cert_data",
                                                   "client_key_path",
                                                   "client_key_data",
                                                   "server_ca_cert_path",
                                                   "server_ca_cert_data",
                                                   "server_name",
                                                   "disable_host_verification"};
constexpr std::array<std::string_view, 2> kCodecKeys{"endpoint", "auth"};

// Reads values of a table and remembers the first that has the wrong type, so that the reading itself stays a list of keys.
class TableReader {
 public:
  TableReader(const toml::table& table, const std::string& file, std::optional<Error>& error) : table_(table), file_(file), error_(error) {}

  // Where the key's value stands; "" when there is none.
  std::string origin(std::string_view key) const {
    const toml::node* node = table_.get(key);
    return node == nullptr ? "" : place(file_, node->source());
  }

  std::optional<std::string> text(std::string_view key) const { return value<std::string>(key, "a text"); }
  std::optional<bool> boolean(std::string_view key) const { return value<bool>(key, "true or false"); }

  const toml::table* table(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node != nullptr && !node->is_table()) {
      expected(*node, key, "a table");
    }
    return node == nullptr ? nullptr : node->as_table();
  }

  PemSource pem(const std::string& key) const {
    const toml::node* node = table_.get(key + "_path");
    node = node == nullptr ? table_.get(key + "_data") : node;
    return {.path = text(key + "_path"),
            .data = text(key + "_data"),
            .origin = node == nullptr ? "" : fmt::format("{}: {}", place(file_, node->source()), key)};
  }

 private:
  template <class T>
  std::optional<T> value(std::string_view key, std::string_view wanted) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      return std::nullopt;
    }
    const std::optional<T> found = node->value_exact<T>();
    if (!found) {
      expected(*node, key, wanted);
    }
    return found;
  }

  void expected(const toml::node& node, std::string_view key, std::string_view wanted) const {
    if (!error_) {
      error_ =
          Error{.code = ErrorCode::kInvalidConfig, .message = fmt::format("{}: '{}' must be {}", place(file_, node.source()), key, wanted)};
    }
  }

  const toml::table& table_;
  const std::string& file_;
  std::optional<Error>& error_;
};

void read_tls(const toml::table& table, const std::string& file, std::optional<Error>& error, ConnectionSettings& settings) {
  const TableReader tls(table, file, error);
  settings.tls = !tls.boolean("disabled").value_or(false);  // the table alone turns TLS on, as in the official SDKs
  settings.client_certificate = tls.pem("client_cert");
  settings.client_key = tls.pem("client_key");
  settings.server_ca_certificate = tls.pem("server_ca_cert");
  settings.server_name = tls.text("server_name");
  settings.disable_host_verification = tls.boolean("disable_host_verification");
  const std::string disabled = tls.origin("disabled");
  settings.origins["tls"] = disabled.empty() ? place(file, table.source()) : disabled;
  settings.origins["tls.server_name"] = tls.origin("server_name");
  settings.origins["tls.disable_host_verification"] = tls.origin("disable_host_verification");
}

ConnectionSettings read_settings(const toml::table& profile, const std::string& file, std::optional<Error>& error) {
  const TableReader reader(profile, file, error);
  ConnectionSettings settings{.address = reader.text("address"),
                              .name_space = reader.text("namespace"),
                              .api_key = reader.text("api_key"),
                              .authority = reader.text("authority")};
  for (const std::string_view key : {"address", "namespace", "api_key", "authority"}) {
    settings.origins[std::string(key)] = reader.origin(key);
  }
  if (const toml::table* tls = reader.table("tls")) {
    read_tls(*tls, file, error, settings);
  }
  if (const toml::table* codec = reader.table("codec")) {
    const TableReader values(*codec, file, error);
    settings.codec_endpoint = values.text("endpoint");
    settings.origins["codec.endpoint"] = values.origin("endpoint");
    static_cast<void>(values.text("auth"));  // its type is checked all the same
  }
  if (const toml::table* headers = reader.table("grpc_meta")) {
    const TableReader values(*headers, file, error);
    for (const auto& [key, node] : *headers) {
      const std::string name = header_name(key.str());
      settings.grpc_meta[name] = values.text(key.str()).value_or("");
      settings.origins["grpc_meta." + name] = values.origin(key.str());
    }
  }
  return settings;
}

void find_unknown(const toml::table& table, const std::string& file, std::string_view where, std::span<const std::string_view> known,
                  std::vector<Error>& unknown) {
  for (const auto& [key, node] : table) {
    if (std::ranges::find(known, key.str()) == known.end()) {
      unknown.push_back({.code = ErrorCode::kInvalidConfig,
                         .message = fmt::format("{}: '{}' is not known in {}", place(file, key.source()), key.str(), where),
                         .hint = fmt::format("known are {}", fmt::join(known, ", "))});
    }
  }
}

std::vector<Error> unknown_keys_of(const toml::table& document, const std::string& file) {
  std::vector<Error> unknown;
  constexpr std::array<std::string_view, 1> kTopKeys{"profile"};
  find_unknown(document, file, "the file", kTopKeys, unknown);
  const toml::table* const profiles = document["profile"].as_table();
  if (profiles == nullptr) {
    return unknown;
  }
  for (const auto& [name, node] : *profiles) {
    if (const toml::table* const profile = node.as_table()) {
      find_unknown(*profile, file, fmt::format("[profile.{}]", name.str()), kProfileKeys, unknown);
      if (const toml::table* const tls = profile->get_as<toml::table>("tls")) {
        find_unknown(*tls, file, fmt::format("[profile.{}.tls]", name.str()), kTlsKeys, unknown);
      }
      if (const toml::table* const codec = profile->get_as<toml::table>("codec")) {
        find_unknown(*codec, file, fmt::format("[profile.{}.codec]", name.str()), kCodecKeys, unknown);
      }
    }
  }
  return unknown;
}

}  // namespace

std::string header_name(std::string_view text) {
  std::string name(text);
  std::ranges::transform(name, name.begin(), [](unsigned char byte) { return byte == '_' ? '-' : static_cast<char>(std::tolower(byte)); });
  return name;
}

Result<Profile> read_profile(std::string_view content, const std::string& file, const std::string& name) {
  const toml::parse_result document = toml::parse(content);
  if (!document) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: {}", place(file, document.error().source()), document.error().description()));
  }
  std::optional<Error> error;
  Profile found;
  if (const toml::table* profiles = TableReader(document.table(), file, error).table("profile")) {
    if (const toml::table* profile = TableReader(*profiles, file, error).table(name)) {
      found = {.is_there = true, .settings = read_settings(*profile, file, error)};
    }
  }
  if (error) {
    return std::unexpected(*std::move(error));
  }
  found.unknown_keys = unknown_keys_of(document.table(), file);
  return found;
}

Result<std::vector<std::string>> read_profile_names(std::string_view content, const std::string& file) {
  const toml::parse_result document = toml::parse(content);
  if (!document) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: {}", place(file, document.error().source()), document.error().description()));
  }
  std::vector<std::string> names;
  if (const toml::table* const profiles = document["profile"].as_table()) {
    std::ranges::transform(*profiles, std::back_inserter(names), [](const auto& entry) { return std::string(entry.first.str()); });
  }
  return names;
}

}  // namespace lifecycle::client
