// The contract's input, made from a preset, a JSON text and flags, and checked here: what cannot work is refused before it is started.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "worker/contract.h"

namespace lifecycle::cli {

enum class Preset : std::uint8_t { kLifecycle, kQuick };

// "lifecycle" and "quick"; and the prefix of their default workflow ids, "lifecycle-demo" and "quick".
[[nodiscard]] std::string_view name_of(Preset preset);
[[nodiscard]] std::string_view workflow_id_prefix(Preset preset);

// 10 steps of 30 s, about five minutes; or 6 steps of 5 s, half a minute.
[[nodiscard]] demo::LifecycleInput input_of(Preset preset);

// What the user gave; what is empty is the preset's. A flag wins over the JSON text, field by field.
struct InputFlags {
  std::string json;
  std::optional<int> steps;
  std::optional<Duration> step_duration;
  std::optional<int> fail_step;
  std::optional<int> fail_attempts;
  std::optional<Duration> retry_initial_interval;
  std::optional<double> retry_backoff;
  std::optional<Duration> retry_max_interval;
  std::optional<int> retry_max_attempts;
};

// The server ends a workflow whose history is longer (limit.historyCount.error), and refuses a larger payload (limit.blobSize.error), long
// before the 4 MB of a request would be reached.
inline constexpr std::int64_t kHistoryEventsMax = 51'200;
inline constexpr std::int64_t kPayloadBytesMax = 2LL * 1024 * 1024;
// Scheduled, started and completed, of the activity and of the workflow task that follows it.
inline constexpr std::int64_t kEventsPerStep = 6;
// The start, the first workflow task's three, and the end.
inline constexpr std::int64_t kEventsBesidesSteps = 5;
inline constexpr std::int64_t kStepsMax = (kHistoryEventsMax - kEventsBesidesSteps) / kEventsPerStep;
// `worker` refuses a longer version, so that the result of the longest workflow stays below kPayloadBytesMax.
inline constexpr std::int64_t kWorkerVersionBytesMax = 128;
static_assert(kStepsMax * (kWorkerVersionBytesMax + 3) < kPayloadBytesMax, "a result names one version for each step");

// Errors: kInvalidArgument that names the flag or the JSON path, and why the server or the contract would not have it.
[[nodiscard]] Result<demo::LifecycleInput> make_input(Preset preset, const InputFlags& flags);

}  // namespace lifecycle::cli
