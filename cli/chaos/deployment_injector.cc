#include "cli/chaos/deployment_injector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/chaos/victims.h"
#include "kubernetes/json_access.h"

namespace lifecycle::cli::chaos {
namespace {

using kubernetes::child;
using kubernetes::Deployment;
using kubernetes::DeploymentRef;
using kubernetes::text_at;

// Pods take their grace period to end, and new ones their time to become Ready.
constexpr Duration kScaleTimeout = std::chrono::minutes(3);
constexpr Duration kRestartTimeout = std::chrono::minutes(5);

// The labels that its pods get.
const kubernetes::Json& template_labels(const Deployment& deployment) {
  return child(child(child(child(deployment.raw, "spec"), "template"), "metadata"), "labels");
}

DeploymentRef ref(const Target& target) { return {.name_space = target.name_space, .name = target.name}; }

Error replaced(const Target& target) {
  return {.code = ErrorCode::kFailedPrecondition,
          .message = fmt::format("Deployment {} is another one now", target.name),
          .hint = "it was deleted and made again meanwhile: nothing was changed"};
}

// What makes a Deployment changes it back.
std::string why_managed(const Deployment& deployment) {
  const kubernetes::OwnerReference* const owner = deployment.meta.controller();
  return owner == nullptr ? "" : fmt::format("{} {} manages it, and would undo the change", owner->kind, owner->name);
}

bool has_settled(const Deployment& deployment, std::int32_t replicas) {
  return deployment.observed_generation >= deployment.meta.generation && deployment.current_replicas == replicas &&
         deployment.ready_replicas == replicas;
}

}  // namespace

Result<std::vector<std::string>> DeploymentInjector::pod_names(const Deployment& deployment) {
  const auto list = api_.list_pods({.name_space = deployment.meta.name_space, .label_selector = deployment.label_selector}, {});
  if (!list) {
    return std::unexpected(list.error());
  }
  std::vector<std::string> names;
  for (const kubernetes::Pod& pod : list->pods) {
    // What was evicted stays in the list for good; what is being deleted leaves it.
    const bool remains = (pod.phase == "Failed" || pod.phase == "Succeeded") && !pod.meta.deletion_time;
    if (!remains) {
      names.push_back(pod.meta.name);
    }
  }
  return names;
}

Result<std::vector<Target>> DeploymentInjector::find(const std::vector<Poller>& /*known*/) {
  const Result<Deployment> deployment = api_.get_deployment(deployment_, {});
  if (!deployment) {
    return std::unexpected(deployment.error());
  }
  Result<std::vector<std::string>> pods = pod_names(*deployment);
  if (!pods) {
    return std::unexpected(std::move(pods).error());
  }
  const kubernetes::Json& labels = template_labels(*deployment);
  Target target{.kind = TargetKind::kDeployment,
                .key = deployment->meta.uid,
                .name = deployment->meta.name,
                .name_space = deployment->meta.name_space,
                .version = text_at(labels, "version"),
                .labels = deployment->meta.labels,
                .created = deployment->meta.creation_time.value_or(WallTime()),
                .pod_names = *std::move(pods),
                .replicas = deployment->replicas};
  if (text_at(labels, kOptInLabel) != "true") {
    target.untouchable = fmt::format("its pods do not have the label {}=true", kOptInLabel);
  } else {
    target.untouchable = why_managed(*deployment);
  }
  return std::vector<Target>{std::move(target)};
}

Result<void> DeploymentInjector::change(const Fault& fault, const Target& target, bool dry_run) {
  if (fault.kind == FaultKind::kRestart) {
    const kubernetes::Json annotations{{"kubectl.kubernetes.io/restartedAt", fault.requested_at}};
    const kubernetes::Patch patch{.body = {{"spec", {{"template", {{"metadata", {{"annotations", annotations}}}}}}}}, .dry_run = dry_run};
    const Result<Deployment> patched = api_.patch_deployment(ref(target), patch, {});
    return patched ? Result<void>{} : std::unexpected(patched.error());
  }
  if (fault.kind != FaultKind::kScale) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no fault of a Deployment", name_of(fault.kind)));
  }
  if (const Result<void> free = check_no_autoscaler(target); !free) {
    return free;
  }
  const Result<kubernetes::Scale> before = api_.get_scale(ref(target), {});
  if (!before) {
    return nothing_changed(before.error());
  }
  if (before->replicas != target.replicas) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("Deployment {} was scaled from {} to {} meanwhile", target.name, target.replicas, before->replicas),
                "nothing was changed; try again");
  }
  if (before->replicas == fault.replicas) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("Deployment {} has {} pods already", target.name, fault.replicas),
                "--replicas says how many it is to have");
  }
  const Result<kubernetes::Scale> scaled =
      api_.set_scale(ref(target), {.replicas = fault.replicas, .resource_version = before->resource_version, .dry_run = dry_run}, {});
  return scaled ? Result<void>{} : std::unexpected(scaled.error());
}

