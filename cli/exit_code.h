// What the process tells its caller by its exit code: a script can tell "the proof failed" from "the network was down".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace lifecycle::cli {

enum class ExitCode : std::uint8_t {
  kDone = 0,
  kOperationFailed = 1,
  kUsage = 2,
  kTemporalUnreachable = 3,
  kNotAuthorised = 4,
  kNotFound = 5,
  kKubernetesUnreachable = 6,
  kGuaranteeBroken = 7,
  kFaultNotProven = 8,
  kInvalidConfig = 78,
  kTimedOut = 124,
  kHungUp = 129,
  kInterrupted = 130,
  kKilled = 137,
  kTerminated = 143,
};

struct ExitCodeMeaning {
  ExitCode code;
  std::string_view meaning;
};

// All of them, in the order of their numbers: what `lifecycle help exit-codes` prints.
[[nodiscard]] std::span<const ExitCodeMeaning> exit_code_meanings();

[[nodiscard]] ExitCode exit_code_for(ErrorCode code);

// 128 + the signal's number, as shells report a process that a signal ended.
[[nodiscard]] ExitCode exit_code_for_signal(int signal_number);

// "not_found" and so on: the `code` of an error in JSON.
[[nodiscard]] std::string_view name_of(ErrorCode code);

[[nodiscard]] constexpr int to_int(ExitCode code) { return static_cast<int>(code); }

}  // namespace lifecycle::cli
