#include "worker/process_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "converter/failure.h"

namespace lifecycle::demo {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHeartbeatInterval{500};

void fail_on_purpose(const StepInput& input, std::int32_t attempt) {
  const int fail_attempts = input.fail_attempts.value_or(0);
  if (attempt <= fail_attempts) {
    throw converter::ApplicationFailure(fmt::format("simulated failure of step {}, attempt {} of {}", input.step, attempt, fail_attempts),
                                        {.type = std::string(kSimulatedFailureType)});
  }
}

}  // namespace

StepOutput process_step(ActivityContext& ctx, StepInput input) {
  const ActivityInfo& info = ctx.info();
  fail_on_purpose(input, info.attempt);
  const milliseconds duration(input.duration_ms);
  milliseconds elapsed(ctx.last_heartbeat<StepHeartbeat>().value_or(StepHeartbeat{}).elapsed_ms);
  while (elapsed < duration) {
    const milliseconds slice = std::min(kHeartbeatInterval, duration - elapsed);
    ctx.sleep_for(slice);
    elapsed += slice;
    ctx.heartbeat(StepHeartbeat{.elapsed_ms = elapsed.count()});
  }
  return {.step = input.step, .worker_version = info.worker_version, .worker = info.identity, .attempt = info.attempt};
}

}  // namespace lifecycle::demo
