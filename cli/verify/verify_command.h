// `lifecycle verify ID...|--query Q|--history FILE...`: what histories, and the journal of faults, show of what runs went through.
#pragma once

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "verify/verify.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

struct Connection;

struct VerifyOptions {
  std::vector<std::string> workflow_ids;  // the latest run of each
  std::string run_id;                     // another run, of the only workflow id
  std::string query;                      // a list filter: all runs that it finds
  std::vector<std::string> histories;     // files and folders, without a server
  std::string journal;                    // of `lifecycle chaos`; empty: the default one, if there is one
};

void add_verify_options(CLI::App& app, VerifyOptions& options);

// Prints one verdict for each run, what is broken or unknown in it, and one verdict over all. Exit codes: kGuaranteeBroken for broken,
// that of the first history that could not be read, else kOperationFailed, for unknown.
[[nodiscard]] ExitCode run_verify(const GlobalOptions& global, const VerifyOptions& options, const ProcessContext& process);
// The same over a connection that is made already, null where only files are read, and with no journal but a named one.
[[nodiscard]] ExitCode run_verify(const GlobalOptions& global, const VerifyOptions& options, Output& output, Connection* connection);

}  // namespace lifecycle::cli
