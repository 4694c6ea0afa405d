// Whether a run kept to one version of a Worker Deployment: read from its history, task by task.
//
// A workflow task tells its version twice, by the deployment version that the server wrote and by the worker's identity; an activity by the
// identity and, in the contract's result, by what the worker said of itself, because Temporal's activity events have no version. All that
// is told must agree.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "api/api.h"
#include "cli/worker_identity.h"
#include "client/deployment_version.h"

namespace lifecycle::cli {

enum class TaskKind : std::uint8_t { kWorkflowTask, kActivity };

enum class RanOn : std::uint8_t {
  kVersion,    // on the version, by everything that tells
  kElsewhere,  // something tells another version
  kUnknown,    // nothing tells: the worker of another SDK, whose identity has no version
};

// One task that a worker took.
struct TaskEvidence {
  std::int64_t event_id = 0;  // of the task's start; 0 for an attempt that history does not tell of
  TaskKind kind = TaskKind::kWorkflowTask;
  int step = -1;    // of an activity: from its input, or its place in history
  int attempt = 1;  // of an activity
  WorkerIdentity worker;
  std::vector<std::string> versions;  // all that were told, each once; a version of another deployment as "deployment:version"
  RanOn ran_on = RanOn::kUnknown;
};

// An attempt of an activity that was seen while the run went on. History keeps the last attempt of each alone.
struct AttemptSeen {
  int step = 0;
  int attempt = 1;
  WorkerIdentity worker;
};

enum class Verdict : std::uint8_t {
  kProven,
  kBroken,     // at least one task ran elsewhere
  kNotProven,  // none is known to have run elsewhere, but not all are known to have run on the version, or there was none
};

// "proven", "broken", "not_proven".
[[nodiscard]] std::string_view name_of(Verdict verdict);

struct VersionProof {
  client::DeploymentVersion version;
  std::vector<TaskEvidence> tasks;  // in the order of their events; attempts without an event last

  [[nodiscard]] Verdict verdict() const;
  [[nodiscard]] std::size_t count(TaskKind kind) const;
};

[[nodiscard]] VersionProof prove_version(const api::History& history, const client::DeploymentVersion& version,
                                         std::span<const AttemptSeen> attempts_seen = {});

// One line: "PROVEN: 7 workflow tasks and 6 activities ran on v1.0.0 of lifecycle, and nothing ran elsewhere", or what ran elsewhere, with
// the event ids.
[[nodiscard]] std::string verdict_text(const VersionProof& proof);

// The tasks, one line each under a heading: event, task, version, worker.
[[nodiscard]] std::vector<std::string> proof_table(const VersionProof& proof);

// {"verdict", "deployment", "version", "workflowTasks", "activities", "tasks": [{"eventId", "task", "step", "attempt", "versions",
// "worker", "onVersion": true, false or null}]}.
[[nodiscard]] nlohmann::ordered_json proof_json(const VersionProof& proof);

}  // namespace lifecycle::cli
