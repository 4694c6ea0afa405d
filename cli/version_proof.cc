#include "cli/version_proof.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cli/run_steps.h"
#include "cli/table.h"

namespace lifecycle::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kUnversioned = "unversioned";
constexpr std::size_t kTasksNamedMax = 5;

// Collects the evidence event by event.
class ProofReader {
 public:
  explicit ProofReader(const client::DeploymentVersion& version) : version_(version) {}

  void apply(const api::HistoryEvent& event) {
    steps_.apply(event);
    switch (event.event_type()) {
      case api::enums::EVENT_TYPE_WORKFLOW_TASK_STARTED:
        begin(event.event_id(), TaskKind::kWorkflowTask, event.workflow_task_started_event_attributes().identity());
        break;
      case api::enums::EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
        on_workflow_task_completed(event.workflow_task_completed_event_attributes());
        break;
      case api::enums::EVENT_TYPE_ACTIVITY_TASK_STARTED:
        on_activity_started(event);
        break;
      case api::enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
        on_activity_completed(event.activity_task_completed_event_attributes());
        break;
      default:
        break;
    }
  }

  void add_unless_told(const AttemptSeen& attempt) {
    const bool told = std::ranges::any_of(tasks_, [&](const auto& each) {
      return each.second.kind == TaskKind::kActivity && each.second.step == attempt.step && each.second.attempt == attempt.attempt;
    });
    if (told) {
      return;
    }
    TaskEvidence& task = seen_.emplace_back(
        TaskEvidence{.kind = TaskKind::kActivity, .step = attempt.step, .attempt = attempt.attempt, .worker = attempt.worker});
    tell(task, attempt.worker.version);
  }

  [[nodiscard]] std::vector<TaskEvidence> take() && {
    std::vector<TaskEvidence> all;
    all.reserve(tasks_.size() + seen_.size());
    for (auto& [event_id, task] : tasks_) {
      all.push_back(std::move(task));
    }
    std::ranges::move(seen_, std::back_inserter(all));
    for (TaskEvidence& task : all) {
      const bool only_it = std::ranges::all_of(task.versions, [&](const std::string& each) { return each == version_.build_id; });
      task.ran_on = task.versions.empty() ? RanOn::kUnknown : only_it ? RanOn::kVersion : RanOn::kElsewhere;
    }
    return all;
  }

 private:
  TaskEvidence& begin(std::int64_t event_id, TaskKind kind, const std::string& identity) {
    TaskEvidence& task = tasks_[event_id];
    task = {.event_id = event_id, .kind = kind, .worker = parse_worker_identity(identity)};
    tell(task, task.worker.version);
    return task;
  }

  void on_workflow_task_completed(const api::history::WorkflowTaskCompletedEventAttributes& completed) {
    const auto task = tasks_.find(completed.started_event_id());
    if (task == tasks_.end()) {
      return;
    }
    if (!completed.has_deployment_version()) {
      tell(task->second, kUnversioned);
      return;
    }
    const client::DeploymentVersion version = client::from_api(completed.deployment_version());
    tell(task->second, version.deployment_name == version_.deployment_name ? version.build_id : client::to_text(version));
  }

  void on_activity_started(const api::HistoryEvent& event) {
    const auto& started = event.activity_task_started_event_attributes();
    TaskEvidence& task = begin(event.event_id(), TaskKind::kActivity, started.identity());
    task.attempt = started.attempt();
    if (const StepRecord* step = steps_.find_by_event(started.scheduled_event_id())) {
      task.step = step->step;
    }
  }

  void on_activity_completed(const api::history::ActivityTaskCompletedEventAttributes& completed) {
    const auto task = tasks_.find(completed.started_event_id());
    const StepRecord* step = steps_.find_by_event(completed.scheduled_event_id());
    if (task != tasks_.end() && step != nullptr) {
      tell(task->second, step->version);
    }
  }

  static void tell(TaskEvidence& task, const std::string& version) {
    if (!version.empty() && std::ranges::find(task.versions, version) == task.versions.end()) {
      task.versions.push_back(version);
    }
  }

  const client::DeploymentVersion& version_;
  RunSteps steps_;
  std::map<std::int64_t, TaskEvidence> tasks_;  // by the id of the event that started it
  std::vector<TaskEvidence> seen_;
};

std::string task_name(const TaskEvidence& task) {
  if (task.kind == TaskKind::kWorkflowTask) {
    return "workflow task";
  }
  return task.attempt > 1 || task.event_id == 0 ? fmt::format("step {}, attempt {}", task.step, task.attempt)
                                                : fmt::format("step {}", task.step);
}

std::string versions_text(const TaskEvidence& task) {
  return task.versions.empty() ? "?" : fmt::format("{}", fmt::join(task.versions, " and "));
}

std::string described(const TaskEvidence& task) {
  const std::string where = task.event_id == 0 ? "seen while it ran" : fmt::format("event {}", task.event_id);
  return fmt::format("{} on {} ({}, {})", task_name(task), versions_text(task), where, task.worker.short_name());
}

