// `lifecycle chaos recover`: undoes what a chaos command began and did not undo, because it was killed itself.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/chaos/injector.h"
#include "cli/chaos/journal.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace lifecycle::cli::chaos {

// What is planned, may have been made, and was not undone: the first line of each such fault.
[[nodiscard]] std::vector<JournalEntry> left_behind(const std::vector<JournalEntry>& entries);

// What goes into each undo record, so that recovery can leave alone what a command that still runs will undo by itself.
[[nodiscard]] nlohmann::json origin_of_this_process();
// Whether the command that planned it still runs on this host.
[[nodiscard]] bool is_tool_alive(const JournalEntry& planned);

struct RecoverSetup {
  std::string journal_path;
  // The injector for an entry. Errors: why there is none.
  std::function<Result<Injector*>(const JournalEntry&)> injector_for;
  std::function<Result<void>(const JournalEntry&)> record;
  Output& output;
  Patience& patience;
};

// Recovering twice does no harm. Exit codes: 8 when something could not be undone.
[[nodiscard]] ExitCode recover(const RecoverSetup& setup);

}  // namespace lifecycle::cli::chaos
