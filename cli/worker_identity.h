// Who ran a task, read from a worker's identity: activity events carry no version of their own.
#pragma once

#include <string>
#include <string_view>

namespace lifecycle::cli {

// Parts of "<pod>@<node>/<version>#<nonce>" or "<pid>@<host>/<version>#<nonce>". A part that an identity does not have is empty: the
// workers of other SDKs are "<pid>@<host>@<queue>" or any text at all.
struct WorkerIdentity {
  std::string text;     // the whole identity
  std::string process;  // pod or process id
  std::string machine;  // node or host
  std::string version;
  std::string nonce;

  // What people need to find the worker: "pod@node", or the whole text where it has no such parts.
  [[nodiscard]] std::string short_name() const;

  bool operator==(const WorkerIdentity&) const = default;
};

[[nodiscard]] WorkerIdentity parse_worker_identity(std::string_view text);

}  // namespace lifecycle::cli
