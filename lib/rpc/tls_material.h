// Certificates and keys as texts, looked at before a connection is tried with them: gRPC would only say that the handshake failed.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace lifecycle::rpc {

// Errors of all: kInvalidArgument, with the reason alone ("no PEM certificate in it"); the caller knows where the text is from.

// One or more certificates.
[[nodiscard]] Result<void> check_certificates(std::string_view pem);
// One private key that no passphrase protects.
[[nodiscard]] Result<void> check_private_key(std::string_view pem);
// Both are valid by themselves; the key must be that of the first certificate.
[[nodiscard]] Result<void> check_key_belongs_to(std::string_view key_pem, std::string_view certificate_pem);

}  // namespace lifecycle::rpc
