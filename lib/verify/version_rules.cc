// On which versions of a Worker Deployment a run had its tasks.
#include <fmt/format.h>

#include <algorithm>

#include "verify/rules.h"

namespace lifecycle::verify {
namespace {

using temporal::api::deployment::v1::WorkerDeploymentVersion;
using temporal::api::workflow::v1::VersioningOverride;

// "lifecycle:v1.0.0"; empty: unversioned.
std::string text_of(const WorkerDeploymentVersion& version) {
  return version.build_id().empty() ? std::string() : version.deployment_name() + ":" + version.build_id();
}

std::string shown(const std::string& version) { return version.empty() ? "no version" : version; }

// The version that a run is pinned to as its events go by: by an override, by its parent, or by the first task that says so.
class PinnedTo {
 public:
  // Before the event's own version is compared.
  void apply(const api::HistoryEvent& event) {
    if (event.has_workflow_execution_started_event_attributes()) {
      const auto& started = event.workflow_execution_started_event_attributes();
      if (started.has_versioning_override()) {
        set(started.versioning_override());
      } else if (started.has_inherited_pinned_version()) {
        version_ = text_of(started.inherited_pinned_version());
      }
    } else if (event.has_workflow_execution_options_updated_event_attributes()) {
      const auto& updated = event.workflow_execution_options_updated_event_attributes();
      if (updated.unset_versioning_override()) {
        is_override_ = false;
        version_.reset();
      } else if (updated.has_versioning_override()) {
        set(updated.versioning_override());
      }
    }
  }

  // After it.
  void learn(const api::history::WorkflowTaskCompletedEventAttributes& completed) {
    if (is_override_) {
      return;
    }
    if (completed.versioning_behavior() != api::enums::VERSIONING_BEHAVIOR_PINNED) {
      version_.reset();
    } else if (!version_) {
      version_ = text_of(completed.deployment_version());
    }
  }

  [[nodiscard]] const std::optional<std::string>& version() const { return version_; }

 private:
  void set(const VersioningOverride& wanted) {
    is_override_ = true;
    version_ = wanted.has_pinned() ? std::optional(text_of(wanted.pinned().version())) : std::nullopt;
  }

  std::optional<std::string> version_;
  bool is_override_ = false;
};

}  // namespace

void check_pinned_version(const Evidence& evidence, Findings& findings) {
  PinnedTo pinned;
  bool was_pinned = false;
  for (const api::HistoryEvent& event : evidence.history.history().events()) {
    pinned.apply(event);
    if (!event.has_workflow_task_completed_event_attributes()) {
      continue;
    }
    const auto& completed = event.workflow_task_completed_event_attributes();
    const std::string version = text_of(completed.deployment_version());
    was_pinned = was_pinned || pinned.version().has_value();
    if (pinned.version() && version != *pinned.version()) {
      findings.broken({event.event_id()}, fmt::format("the run is pinned to {}, and a workflow task ran on {} (worker {})",
                                                      shown(*pinned.version()), shown(version), completed.identity()));
    }
    pinned.learn(completed);
    was_pinned = was_pinned || pinned.version().has_value();
  }
  if (!was_pinned) {
    findings.not_applicable();
  }
}

// Whether there was a rollback between is known to nobody here.
void check_version_return(const Evidence& evidence, Findings& findings) {
  std::vector<std::pair<std::string, std::int64_t>> seen;  // each version when it came, with the event
  for (const api::HistoryEvent& event : evidence.history.history().events()) {
    const auto& completed = event.workflow_task_completed_event_attributes();
    if (!completed.has_deployment_version() || completed.versioning_behavior() == api::enums::VERSIONING_BEHAVIOR_PINNED) {
      continue;
    }
    const std::string version = text_of(completed.deployment_version());
    if (!seen.empty() && seen.back().first == version) {
      continue;
    }
    const auto before = std::ranges::find(seen, version, &std::pair<std::string, std::int64_t>::first);
    if (before != seen.end()) {
      findings.unknown(
          fmt::format("the run returned from {} to {}: right only if the deployment was rolled back", seen.back().first, version),
          {before->second, seen.back().second, event.event_id()});
    }
    seen.emplace_back(version, event.event_id());
  }
  if (seen.empty()) {
    findings.not_applicable();
  }
}

}  // namespace lifecycle::verify