// One would undo the scaling at once, or take what `undo` finds for its own decision.
Result<void> DeploymentInjector::check_no_autoscaler(const Target& target) {
  const auto autoscalers = api_.list_horizontal_pod_autoscalers(target.name_space, {});
  if (!autoscalers && autoscalers.error().code == ErrorCode::kNotFound) {
    return {};  // a server that has no such thing
  }
  if (!autoscalers) {
    return nothing_changed(autoscalers.error());
  }
  for (const kubernetes::HorizontalPodAutoscaler& autoscaler : *autoscalers) {
    if (autoscaler.target_kind == "Deployment" && autoscaler.target_name == target.name) {
      return fail(ErrorCode::kFailedPrecondition,
                  fmt::format("HorizontalPodAutoscaler '{}' decides how many pods Deployment {} has, and would undo it",
                              autoscaler.meta.name, target.name),
                  "nothing was changed; remove the autoscaler for the time of the experiment, or restart the Deployment instead");
    }
  }
  return {};
}

Result<void> DeploymentInjector::rehearse(const Fault& fault, const Target& target) { return change(fault, target, true); }

nlohmann::json DeploymentInjector::undo_record(const Fault& fault, const Target& target) const {
  if (fault.kind != FaultKind::kScale) {
    return nlohmann::json::object();
  }
  return {{"action", "scale"}, {"replicas", target.replicas}, {"scaledTo", fault.replicas}};
}

Result<void> DeploymentInjector::inject(const Fault& fault, const Target& target) {
  const Result<Deployment> now = api_.get_deployment(ref(target), {});
  if (!now) {
    return nothing_changed(now.error());
  }
  return now->meta.uid == target.key ? change(fault, target, false) : std::unexpected(replaced(target));
}

Result<std::string> DeploymentInjector::prove(const Fault& fault, const Target& target, Patience& patience) {
  const bool restart = fault.kind == FaultKind::kRestart;
  return wait_until_seen(
      patience, restart ? kRestartTimeout : kScaleTimeout, restart ? "the end of the rollout" : "the number of pods",
      [&]() -> Result<std::optional<std::string>> {
        const Result<Deployment> now = api_.get_deployment(ref(target), {});
        if (!now) {
          return std::unexpected(now.error());
        }
        const Result<std::vector<std::string>> pods = pod_names(*now);
        if (!pods) {
          return std::unexpected(pods.error());
        }
        if (!restart) {
          const bool seen = has_settled(*now, fault.replicas) && pods->size() == static_cast<std::size_t>(fault.replicas);
          return seen ? std::optional(fmt::format("Deployment {} has {} pods", target.name, pods->size())) : std::nullopt;
        }
        const bool old_there = std::ranges::any_of(
            *pods, [&](const std::string& pod) { return std::ranges::find(target.pod_names, pod) != target.pod_names.end(); });
        return now->rolled_out() && !old_there
                   ? std::optional(fmt::format("all {} pods of Deployment {} are new and available", pods->size(), target.name))
                   : std::nullopt;
      });
}

Result<std::string> DeploymentInjector::undo(const JournalEntry& planned, Patience& patience) {
  const DeploymentRef deployment{.name_space = planned.name_space, .name = planned.name};
  const int before = planned.undo.value("replicas", 0);
  return wait_until_seen(
      patience, kScaleTimeout, fmt::format("{} Ready pods of Deployment {}", before, planned.name),
      [&]() -> Result<std::optional<std::string>> {
        const Result<Deployment> now = api_.get_deployment(deployment, {});
        if ((!now && now.error().code == ErrorCode::kNotFound) || (now && now->meta.uid != planned.uid)) {
          return fmt::format("Deployment {} with UID {} is gone: nothing to undo", planned.name, planned.uid);
        }
        const Result<kubernetes::Scale> scale = now ? api_.get_scale(deployment, {}) : std::unexpected(now.error());
        if (!scale) {
          return std::unexpected(scale.error());
        }
        if (scale->replicas == before) {
          return has_settled(*now, before) ? std::optional(fmt::format("Deployment {} has {} Ready pods again", planned.name, before))
                                           : std::nullopt;
        }
        if (scale->replicas != planned.undo.value("scaledTo", 0)) {
          return fmt::format("Deployment {} was scaled to {} by somebody else: it is left so", planned.name, scale->replicas);
        }
        const auto scaled = api_.set_scale(deployment, {.replicas = before, .resource_version = scale->resource_version}, {});
        // Its controller may have written between the two calls: that is looked at anew.
        return scaled || scaled.error().code == ErrorCode::kFailedPrecondition ? Result<std::optional<std::string>>(std::nullopt)
                                                                               : std::unexpected(scaled.error());
      });
}

}  // namespace lifecycle::cli::chaos
