// TLS against a real handshake, with certificates made for each test.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/check.h"
#include "rpc/await.h"
#include "rpc/grpc_workflow_service.h"
#include "rpc/methods.h"
#include "tests/rpc/grpc_test_server.h"
#include "tests/support/certificates.h"

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;
using test::Certificate;
using test::certificate_for;

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
