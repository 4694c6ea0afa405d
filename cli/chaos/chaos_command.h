// `lifecycle chaos`: injects faults into workers, proves that they happened, undoes them, and shows what Temporal made of it.
#pragma once

#include "cli/chaos/chaos_options.h"
#include "cli/exit_code.h"
#include "cli/global_options.h"

namespace lifecycle::cli::chaos {

// Exit codes beside those of errors: 8 when a fault could not be proven or undone, 124 when the recovery was not seen in time.
[[nodiscard]] ExitCode run_chaos(const GlobalOptions& global, const ChaosOptions& options, const ProcessContext& process);

}  // namespace lifecycle::cli::chaos
