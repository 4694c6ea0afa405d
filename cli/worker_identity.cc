#include "cli/worker_identity.h"

namespace lifecycle::cli {

std::string WorkerIdentity::short_name() const { return machine.empty() ? text : process + "@" + machine; }

WorkerIdentity parse_worker_identity(std::string_view text) {
  WorkerIdentity identity{.text = std::string(text)};
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return identity;
  }
  identity.process = text.substr(0, at);
  std::string_view rest = text.substr(at + 1);
  const std::size_t slash = rest.find('/');
  identity.machine = rest.substr(0, slash);
  if (slash == std::string_view::npos) {
    return identity;
  }
  rest.remove_prefix(slash + 1);
  const std::size_t hash = rest.rfind('#');  // the last one, because a version may contain the sign and a nonce never does
  identity.version = rest.substr(0, hash);
  if (hash != std::string_view::npos) {
    identity.nonce = rest.substr(hash + 1);
  }
  return identity;
}

}  // namespace lifecycle::cli
