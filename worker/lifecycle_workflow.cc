#include "worker/lifecycle_workflow.h"

#include <algorithm>
#include <optional>

#include "worker/process_step.h"

namespace lifecycle::demo {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A worker that is killed is noticed after this long, and the step starts again on another one.
constexpr Duration kHeartbeatTimeout = seconds(5);
// A step may take this much longer than it was asked to, for a machine that is busy.
constexpr Duration kStartToCloseMargin = seconds(30);

ActivityOptions options_for(const LifecycleInput& input) {
  return {.start_to_close_timeout = milliseconds(input.step_duration_ms) + kStartToCloseMargin,
          .heartbeat_timeout = kHeartbeatTimeout,
          .retry_policy = RetryPolicy{.initial_interval = milliseconds(input.retry.initial_interval_ms),
                                      .backoff_coefficient = input.retry.backoff_coefficient,
                                      .maximum_interval = milliseconds(input.retry.maximum_interval_ms),
                                      .maximum_attempts = input.retry.maximum_attempts}};
}

StepInput input_for(const LifecycleInput& input, int step) {
  const bool fails = input.fail_step == step && input.fail_attempts > 0;
  return {.step = step, .duration_ms = input.step_duration_ms, .fail_attempts = fails ? std::optional(input.fail_attempts) : std::nullopt};
}

}  // namespace

Workflow<LifecycleResult> LifecycleWorkflow::run(WorkflowContext ctx, LifecycleInput input) {
  steps_total_ = input.steps;
  for (int step = 0; step < input.steps; ++step) {
    co_await ctx.wait_until(*this, &LifecycleWorkflow::running);
    const StepOutput done = co_await ctx.activity(kProcessStep, options_for(input), input_for(input, step));
    add(done);
  }
  co_return result_;
}

Progress LifecycleWorkflow::progress() const {
  return {.steps_completed = result_.steps_completed, .steps_total = steps_total_, .current_step = result_.steps_completed};
}

void LifecycleWorkflow::pause() { paused_ = true; }

void LifecycleWorkflow::resume() { paused_ = false; }

void LifecycleWorkflow::add(const StepOutput& done) {
  std::vector<std::string>& versions = result_.worker_versions_used;
  if (!versions.empty()) {
    result_.version_changes_detected = result_.version_changes_detected || versions.back() != done.worker_version;
    result_.rollout_detected = result_.rollout_detected || std::ranges::find(versions, done.worker_version) == versions.end();
  }
  versions.push_back(done.worker_version);
  if (std::ranges::find(result_.workers_used, done.worker) == result_.workers_used.end()) {
    result_.workers_used.push_back(done.worker);
  }
  result_.retries += done.attempt - 1;
  ++result_.steps_completed;
}

}  // namespace lifecycle::demo
