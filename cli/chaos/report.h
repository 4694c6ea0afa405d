// What a chaos command says: the plan before, and what came of it after.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/chaos/experiment.h"

namespace lifecycle::cli::chaos {

// "kill", "delete", ...: what is done to the target, for questions and plans.
[[nodiscard]] std::string verb_of(const Fault& fault);

// What of `held` the target executes.
[[nodiscard]] std::vector<HeldWork> held_by(const Target& target, const std::vector<HeldWork>& held);

[[nodiscard]] std::vector<std::string> plan_lines(const Fault& fault, std::uint64_t seed, const Choice& choice,
                                                  const std::vector<HeldWork>& held);
[[nodiscard]] nlohmann::ordered_json plan_json(const Fault& fault, std::uint64_t seed, const Choice& choice,
                                               const std::vector<HeldWork>& held);

[[nodiscard]] std::vector<std::string> outcome_lines(const Fault& fault, const FaultOutcome& outcome);
[[nodiscard]] nlohmann::ordered_json outcome_json(const FaultOutcome& outcome);

}  // namespace lifecycle::cli::chaos
