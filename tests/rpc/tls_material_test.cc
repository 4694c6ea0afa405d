#include "rpc/tls_material.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"

namespace lifecycle::rpc {
namespace {

using testing::HasSubstr;

std::string reason(const Result<void>& result) { return result ? "" : result.error().message; }

TEST(TlsMaterialTest, WhatOpensslWritesIsAccepted) {
  const test::Certificate one = test::certificate_for("one");
  const test::Certificate other = test::certificate_for("other");
  EXPECT_EQ(reason(check_certificates(one.certificate_pem)), "");
  EXPECT_EQ(reason(check_certificates(one.certificate_pem + "words between\n" + other.certificate_pem)), "");
  EXPECT_EQ(reason(check_private_key(one.key_pem)), "");
  EXPECT_EQ(reason(check_key_belongs_to(one.key_pem, one.certificate_pem + other.certificate_pem)), "");
}

TEST(TlsMaterialTest, EachFaultHasItsReason) {
  const test::Certificate one = test::certificate_for("one");
  const test::Certificate other = test::certificate_for("other");
  const std::string cut = one.certificate_pem.substr(0, one.certificate_pem.size() / 2);
  EXPECT_THAT(reason(check_certificates("")), HasSubstr("no PEM certificate"));
  EXPECT_THAT(reason(check_certificates("nonsense")), HasSubstr("no PEM certificate"));
  EXPECT_THAT(reason(check_certificates(one.key_pem)), HasSubstr("private key where a certificate belongs"));
  EXPECT_THAT(reason(check_certificates(cut)), HasSubstr("cannot be read"));
  EXPECT_THAT(reason(check_certificates(one.certificate_pem + cut)), HasSubstr("cannot be read"));
  EXPECT_THAT(reason(check_private_key("")), HasSubstr("no PEM private key"));
  EXPECT_THAT(reason(check_private_key(one.certificate_pem)), HasSubstr("certificate where a private key belongs"));
  EXPECT_THAT(reason(check_private_key(one.key_pem.substr(0, one.key_pem.size() / 2))), HasSubstr("cannot be read"));
  EXPECT_THAT(reason(check_private_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")),
              HasSubstr("passphrase"));
  EXPECT_THAT(reason(check_key_belongs_to(other.key_pem, one.certificate_pem)), HasSubstr("is not the key of"));
  EXPECT_THAT(reason(check_key_belongs_to("", one.certificate_pem)), HasSubstr("is not the key of"));
}

}  // namespace
}  // namespace lifecycle::rpc
