#include "client/connection_profile.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace lifecycle::client {
namespace {

std::string place(const std::string& file, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", file, region.begin.line, region.begin.column);
}

// Reads values of a table and remembers the first that has the wrong type, so that the reading itself stays a list of keys.
class TableReader {
 public:
  TableReader(const toml::table& table, const std::string& file, std::optional<Error>& error) : table_(table), file_(file), error_(error) {}

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

void read_tls(const TableReader& tls, ConnectionSettings& settings) {
  settings.tls = !tls.boolean("disabled").value_or(false);  // the table alone turns TLS on, as in the official SDKs
  settings.client_certificate = tls.pem("client_cert");
  settings.client_key = tls.pem("client_key");
  settings.server_ca_certificate = tls.pem("server_ca_cert");
  settings.server_name = tls.text("server_name");
  settings.disable_host_verification = tls.boolean("disable_host_verification");
}

ConnectionSettings read_settings(const toml::table& profile, const std::string& file, std::optional<Error>& error) {
  const TableReader reader(profile, file, error);
  ConnectionSettings settings{.address = reader.text("address"),
                              .name_space = reader.text("namespace"),
                              .api_key = reader.text("api_key"),
                              .authority = reader.text("authority")};
  if (const toml::table* tls = reader.table("tls")) {
    read_tls(TableReader(*tls, file, error), settings);
  }
  if (const toml::table* headers = reader.table("grpc_meta")) {
    const TableReader values(*headers, file, error);
    for (const auto& [key, node] : *headers) {
      settings.grpc_meta[header_name(key.str())] = values.text(key.str()).value_or("");
    }
  }
  return settings;
}

}  // namespace

std::string header_name(std::string_view text) {
  std::string name(text);
  std::ranges::transform(name, name.begin(), [](unsigned char byte) { return byte == '_' ? '-' : static_cast<char>(std::tolower(byte)); });
  return name;
}

Result<std::optional<ConnectionSettings>> read_profile(std::string_view content, const std::string& file, const std::string& name) {
  const toml::parse_result document = toml::parse(content);
  if (!document) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: {}", place(file, document.error().source()), document.error().description()));
  }
  std::optional<Error> error;
  std::optional<ConnectionSettings> settings;
  if (const toml::table* profiles = TableReader(document.table(), file, error).table("profile")) {
    if (const toml::table* profile = TableReader(*profiles, file, error).table(name)) {
      settings = read_settings(*profile, file, error);
    }
  }
  if (error) {
    return std::unexpected(*std::move(error));
  }
  return settings;
}

}  // namespace lifecycle::client
