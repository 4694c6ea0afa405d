#include "kubernetes/credential_plugin.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "kubernetes/child_process.h"
#include "kubernetes/encoding.h"
#include "kubernetes/json_access.h"
#include "kubernetes/time_text.h"

namespace lifecycle::kubernetes {
namespace {

constexpr Duration kPluginTimeout = std::chrono::seconds(60);

std::string exec_info(const ClusterAccess& access, const ExecPlugin& plugin, std::string_view certificate_authority_pem, bool interactive) {
  Json spec{{"interactive", interactive}};
  if (plugin.provide_cluster_info) {
    Json cluster{{"server", access.cluster.server}};
    const auto set = [&cluster](const char* name, const std::string& value) {
      if (!value.empty()) {
        cluster[name] = value;
      }
    };
    set("tls-server-name", access.cluster.tls_server_name);
    set("proxy-url", access.cluster.proxy_url);
    set("certificate-authority-data", base64_of(certificate_authority_pem));
    if (access.cluster.insecure_skip_tls_verify) {
      cluster["insecure-skip-tls-verify"] = true;
    }
    if (!access.cluster.exec_config.is_null()) {
      cluster["config"] = access.cluster.exec_config;
    }
    spec["cluster"] = std::move(cluster);
  }
  const Json info{{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}};
  return info.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The hint comes from a file that may have been passed around: it must not steer the terminal.
std::string printable(std::string text) {
  std::erase_if(text, [](char each) { return (static_cast<unsigned char>(each) < ' ' && each != '\n') || each == '\x7f'; });
  return text;
}

Error told(const std::string& command, const Error& error, std::string hint) {
  const bool over = error.code == ErrorCode::kDeadlineExceeded || error.code == ErrorCode::kCancelled;
  return {.code = over ? error.code : ErrorCode::kPermissionDenied,
          .message = fmt::format("credential plugin '{}': {}", command, error.message),
          .hint = std::move(hint)};
}

std::unexpected<Error> refused(std::string message) { return fail(ErrorCode::kPermissionDenied, std::move(message)); }

}  // namespace

Result<PluginCredentials> parse_exec_credential(std::string_view text, std::string_view api_version) {
  const Json answer = parse_json(text);
  if (answer.is_discarded() || text_at(answer, "kind") != "ExecCredential") {
    return refused("it did not print an ExecCredential");
  }
  if (text_at(answer, "apiVersion") != api_version) {
    return refused(fmt::format("it speaks another apiVersion than the {} that the kubeconfig asks for", api_version));
  }
  const Json& status = child(answer, "status");
  PluginCredentials credentials{.token = Secret(text_at(status, "token")),
                                .client_certificate_pem = text_at(status, "clientCertificateData"),
                                .client_key_pem = Secret(text_at(status, "clientKeyData"))};
  if (credentials.client_certificate_pem.empty() != credentials.client_key_pem.empty()) {
    return refused("it printed a client certificate or its key, and they belong together");
  }
  if (credentials.token.empty() && credentials.client_certificate_pem.empty()) {
    return refused("it printed neither a token nor a client certificate");
  }
  if (const std::string expiration = text_at(status, "expirationTimestamp"); !expiration.empty()) {
    credentials.expiration = parse_time(expiration);
    if (!credentials.expiration) {
      return refused("its expirationTimestamp is not a time");
    }
  }
  return credentials;
}

Result<PluginCredentials> run_credential_plugin(const ClusterAccess& access, std::string_view certificate_authority_pem,
                                                const Deadline& deadline) {
  const ExecPlugin& plugin = access.user.exec.front();
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (plugin.interactive_mode == InteractiveMode::kAlways && !terminal) {
    return refused(fmt::format("credential plugin '{}' wants to ask somebody, and standard input is not a terminal", plugin.command));
  }
  const bool interactive = terminal && plugin.interactive_mode != InteractiveMode::kNever;
  Program program{
      .command = plugin.command, .arguments = plugin.arguments, .environment = plugin.environment, .with_standard_input = interactive};
  program.environment.emplace_back("KUBERNETES_EXEC_INFO", exec_info(access, plugin, certificate_authority_pem, interactive));
  const Result<ProgramEnd> end = run_program(program, deadline.within(kPluginTimeout));
  if (!end) {
    const bool missing = end.error().code == ErrorCode::kNotFound;
    return std::unexpected(told(plugin.command, end.error(), missing ? printable(plugin.install_hint) : ""));
  }
  if (end->exit_code != 0) {
    return std::unexpected(told(plugin.command, {.message = fmt::format("it ended with exit code {}", end->exit_code)},
                                "what it printed to standard error says why"));
  }
  Result<PluginCredentials> credentials = parse_exec_credential(end->standard_output.reveal(), plugin.api_version);
  if (!credentials) {
    return std::unexpected(told(plugin.command, credentials.error(), ""));
  }
  return credentials;
}

}  // namespace lifecycle::kubernetes
