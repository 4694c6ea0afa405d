// What the core tells a workflow's code: one activation for each logical workflow task, made of jobs.
//
// Views and pointers in jobs point into the history that the activation came from, and are good until activate() returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/api.h"
#include "base/clock.h"

namespace lifecycle::core {

// Number of an operation (activity, timer) within its run, given by the code in the order of its commands.
using OperationSeq = std::uint32_t;

struct InitializeWorkflow {
  const api::history::WorkflowExecutionStartedEventAttributes* attributes = nullptr;
  std::uint64_t randomness_seed = 0;
  WallTime start_time{};  // of the run; its first workflow task starts later, and later still when it must be repeated
};
// The code took the new side of this patch when this history was written; the first call for it, in this activation, must do so again.
struct NotifyHasPatch {
  std::string patch_id;
};
// The run was reset: what it draws from now on differs from the run that it came from.
struct UpdateRandomSeed {
  std::uint64_t randomness_seed = 0;
};
struct SignalWorkflow {
  std::string_view name;
  const api::Payloads* input = nullptr;
};
struct CancelWorkflow {
  std::string_view reason;
};
struct FireTimer {
  OperationSeq seq = 0;
};
struct ActivityCompleted {
  const api::Payloads* result = nullptr;  // null when the activity returned nothing
};
struct ActivityFailed {
  api::Failure failure;  // with activity_failure_info and the cause below it
};
struct ResolveActivity {
  OperationSeq seq = 0;
  std::variant<ActivityCompleted, ActivityFailed> outcome;
};
struct QueryWorkflow {
  std::string_view id;  // empty for a query that came as a task of its own
  std::string_view type;
  const api::Payloads* arguments = nullptr;
};

using WorkflowActivationJob = std::variant<InitializeWorkflow, NotifyHasPatch, UpdateRandomSeed, SignalWorkflow, CancelWorkflow, FireTimer,
                                           ResolveActivity, QueryWorkflow>;

// Jobs are in the order in which the code must see them: initialization, patches, random seed, signals, everything else, each in history's
// order; queries come in activations of their own.
struct WorkflowActivation {
  WallTime timestamp{};  // the workflow's "now"
  bool is_replaying = false;
  std::int64_t history_length = 0;  // events up to and including the started workflow task
  std::int64_t history_size_bytes = 0;
  bool continue_as_new_suggested = false;
  std::vector<WorkflowActivationJob> jobs;
};

}  // namespace lifecycle::core
