// What holds of the demonstration's workflow beyond what holds of all: its steps, their outputs and its result are known from the contract
// (worker/contract.h), whichever SDK's worker served it.
#pragma once

#include <span>

#include "verify/verify.h"

namespace lifecycle::cli {

// For runs of LifecycleWorkflow; not applicable to others.
[[nodiscard]] std::span<const verify::Rule> contract_rules();

}  // namespace lifecycle::cli
