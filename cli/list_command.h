// `lifecycle list`: workflows that the visibility store knows, newest first, with the version that each runs on.
#pragma once

#include <string>

#include "cli/exit_code.h"
#include "cli/global_options.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

struct Connection;

struct ListOptions {
  std::string query;  // a visibility query; empty: all
  int limit = 0;      // zero: none
};

void add_list_options(CLI::App& app, ListOptions& options);

[[nodiscard]] ExitCode run_list(const GlobalOptions& global, const ListOptions& options, const ProcessContext& process);
// The same over a connection that is made already.
[[nodiscard]] ExitCode run_list(const GlobalOptions& global, const ListOptions& options, const ProcessContext& process, Output& output,
                                Connection& connection);

}  // namespace lifecycle::cli