std::vector<std::string> described(const VersionProof& proof, RanOn ran_on) {
  std::vector<std::string> all;
  for (const TaskEvidence& task : proof.tasks) {
    if (task.ran_on == ran_on) {
      all.push_back(described(task));
    }
  }
  return all;
}

// "a; b; c and 4 more".
std::string shortened_list(std::vector<std::string> items) {
  const std::size_t more = items.size() > kTasksNamedMax ? items.size() - kTasksNamedMax : 0;
  items.resize(items.size() - more);
  return fmt::format("{}{}", fmt::join(items, "; "), more > 0 ? fmt::format("; and {} more", more) : "");
}

std::string counted(std::size_t count, std::string_view one, std::string_view several) {
  return fmt::format("{} {}", count, count == 1 ? one : several);
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kProven:
      return "proven";
    case Verdict::kBroken:
      return "broken";
    case Verdict::kNotProven:
      return "not_proven";
  }
  std::unreachable();
}

Verdict VersionProof::verdict() const {
  const auto any = [this](RanOn ran_on) {
    return std::ranges::any_of(tasks, [ran_on](const TaskEvidence& task) { return task.ran_on == ran_on; });
  };
  if (any(RanOn::kElsewhere)) {
    return Verdict::kBroken;
  }
  return tasks.empty() || any(RanOn::kUnknown) ? Verdict::kNotProven : Verdict::kProven;
}

std::size_t VersionProof::count(TaskKind kind) const {
  return static_cast<std::size_t>(std::ranges::count_if(tasks, [kind](const TaskEvidence& task) { return task.kind == kind; }));
}

VersionProof prove_version(const api::History& history, const client::DeploymentVersion& version,
                           std::span<const AttemptSeen> attempts_seen) {
  ProofReader reader(version);
  for (const api::HistoryEvent& event : history.events()) {
    reader.apply(event);
  }
  for (const AttemptSeen& attempt : attempts_seen) {
    reader.add_unless_told(attempt);
  }
  return {.version = version, .tasks = std::move(reader).take()};
}

std::string verdict_text(const VersionProof& proof) {
  const std::string version = fmt::format("{} of deployment {}", proof.version.build_id, proof.version.deployment_name);
  switch (proof.verdict()) {
    case Verdict::kProven:
      return fmt::format("PROVEN: {} and {} ran on {}, and nothing ran elsewhere",
                         counted(proof.count(TaskKind::kWorkflowTask), "workflow task", "workflow tasks"),
                         counted(proof.count(TaskKind::kActivity), "activity", "activities"), version);
    case Verdict::kBroken: {
      std::vector<std::string> elsewhere = described(proof, RanOn::kElsewhere);
      const std::size_t count = elsewhere.size();
      return fmt::format("BROKEN: {} of {} did not run on {}: {}", count, counted(proof.tasks.size(), "task", "tasks"), version,
                         shortened_list(std::move(elsewhere)));
    }
    case Verdict::kNotProven:
      return proof.tasks.empty() ? fmt::format("NOT PROVEN: no worker took a task, so nothing tells of {}", version)
                                 : fmt::format("NOT PROVEN: nothing tells whether these ran on {}: {}", version,
                                               shortened_list(described(proof, RanOn::kUnknown)));
  }
  std::unreachable();
}

std::vector<std::string> proof_table(const VersionProof& proof) {
  std::vector<Row> rows{{"EVENT", "TASK", "VERSION", "WORKER"}};
  for (const TaskEvidence& task : proof.tasks) {
    std::string mark = task.ran_on == RanOn::kElsewhere ? "  <- elsewhere" : "";
    rows.push_back(
        {task.event_id == 0 ? "-" : std::to_string(task.event_id), task_name(task), versions_text(task), task.worker.short_name() + mark});
  }
  return aligned(rows);
}

ordered_json proof_json(const VersionProof& proof) {
  ordered_json tasks = ordered_json::array();
  for (const TaskEvidence& task : proof.tasks) {
    ordered_json item{{"eventId", task.event_id == 0 ? ordered_json(nullptr) : ordered_json(task.event_id)}};
    item["task"] = task.kind == TaskKind::kWorkflowTask ? "workflow_task" : "activity";
    if (task.kind == TaskKind::kActivity) {
      item["step"] = task.step;
      item["attempt"] = task.attempt;
    }
    item["versions"] = task.versions;
    item["worker"] = task.worker.text;
    item["onVersion"] = task.ran_on == RanOn::kUnknown ? ordered_json(nullptr) : ordered_json(task.ran_on == RanOn::kVersion);
    tasks.push_back(std::move(item));
  }
  return {{"verdict", name_of(proof.verdict())},
          {"deployment", proof.version.deployment_name},
          {"version", proof.version.build_id},
          {"workflowTasks", proof.count(TaskKind::kWorkflowTask)},
          {"activities", proof.count(TaskKind::kActivity)},
          {"tasks", std::move(tasks)}};
}

}  // namespace lifecycle::cli
