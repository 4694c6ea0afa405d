// The demonstration's contract: what travels between clients, workflows and activities, as JSON. A worker or a client written with any
// other SDK can take either side, so these names and shapes change only together with every peer (see README.md, "The workflow contract").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "converter/json.h"

namespace lifecycle::demo {

// Any version of the worker may run any task of this queue.
inline constexpr std::string_view kTaskQueue = "lifecycle-queue";
// The queue of the Worker Deployment: a workflow that is pinned to a version runs on that version alone.
inline constexpr std::string_view kVersionedTaskQueue = "lifecycle-versioned-queue";
inline constexpr std::string_view kDeploymentName = "lifecycle";

inline constexpr std::string_view kWorkflowType = "LifecycleWorkflow";
inline constexpr std::string_view kActivityType = "ProcessStep";
inline constexpr std::string_view kProgressQuery = "progress";
inline constexpr std::string_view kPauseSignal = "pause";
inline constexpr std::string_view kResumeSignal = "resume";
inline constexpr std::string_view kSimulatedFailureType = "SimulatedFailure";

// Retry policy of every step. `maximum_attempts` zero: as often as it takes.
struct RetryInput {
  std::int64_t initial_interval_ms = 1000;
  double backoff_coefficient = 2.0;
  std::int64_t maximum_interval_ms = 10'000;
  std::int32_t maximum_attempts = 0;

  static constexpr auto json_fields() {
    return std::tuple(converter::field("initial_interval_ms", &RetryInput::initial_interval_ms),
                      converter::field("backoff_coefficient", &RetryInput::backoff_coefficient),
                      converter::field("maximum_interval_ms", &RetryInput::maximum_interval_ms),
                      converter::field("maximum_attempts", &RetryInput::maximum_attempts));
  }
};

// Input of the workflow. Every field may be missing. Steps are numbered from 0, and `fail_step` counts the same way.
struct LifecycleInput {
  int steps = 10;
  std::int64_t step_duration_ms = 30'000;
  std::optional<int> fail_step;  // this step's first `fail_attempts` attempts fail on purpose
  int fail_attempts = 0;
  RetryInput retry;

  static constexpr auto json_fields() {
    return std::tuple(converter::field("steps", &LifecycleInput::steps),
                      converter::field("step_duration_ms", &LifecycleInput::step_duration_ms),
                      converter::field("fail_step", &LifecycleInput::fail_step),
                      converter::field("fail_attempts", &LifecycleInput::fail_attempts), converter::field("retry", &LifecycleInput::retry));
  }
};

// Input of the activity. `fail_attempts` is there only where attempts are to fail.
struct StepInput {
  int step = 0;
  std::int64_t duration_ms = 0;
  std::optional<int> fail_attempts;

  static constexpr auto json_fields() {
    return std::tuple(converter::field("step", &StepInput::step), converter::field("duration_ms", &StepInput::duration_ms),
                      converter::field("fail_attempts", &StepInput::fail_attempts));
  }
};

// Output of the activity: who did the step.
struct StepOutput {
  int step = 0;
  std::string worker_version;
  std::string worker;  // the worker's identity
  std::int32_t attempt = 1;

  static constexpr auto json_fields() {
    return std::tuple(converter::field("step", &StepOutput::step), converter::field("worker_version", &StepOutput::worker_version),
                      converter::field("worker", &StepOutput::worker), converter::field("attempt", &StepOutput::attempt));
  }
};

// Details of the activity's heartbeat: how much of the step's duration is done, so that the next attempt goes on from there.
struct StepHeartbeat {
  std::int64_t elapsed_ms = 0;

  static constexpr auto json_fields() { return std::tuple(converter::field("elapsed_ms", &StepHeartbeat::elapsed_ms)); }
};

// Result of the workflow.
struct LifecycleResult {
  std::vector<std::string> worker_versions_used;  // one for each step, in order
  bool version_changes_detected = false;          // two neighbouring steps ran on different versions
  bool rollout_detected = false;                  // more than one version took part
  int steps_completed = 0;
  std::vector<std::string> workers_used;  // each identity once, in the order in which it first took part
  int retries = 0;                        // attempts beyond each step's first

  static constexpr auto json_fields() {
    return std::tuple(converter::field("worker_versions_used", &LifecycleResult::worker_versions_used),
                      converter::field("version_changes_detected", &LifecycleResult::version_changes_detected),
                      converter::field("rollout_detected", &LifecycleResult::rollout_detected),
                      converter::field("steps_completed", &LifecycleResult::steps_completed),
                      converter::field("workers_used", &LifecycleResult::workers_used),
                      converter::field("retries", &LifecycleResult::retries));
  }
};

// Answer to the query `progress`. `current_step` is the step in hand, and equals `steps_total` once all are done.
struct Progress {
  int steps_completed = 0;
  int steps_total = 0;
  int current_step = 0;

  static constexpr auto json_fields() {
    return std::tuple(converter::field("steps_completed", &Progress::steps_completed),
                      converter::field("steps_total", &Progress::steps_total), converter::field("current_step", &Progress::current_step));
  }
};

}  // namespace lifecycle::demo
