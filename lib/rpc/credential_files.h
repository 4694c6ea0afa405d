// Certificates, keys and API keys that are read from files again while a connection is used.
#pragma once

#include "base/error.h"
#include "rpc/connection_options.h"

namespace lifecycle::rpc {

[[nodiscard]] bool has_credential_files(const ConnectionOptions& options);

// Whether both show the same to the server, and trust the same.
[[nodiscard]] bool same_credentials(const ConnectionOptions& one, const ConnectionOptions& other);

// The options with what their files say now. Errors: kInvalidConfig, with the file's path, for a file that cannot be read or used, and for
// a key that is not the certificate's: one of the two may have been written already, and the other not yet.
[[nodiscard]] Result<ConnectionOptions> with_current_files(ConnectionOptions options);

}  // namespace lifecycle::rpc
