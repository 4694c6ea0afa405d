#include "rpc/tls_material.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "rpc/openssl_handles.h"

namespace lifecycle::rpc {
namespace {

// OpenSSL would ask for the passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::unexpected<Error> unusable(std::string reason, std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, std::move(reason), std::move(hint));
}

}  // namespace

CertificateHandle next_certificate(BIO& reader) {
  CertificateHandle certificate(PEM_read_bio_X509(&reader, nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

KeyHandle private_key_of(std::string_view pem) {
  KeyHandle key(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return key;
}

Result<void> check_certificates(std::string_view pem) {
  if (pem.contains("PRIVATE KEY-----") && !pem.contains("CERTIFICATE-----")) {
    return unusable("it has a private key where a certificate belongs");
  }
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  const BioHandle reader = bio_of(pem);
  std::size_t readable = 0;
  while (next_certificate(*reader)) {
    ++readable;
  }
  std::size_t begun = 0;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    ++begun;
  }
  if (begun == 0 && readable == 0) {
    return unusable("no PEM certificate in it", "a PEM certificate begins with -----BEGIN CERTIFICATE-----");
  }
  if (readable < begun) {
    return unusable("a certificate in it cannot be read", "it may be cut off, or changed by an editor");
  }
  return {};
}

Result<void> check_private_key(std::string_view pem) {
  if (private_key_of(pem)) {
    return {};
  }
  if (pem.contains("ENCRYPTED")) {
    return unusable("the private key in it is protected by a passphrase", "give a key without one: nobody could type it for a worker");
  }
  if (pem.contains("PRIVATE KEY-----")) {
    return unusable("the private key in it cannot be read", "it may be cut off, or changed by an editor");
  }
  return unusable(pem.contains("CERTIFICATE-----") ? "it has a certificate where a private key belongs" : "no PEM private key in it",
                  "a PEM key begins with -----BEGIN PRIVATE KEY-----");
}

Result<void> check_key_belongs_to(std::string_view key_pem, std::string_view certificate_pem) {
  const CertificateHandle certificate = next_certificate(*bio_of(certificate_pem));
  const KeyHandle key = private_key_of(key_pem);
  const bool belongs = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!belongs) {
    return unusable("the client key is not the key of the client certificate", "give the two files that were made together");
  }
  return {};
}

}  // namespace lifecycle::rpc
