// TLS against a real handshake, with certificates made for each test.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <optional>
#include <string>

#include "base/check.h"
#include "rpc/await.h"
#include "rpc/grpc_workflow_service.h"
#include "rpc/methods.h"
#include "tests/rpc/grpc_test_server.h"

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;

struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

// Signed by itself, so that it is its own certificate authority.
Certificate certificate_for(const std::string& host) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  check(key != nullptr && certificate != nullptr, "OpenSSL makes keys and certificates");
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + host).c_str());
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  check(X509_sign(certificate, key, EVP_sha256()) > 0, "the certificate is signed");

  BIO* certificate_memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_memory, certificate);
  BIO* key_memory = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_memory, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {.certificate_pem = text_of(certificate_memory), .key_pem = text_of(key_memory)};
}

class GrpcTlsTest : public testing::Test {
 protected:
  void serve(const std::string& host, bool ask_for_client_certificate = false) {
    server_certificate_ = certificate_for(host);
    client_certificate_ = certificate_for("client");
    grpc::SslServerCredentialsOptions options(ask_for_client_certificate ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                                         : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_key_cert_pairs.push_back({server_certificate_.key_pem, server_certificate_.certificate_pem});
    options.pem_root_certs = client_certificate_.certificate_pem;
    server_.emplace([](const ServedRequest&) { return ServedAnswer{}; }, 0, grpc::SslServerCredentials(options));
  }

  StatusCode call_with(const TlsOptions& tls) {
    const auto service = connect({.address = server_->address(), .tls = tls}, loop_, Logger::silent());
    check(service.has_value(), "the options are valid");
    const auto reply = await<GetSystemInfo>(**service, loop_, {}, {.timeout = 60s});
    return reply ? StatusCode::kOk : reply.error().code;
  }

  GrpcEventLoop loop_{system_clock()};
  Certificate server_certificate_;
  Certificate client_certificate_;
  std::optional<GrpcTestServer> server_;
};

TEST_F(GrpcTlsTest, ACertificateOfAKnownAuthorityIsAccepted) {
  serve("localhost");
  EXPECT_EQ(call_with({.enabled = true, .server_ca_certificate_pem = server_certificate_.certificate_pem}), StatusCode::kOk);
}

TEST_F(GrpcTlsTest, ACertificateOfAnUnknownAuthorityIsRefused) {
  serve("localhost");
  EXPECT_EQ(call_with({.enabled = true, .server_ca_certificate_pem = client_certificate_.certificate_pem}), StatusCode::kUnavailable);
}

TEST_F(GrpcTlsTest, ACertificateForAnotherHostNeedsTheServerName) {
  serve("temporal.example");
  TlsOptions tls{.enabled = true, .server_ca_certificate_pem = server_certificate_.certificate_pem};
  EXPECT_EQ(call_with(tls), StatusCode::kUnavailable);
  tls.server_name = "temporal.example";
  EXPECT_EQ(call_with(tls), StatusCode::kOk);
}

TEST_F(GrpcTlsTest, WithoutVerificationAnyCertificateIsAccepted) {
  serve("temporal.example");
  EXPECT_EQ(call_with({.enabled = true, .disable_host_verification = true}), StatusCode::kOk);
}

TEST_F(GrpcTlsTest, AClientCertificateIsShownWithAndWithoutVerification) {
  serve("localhost", true);
  TlsOptions tls{.enabled = true, .server_ca_certificate_pem = server_certificate_.certificate_pem};
  EXPECT_EQ(call_with(tls), StatusCode::kUnavailable);
  tls.client_certificate_pem = client_certificate_.certificate_pem;
  tls.client_key_pem = client_certificate_.key_pem;
  EXPECT_EQ(call_with(tls), StatusCode::kOk);
  tls.server_ca_certificate_pem.clear();
  tls.disable_host_verification = true;
  EXPECT_EQ(call_with(tls), StatusCode::kOk);
}

TEST_F(GrpcTlsTest, PlainTextToATlsServerFailsAtOnce) {
  serve("localhost");
  EXPECT_EQ(call_with({}), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace lifecycle::rpc
