#include "rpc/credential_files.h"

#include <fmt/format.h>

#include <tuple>

#include "base/file.h"
#include "rpc/header_text.h"
#include "rpc/tls_material.h"

namespace lifecycle::rpc {
namespace {

auto credentials_of(const ConnectionOptions& options) {
  return std::tie(options.api_key, options.tls.server_ca_certificate_pem, options.tls.client_certificate_pem, options.tls.client_key_pem);
}

std::unexpected<Error> unusable(const std::string& path, const Error& error) {
  return fail(ErrorCode::kInvalidConfig, fmt::format("file '{}': {}", path, error.message), error.hint);
}

// `check` says whether the text can be used.
Result<void> read_again(const std::string& path, std::string& text, Result<void> (*check)(std::string_view)) {
  if (path.empty()) {
    return {};
  }
  Result<std::string> content = read_file(path);
  if (!content) {
    return unusable(path, content.error());
  }
  if (const Result<void> usable = check(*content); !usable) {
    return unusable(path, usable.error());
  }
  text = *std::move(content);
  return {};
}

Result<void> read_key_again(const std::string& path, std::string& api_key) {
  std::string text;
  if (const Result<void> read = read_again(path, text, [](std::string_view) { return Result<void>(); }); !read || path.empty()) {
    return read;
  }
  Result<std::string> key = api_key_in(text);
  if (!key) {
    return unusable(path, key.error());
  }
  api_key = *std::move(key);
  return {};
}

}  // namespace

bool has_credential_files(const ConnectionOptions& options) {
  const TlsOptions& tls = options.tls;
  return !options.api_key_path.empty() ||
         (tls.enabled && !(tls.server_ca_certificate_path.empty() && tls.client_certificate_path.empty() && tls.client_key_path.empty()));
}

bool same_credentials(const ConnectionOptions& one, const ConnectionOptions& other) { return credentials_of(one) == credentials_of(other); }

Result<ConnectionOptions> with_current_files(ConnectionOptions options) {
  if (const Result<void> read = read_key_again(options.api_key_path, options.api_key); !read) {
    return std::unexpected(read.error());
  }
  TlsOptions& tls = options.tls;
  if (!tls.enabled) {
    return options;
  }
  for (const auto& [path, pem, check] : {std::tuple{&tls.server_ca_certificate_path, &tls.server_ca_certificate_pem, &check_certificates},
                                         {&tls.client_certificate_path, &tls.client_certificate_pem, &check_certificates},
                                         {&tls.client_key_path, &tls.client_key_pem, &check_private_key}}) {
    if (const Result<void> read = read_again(*path, *pem, check); !read) {
      return std::unexpected(read.error());
    }
  }
  if (!tls.client_key_pem.empty()) {
    if (const Result<void> pair = check_key_belongs_to(tls.client_key_pem, tls.client_certificate_pem); !pair) {
      return unusable(tls.client_key_path.empty() ? tls.client_certificate_path : tls.client_key_path, pair.error());
    }
  }
  return options;
}

}  // namespace lifecycle::rpc
