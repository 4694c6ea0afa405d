// `lifecycle describe ID`: which version, pod and attempt ran each step of a workflow, what is pending, what failed, and what was done to
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/exit_code.h"
#include "cli/global_options.h"

namespace CLI {
class App;
}

namespace lifecycle::cli {

struct Connection;

// What --output takes here beside what every command does.
enum class DescribeFormat : std::uint8_t { kText, kJson, kJsonl, kNone, kMermaid, kSvg, kHtml };

struct DescribeOptions {
  std::string workflow_id;
  std::string run_id;                    // empty: the latest run
  std::optional<DescribeFormat> format;  // nothing: what was said before the command
  bool watch = false;
  bool history = false;  // print the history alone, as the official tools read it
  std::string journal;   // file with the faults; empty: the default one
};

void add_describe_options(CLI::App& app, DescribeOptions& options);

// A workflow's id as the argument, or with -w as the temporal CLI has it; and -r for the run.
void add_workflow_reference(CLI::App& app, std::string& workflow_id, std::string& run_id);

// Exit codes beside those of errors: kOperationFailed when a watched workflow ended otherwise than completed; kInterrupted and the like
// when watching ended before it.
[[nodiscard]] ExitCode run_describe(const GlobalOptions& global, const DescribeOptions& options, const ProcessContext& process);
// The same over a connection that is made already.
[[nodiscard]] ExitCode run_describe(const GlobalOptions& global, const DescribeOptions& options, const ProcessContext& process,
                                    Output& output, Connection& connection);

}  // namespace lifecycle::cli
