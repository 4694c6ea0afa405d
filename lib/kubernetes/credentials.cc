#include "kubernetes/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "kubernetes/encoding.h"

namespace lifecycle::kubernetes {
namespace {

constexpr Duration kFilesReadAgainAfter = std::chrono::seconds(60);

std::string without_space_at_ends(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

bool fits_header(std::string_view text) {
  return std::ranges::none_of(text, [](char each) { return static_cast<unsigned char>(each) < ' ' || each == '\x7f'; });
}

// The file's content, or `last` when it was read before and cannot be now.
Result<std::string> read_or_keep(const std::string& path, std::string last, std::string_view what) {
  Result<std::string> content = read_file(path);
  if (content && !without_space_at_ends(*content).empty()) {
    return content;
  }
  if (!last.empty()) {
    return last;
  }
  return fail(ErrorCode::kInvalidConfig, fmt::format("{} '{}': {}", what, path, content ? "it is empty" : content.error().message));
}

// Parts of the impersonated user's extra fields become part of a header's name.
std::string extra_header_name(const std::string& key) {
  std::string name = key;
  std::ranges::transform(name, name.begin(), [](char each) { return each >= 'A' && each <= 'Z' ? static_cast<char>(each + 32) : each; });
  return "Impersonate-Extra-" + percent_encoded(name);
}

std::vector<std::pair<std::string, std::string>> impersonation_of(const UserEntry& user) {
  std::vector<std::pair<std::string, std::string>> headers;
  if (!user.impersonated_user.empty()) {
    headers.emplace_back("Impersonate-User", user.impersonated_user);
  }
  if (!user.impersonated_uid.empty()) {
    headers.emplace_back("Impersonate-Uid", user.impersonated_uid);
  }
  for (const std::string& group : user.impersonated_groups) {
    headers.emplace_back("Impersonate-Group", group);
  }
  for (const auto& [key, values] : user.impersonated_extra) {
    for (const std::string& value : values) {
      headers.emplace_back(extra_header_name(key), value);
    }
  }
  return headers;
}

}  // namespace

Credentials::Credentials(const ClusterAccess& access, const Clock& clock)
    : access_(access),
      clock_(clock),
      certificate_authority_pem_(access.cluster.certificate_authority_pem),
      client_certificate_pem_(access.user.client_certificate_pem),
      client_key_pem_(access.user.client_key_pem),
      token_(access.user.token) {}

bool Credentials::uses_plugin() const {
  const UserEntry& user = access_.user;
  const bool has_others = !user.token.empty() || !user.token_path.empty() || !user.username.empty() || !user.client_key_path.empty() ||
                          !user.client_key_pem.empty();
  return !user.exec.empty() && !has_others;
}

Result<Snapshot> Credentials::current(const Deadline& deadline) {
  const std::lock_guard lock(mutex_);
  return refreshed(false, deadline);
}

Result<std::optional<Snapshot>> Credentials::after_refusal(const Snapshot& refused, const Deadline& deadline) {
  const std::lock_guard lock(mutex_);
  if (current_ == refused) {
    if (const Result<Snapshot> anew = refreshed(true, deadline); !anew) {
      return std::unexpected(anew.error());
    }
  }
  return current_ == refused ? std::optional<Snapshot>() : std::optional<Snapshot>(current_);
}

Result<Snapshot> Credentials::refreshed(bool anew, const Deadline& deadline) {
  if (anew || !read_at_ || clock_.steady_now() - *read_at_ >= kFilesReadAgainAfter) {
    if (const Result<void> read = read_files(); !read) {
      return std::unexpected(read.error());
    }
    read_at_ = clock_.steady_now();
  }
  if (uses_plugin()) {
    if (const Result<void> run = run_plugin(anew, deadline); !run) {
      return std::unexpected(run.error());
    }
  }
  Result<CredentialSnapshot> next = assembled();
  if (!next) {
    return std::unexpected(next.error());
  }
  if (!current_ || *current_ != *next) {
    current_ = std::make_shared<const CredentialSnapshot>(*std::move(next));
  }
  return current_;
}

Result<void> Credentials::read_files() {
  const UserEntry& user = access_.user;
  if (!access_.cluster.certificate_authority_path.empty()) {
    Result<std::string> pem = read_or_keep(access_.cluster.certificate_authority_path, certificate_authority_pem_, "certificate authority");
    if (!pem) {
      return std::unexpected(pem.error());
    }
    certificate_authority_pem_ = *std::move(pem);
  }
  if (!user.client_certificate_path.empty()) {
    Result<std::string> pem = read_or_keep(user.client_certificate_path, client_certificate_pem_, "client certificate");
    if (!pem) {
      return std::unexpected(pem.error());
    }
    client_certificate_pem_ = *std::move(pem);
  }
  if (!user.client_key_path.empty()) {
    Result<std::string> pem = read_or_keep(user.client_key_path, client_key_pem_.reveal(), "client key");
    if (!pem) {
      return std::unexpected(pem.error());
    }
    client_key_pem_ = Secret(*std::move(pem));
  }
  if (!user.token_path.empty()) {
    Result<std::string> token = read_or_keep(user.token_path, token_.reveal(), "token file");
    if (!token) {
      return std::unexpected(token.error());
    }
    token_ = Secret(without_space_at_ends(*std::move(token)));
  }
  return {};
}

Result<void> Credentials::run_plugin(bool anew, const Deadline& deadline) {
  const bool expired = from_plugin_ && from_plugin_->expiration && *from_plugin_->expiration <= clock_.wall_now();
  if (from_plugin_ && !expired && !anew) {
    return {};
  }
  Result<PluginCredentials> credentials = run_credential_plugin(access_, certificate_authority_pem_, deadline);
  if (!credentials) {
    return std::unexpected(credentials.error());
  }
  from_plugin_ = *std::move(credentials);
  return {};
}

Result<CredentialSnapshot> Credentials::assembled() const {
  CredentialSnapshot snapshot{.certificate_authority_pem = certificate_authority_pem_,
                              .client_certificate_pem = from_plugin_ ? from_plugin_->client_certificate_pem : client_certificate_pem_,
                              .client_key_pem = from_plugin_ ? from_plugin_->client_key_pem : client_key_pem_};
  const Secret& token = from_plugin_ ? from_plugin_->token : token_;
  if (!fits_header(token.reveal())) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{}: the token has characters that no token has", access_.origin));
  }
  if (!token.empty()) {
    snapshot.headers.emplace_back("Authorization: Bearer " + token.reveal());
  } else if (!access_.user.username.empty()) {
    snapshot.headers.emplace_back("Authorization: Basic " + base64_of(access_.user.username + ":" + access_.user.password.reveal()));
  }
  for (const auto& [name, value] : impersonation_of(access_.user)) {
    if (!fits_header(value)) {
      return fail(ErrorCode::kInvalidConfig, fmt::format("{}: {} has characters that a header cannot have", access_.origin, name));
    }
    snapshot.headers.emplace_back(fmt::format("{}: {}", name, value));
  }
  return snapshot;
}

}  // namespace lifecycle::kubernetes
