// Candidates that only the server and files know. They are asked while somebody waits for his shell: nothing here writes a word, and what
// cannot be had is no candidate.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/completion/completion.h"
#include "cli/connection.h"
#include "cli/global_options.h"

namespace lifecycle::cli {

// The source's candidates for this completion. The flags that stand before the cursor say which server, namespace and file are asked.
[[nodiscard]] std::vector<Candidate> fetch_candidates(const Completion& completion, const ProcessContext& process, Duration timeout);

// The same from a server that is connected already, for the sources that a server knows.
[[nodiscard]] std::vector<Candidate> fetch_from_server(const Completion& completion, Connection& connection, Duration timeout);

}  // namespace lifecycle::cli
