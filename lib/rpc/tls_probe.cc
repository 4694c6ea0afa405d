#include "rpc/tls_probe.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "rpc/openssl_handles.h"

namespace lifecycle::rpc {
namespace {

// How long a server is given to speak unasked, as Temporal's does.
constexpr Duration kUnaskedAnswerTime = std::chrono::milliseconds(300);

using NamesHandle = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

std::string bytes_of(const ASN1_STRING& text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&text)), static_cast<std::size_t>(ASN1_STRING_length(&text))};
}

// What is printed comes from a certificate that nobody trusts yet.
std::string printable(std::string text) {
  for (char& byte : text) {
    byte = byte >= ' ' && byte <= '~' ? byte : '?';
  }
  return text;
}

std::string time_of(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, 32> text{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    return "an unreadable time";
  }
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::string text_of_ip(const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  const bool has_size = bytes.size() == 4 || bytes.size() == 16;
  return has_size && inet_ntop(family, bytes.data(), text.data(), text.size()) != nullptr ? text.data() : "?";
}

std::string name_entry(X509_NAME* name, int field) {
  const int at = X509_NAME_get_index_by_NID(name, field, -1);
  return at < 0 ? "" : printable(bytes_of(*X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))));
}

std::string names_of(const X509& certificate) {
  const NamesHandle names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  const auto add = [&text](const std::string& name) { text += (text.empty() ? "'" : ", '") + printable(name) + "'"; };
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      add(bytes_of(*name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      add(text_of_ip(bytes_of(*name->d.iPAddress)));
    }
  }
  if (text.empty()) {
    add(name_entry(X509_get_subject_name(&certificate), NID_commonName));
  }
  return text;
}

CertificateFacts facts_of(X509* certificate) {
  if (certificate == nullptr) {
    return {};
  }
  return {.names = names_of(*certificate),
          .issuer = name_entry(X509_get_issuer_name(certificate), NID_commonName),
          .not_before = time_of(X509_get0_notBefore(certificate)),
          .not_after = time_of(X509_get0_notAfter(certificate))};
}

int note_wanted_certificate(SSL* ssl, void* trial) {
  static_cast<void>(ssl);
  static_cast<TlsTrial*>(trial)->client_certificate_wanted = true;
  return 1;  // go on with what there is to show
}

void trust(SSL_CTX& context, const std::string& authorities_pem) {
  if (authorities_pem.empty()) {
    SSL_CTX_set_default_verify_paths(&context);
    return;
  }
  const BioHandle reader = bio_of(authorities_pem);
  while (const CertificateHandle authority = next_certificate(*reader)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority.get());
  }
}

void show(SSL_CTX& context, const TlsOptions& tls, TlsTrial& trial) {
  SSL_CTX_set_cert_cb(&context, note_wanted_certificate, &trial);
  const BioHandle reader = bio_of(tls.client_certificate_pem);
  if (const CertificateHandle first = next_certificate(*reader)) {
    SSL_CTX_use_certificate(&context, first.get());
  }
  while (const CertificateHandle further = next_certificate(*reader)) {
    SSL_CTX_add1_chain_cert(&context, further.get());
  }
  if (const KeyHandle key = private_key_of(tls.client_key_pem)) {
    SSL_CTX_use_PrivateKey(&context, key.get());
  }
}

SslContextHandle context_for(const TlsOptions& tls, TlsTrial& trial) {
  SslContextHandle context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  constexpr std::array<unsigned char, 3> kHttp2{2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2.data(), kHttp2.size());
  // The chain is verified all the same, and the handshake goes on: what the server thinks of this client is worth knowing, too.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  trust(*context, tls.server_ca_certificate_pem);
  show(*context, tls, trial);
  return context;
}

void expect_host(SSL& ssl, const std::string& host) {
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&ssl), host.c_str()) != 1) {
    SSL_set1_host(&ssl, host.c_str());
    SSL_set_tlsext_host_name(&ssl, host.c_str());
  }
  ERR_clear_error();
}

// Repeats an operation of OpenSSL's until it is done, fails or time is up. True when it is done.
template <class Operation>
bool drive(SSL& ssl, const ProbeSocket& socket, const Patience& patience, Operation operation) {
  while (true) {
    ERR_clear_error();
    const int result = operation();
    if (result > 0) {
      return true;
    }
    const int wants = SSL_get_error(&ssl, result);
    const bool goes_on = (wants == SSL_ERROR_WANT_READ && socket.wait_readable(patience)) ||
                         (wants == SSL_ERROR_WANT_WRITE && socket.wait_writable(patience));
    if (!goes_on) {
      return false;
    }
  }
}

// Alerts of the other side are OpenSSL's reasons from this number on.
void note_failure(TlsTrial& trial, const Patience& patience) {
  const int reason = ERR_GET_REASON(ERR_peek_error());
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING || (reason == 0 && !patience.is_over())) {
    trial.closed = true;
  } else if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    trial.alert = reason - SSL_AD_REASON_OFFSET;
  } else {
    trial.reason = reason;
  }
  ERR_clear_error();
}

bool agreed_on_http2(const SSL& ssl) {
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(&ssl, &protocol, &size);
  return size == 2 && protocol[0] == 'h' && protocol[1] == '2';
}

}  // namespace

CertificateFacts facts_of_certificate(std::string_view pem) { return facts_of(next_certificate(*bio_of(pem)).get()); }

TlsTrial try_tls(const ProbeSocket& socket, const TlsOptions& tls, const std::string& host, const Patience& patience) {
  TlsTrial trial;
  const SslContextHandle context = context_for(tls, trial);
  const SslHandle ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), socket.descriptor());
  expect_host(*ssl, host);
  trial.established = drive(*ssl, socket, patience, [&] { return SSL_connect(ssl.get()); });
  if (!trial.established) {
    note_failure(trial, patience);
  }
  const CertificateHandle shown(SSL_get1_peer_certificate(ssl.get()));
  trial.server = facts_of(shown.get());
  trial.saw_tls = trial.established || shown != nullptr || trial.alert != 0;
  trial.verify_result = shown == nullptr ? X509_V_OK : static_cast<int>(SSL_get_verify_result(ssl.get()));
  if (!trial.established) {
    return trial;
  }
  trial.http2_agreed = agreed_on_http2(*ssl);
  // With TLS 1.3 a server looks at the client's certificate only when the client thinks that the handshake is over. It is listened to
  // first: a server that closes while something is on its way to it sends a reset, which destroys its alert.
  std::array<char, 9> frame_header{};
  const auto say = [&] { return SSL_write(ssl.get(), kHttp2Hello.data(), static_cast<int>(kHttp2Hello.size())); };
  const auto hear = [&] { return SSL_read(ssl.get(), frame_header.data(), static_cast<int>(frame_header.size())); };
  const Patience short_patience{.clock = patience.clock,
                                .deadline = std::min(patience.deadline, patience.clock.steady_now() + kUnaskedAnswerTime),
                                .stop = patience.stop};
  trial.answered = drive(*ssl, socket, short_patience, hear);
  if (!trial.answered && short_patience.is_over()) {
    trial.answered = drive(*ssl, socket, patience, say) && drive(*ssl, socket, patience, hear);
  }
  if (!trial.answered) {
    note_failure(trial, patience);
  }
  return trial;
}

}  // namespace lifecycle::rpc
