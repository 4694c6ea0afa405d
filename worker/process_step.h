// The contract's activity: takes its time, says how far it is, and tells who did it.
#pragma once

#include "activity/context.h"
#include "worker/contract.h"
#include "workflow/options.h"

namespace lifecycle::demo {

inline constexpr ActivityType<StepOutput(StepInput)> kProcessStep{kActivityType};

// Works for `duration_ms`, with a heartbeat each 500 ms; a later attempt goes on where the last heartbeat of the one before got to. The
// first `fail_attempts` attempts throw ApplicationFailure of the type kSimulatedFailureType. Throws CancelledFailure as soon as it is
// cancelled.
[[nodiscard]] StepOutput process_step(ActivityContext& ctx, StepInput input);

}  // namespace lifecycle::demo
