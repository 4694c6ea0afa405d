#include "cli/chaos/pod_injector.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/duration.h"
#include "cli/chaos/victims.h"
#include "cli/exit_code.h"
#include "cli/worker_identity.h"
#include "kubernetes/json_access.h"

namespace lifecycle::cli::chaos {
namespace {

using kubernetes::ContainerStatus;
using kubernetes::ContainerTermination;
using kubernetes::Pod;
using kubernetes::PodRef;

constexpr std::string_view kWorkerContainer = "worker";
constexpr std::int32_t kKilledExitCode = 137;
constexpr std::chrono::seconds kDefaultGracePeriod{30};
constexpr Duration kAfterGracePeriod = std::chrono::seconds(60);
constexpr std::string_view kBackOff = "CrashLoopBackOff";
constexpr Duration kSigkillProofTimeout = std::chrono::seconds(60);
constexpr Duration kContinueTimeout = std::chrono::seconds(60);
constexpr std::string_view kOutOfMemory = "OOMKilled";

PodRef ref(const Target& target) { return {.name_space = target.name_space, .name = target.name, .uid = target.key}; }

std::string label(const kubernetes::Labels& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? "" : found->second;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}

// A Deployment owns its pods through a ReplicaSet, whose name is the Deployment's and the hash of the pods' template.
std::string owner_of(const Pod& pod) {
  const kubernetes::OwnerReference* const owner = pod.meta.controller();
  if (owner == nullptr) {
    return "";
  }
  const std::string hash = label(pod.meta.labels, "pod-template-hash");
  if (owner->kind == "ReplicaSet" && !hash.empty() && owner->name.ends_with("-" + hash)) {
    return "deployment/" + owner->name.substr(0, owner->name.size() - hash.size() - 1);
  }
  return lower(owner->kind) + "/" + owner->name;
}

std::string version_of(const kubernetes::Labels& labels) {
  for (const char* name : {"version", "temporal.io/build-id", "app.kubernetes.io/version"}) {
    if (std::string value = label(labels, name); !value.empty()) {
      return value;
    }
  }
  return "";
}

const ContainerStatus* worker_container(const Pod& pod) {
  const ContainerStatus* const named = pod.container(kWorkerContainer);
  return named != nullptr || pod.containers.empty() ? named : &pod.containers.front();
}

// How the container ended that ran when the target was chosen; nothing: it runs still.
const ContainerTermination* termination(const ContainerStatus& container, const Target& target) {
  if (container.terminated) {
    return &*container.terminated;
  }
  const bool started_again = container.restart_count > target.restart_count;
  const bool about_to_be = container.last_state && container.last_state->finished_at != target.last_end;
  return container.last_state && (started_again || about_to_be) ? &*container.last_state : nullptr;
}

bool is_gone(const Error& error) { return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kFailedPrecondition; }

Duration grace_period_of(const Pod& pod, const Fault& fault) {
  if (fault.grace_period) {
    return *fault.grace_period;
  }
  const auto spec = pod.raw.find("spec");
  return std::chrono::seconds(spec != pod.raw.end() && spec->is_object()
                                  ? spec->value("terminationGracePeriodSeconds", kDefaultGracePeriod.count())
                                  : kDefaultGracePeriod.count());
}

// Kubernetes' defaults where the probe says nothing.
Duration liveness_patience_of(const Pod& pod, const std::string& container) {
  for (const kubernetes::Json& each : kubernetes::items_at(kubernetes::child(pod.raw, "spec"), "containers")) {
    const kubernetes::Json& probe = kubernetes::child(each, "livenessProbe");
    if (kubernetes::text_at(each, "name") == container && probe.is_object()) {
      return std::chrono::seconds(kubernetes::integer_at<int>(probe, "periodSeconds", 10) *
                                  kubernetes::integer_at<int>(probe, "failureThreshold", 3));
    }
  }
  return Duration::zero();
}

}  // namespace

Target target_of(const Pod& pod, const std::string& own_pod) {
  Target target{.kind = TargetKind::kPod,
                .key = pod.meta.uid,
                .name = pod.meta.name,
                .name_space = pod.meta.name_space,
                .node = pod.node,
                .version = version_of(pod.meta.labels),
                .owner = owner_of(pod),
                .labels = pod.meta.labels,
                .created = pod.meta.creation_time.value_or(WallTime()),
                .ready = pod.ready && pod.phase == "Running"};
  if (pod.meta.deletion_time) {
    target.untouchable = "it is being deleted";
    target.ready = false;
  } else if (!own_pod.empty() && pod.meta.name == own_pod) {
    target.untouchable = "this command runs in it";
  }
  if (const ContainerStatus* const container = worker_container(pod)) {
    target.container = container->name;
    target.restart_count = container->restart_count;
    target.last_end = container->last_state ? container->last_state->finished_at : std::nullopt;
    target.liveness_patience = liveness_patience_of(pod, container->name);
    target.supervised = true;  // or the signal reaches nobody, and there is no fault to recover from
  }
  return target;
}

Result<std::vector<Target>> PodInjector::find(const std::vector<Poller>& known) {
  std::string selector = fmt::format("{}=true", kOptInLabel);
  if (!scope_.label_selector.empty()) {
    selector += "," + scope_.label_selector;
  }
  const Result<kubernetes::PodList> list = api_.list_pods({.name_space = scope_.name_space, .label_selector = selector}, {});
  if (!list) {
    return std::unexpected(list.error());
  }
  std::vector<Target> targets;
  for (const Pod& pod : list->pods) {
    Target target = target_of(pod, scope_.own_pod);
    if (const Poller* const poller = last_behind(target, known, target.created)) {
      target.worker_identity = poller->identity;
      target.version = target.version.empty() ? parse_worker_identity(poller->identity).version : target.version;
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<void> PodInjector::rehearse(const Fault& fault, const Target& target) {
  if (fault.kind == FaultKind::kDelete) {
    return api_.delete_pod(ref(target), {.grace_period = fault.grace_period, .dry_run = true}, {});
  }
  if (fault.kind == FaultKind::kEvict) {
    return evict(fault, target, true);
  }
  const Result<kubernetes::AccessAnswer> may =
      api_.may({.verb = "create", .resource = "pods", .subresource = "exec", .name_space = target.name_space, .name = target.name}, {});
  if (!may) {
    return std::unexpected(may.error());
  }
  return may->allowed ? Result<void>{}
                      : fail(ErrorCode::kPermissionDenied,
                             fmt::format("a command may not be run in pod {}: {}", target.name,
                                         may->reason.empty() ? "create pods/exec is not allowed" : may->reason),
                             "k8s/09-client.yaml has the rights, in tiers");
}

nlohmann::json PodInjector::undo_record(const Fault& fault, const Target& target) const {
  if (fault.kind != FaultKind::kPause) {
    return nlohmann::json::object();
  }
  return {{"action", "continue"}, {"container", target.container}, {"restartCount", target.restart_count}};
}

Result<void> PodInjector::inject(const Fault& fault, const Target& target) {
  switch (fault.kind) {
    case FaultKind::kDelete:
      return api_.delete_pod(ref(target), {.grace_period = fault.grace_period}, {});
    case FaultKind::kEvict:
      return evict(fault, target, false);
    case FaultKind::kSigkill:
    case FaultKind::kPause: {
      if (const Result<void> same = check_same_life(target); !same) {
        return same;
      }
      Result<std::string> effect = signal(ref(target), target.container, fault.kind == FaultKind::kPause ? "stop" : "kill");
      if (!effect) {
        return std::unexpected(std::move(effect).error());
      }
      signalled_[target.key] = *std::move(effect);
      return {};
    }
    case FaultKind::kScale:
    case FaultKind::kRestart:
      break;
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no fault of a pod", name_of(fault.kind)));
}

// A container that was started again since it was chosen would lend its first end to a fault that comes after it.
Result<void> PodInjector::check_same_life(const Target& target) {
  const Result<Pod> now = api_.get_pod(ref(target), {});
  if (!now) {
    return nothing_changed(now.error());
  }
  const ContainerStatus* const container = now->container(target.container);
  return container == nullptr || container->restart_count == target.restart_count
             ? Result<void>{}
             : fail(ErrorCode::kFailedPrecondition,
                    fmt::format("container {} of pod {} was started again meanwhile", target.container, target.name),
                    "nothing was changed; try again");
}

Result<void> PodInjector::evict(const Fault& fault, const Target& target, bool dry_run) {
  const Result<kubernetes::EvictionOutcome> outcome =
      api_.evict_pod(ref(target), {.grace_period = fault.grace_period, .dry_run = dry_run}, {});
  if (!outcome) {
    return std::unexpected(outcome.error());
  }
  if (outcome->evicted) {
    return {};
  }
  std::string budget = outcome->disruption_budget;
  if (budget.empty()) {
    budget = forbidding_budget(target).value_or("");
  }
  const std::string later =
      outcome->retry_after ? fmt::format("; it may be tried again after {}", format_duration(*outcome->retry_after)) : "";
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("PodDisruptionBudget '{}' forbids the eviction of pod {}: {}", budget.empty() ? "?" : budget, target.name,
                          outcome->reason),
              fmt::format("more Ready pods let it be evicted{}; --mode delete asks no budget", later));
}

Result<std::string> PodInjector::forbidding_budget(const Target& target) {
  const auto budgets = api_.list_pod_disruption_budgets(target.name_space, {});
  if (!budgets) {
    return std::unexpected(budgets.error());
  }
  for (const kubernetes::PodDisruptionBudget& budget : *budgets) {
    if (budget.selects_nothing || budget.disruptions_allowed > 0) {
      continue;
    }
    const auto pods = api_.list_pods({.name_space = target.name_space, .label_selector = budget.label_selector}, {});
    if (pods && std::ranges::any_of(pods->pods, [&](const Pod& pod) { return pod.meta.uid == target.key; })) {
      return budget.meta.name;
    }
  }
  return "";
}

Result<std::string> PodInjector::signal(const PodRef& pod, const std::string& container, const std::string& signal) {
  const Result<kubernetes::ExecOutcome> outcome =
      api_.exec({.pod = pod, .container = container, .command = {"lifecycle", "chaos", "signal-worker", signal}}, {});
  if (!outcome) {
    return std::unexpected(outcome.error());
  }
  // What kills the worker ends its container, and the command with it: how that ended says nothing.
  const bool torn_down = !outcome->exit_code || *outcome->exit_code == kKilledExitCode;
  if (outcome->exit_code == 0 || (signal == "kill" && torn_down)) {
    std::string printed = outcome->standard_output;
    printed.erase(printed.find_last_not_of('\n') + 1);
    return printed;
  }
  if (torn_down) {
    return fail(ErrorCode::kInternal, fmt::format("the command that sends signal '{}' in pod {} ended without an answer", signal, pod.name),
                "its container may have ended");
  }
  std::string said = outcome->standard_error;
  std::ranges::replace(said, '\n', ' ');
  if (*outcome->exit_code == to_int(ExitCode::kTimedOut)) {
    return fail(ErrorCode::kDeadlineExceeded, fmt::format("signal '{}' was sent to the worker in pod {}: {}", signal, pod.name, said));
  }
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("signal '{}' did not reach the worker in pod {}: {}", signal, pod.name,
                          said.empty() ? "the command ended with " + std::to_string(*outcome->exit_code) : said),
              "its container must run: lifecycle worker --supervise");
}

Result<std::string> PodInjector::prove(const Fault& fault, const Target& target, Patience& patience) {
  if (fault.kind == FaultKind::kPause) {
    return fmt::format("the worker in pod {} is stopped: {}", target.name, signalled_[target.key]);
  }
  if (fault.kind == FaultKind::kSigkill) {
    return prove_sigkill(target, patience);
  }
  const Result<Pod> pod = api_.get_pod(ref(target), {});
  const Duration timeout = (pod ? grace_period_of(*pod, fault) : Duration::zero()) + kAfterGracePeriod;
  return wait_until_seen(patience, timeout, "the pod's end", [&]() -> Result<std::optional<std::string>> {
    const Result<Pod> now = api_.get_pod(ref(target), {});
    if (!now && is_gone(now.error())) {
      return fmt::format("the pod with UID {} is gone", target.key);
    }
    return now ? Result<std::optional<std::string>>(std::nullopt) : std::unexpected(now.error());
  });
}

Result<std::string> PodInjector::prove_sigkill(const Target& target, Patience& patience) {
  std::string killed;  // the exit code is proof enough where the next start is held up
  Result<std::string> restarted = wait_until_seen(
      patience, kSigkillProofTimeout, fmt::format("exit code {} of container {}", kKilledExitCode, target.container),
      [&]() -> Result<std::optional<std::string>> {
        const Result<Pod> pod = api_.get_pod(ref(target), {});
        if (!pod) {
          return std::unexpected(pod.error());
        }
        const ContainerStatus* const container = pod->container(target.container);
        const ContainerTermination* const end = container == nullptr ? nullptr : termination(*container, target);
        if (end == nullptr) {
          return std::nullopt;
        }
        if (end->exit_code != kKilledExitCode) {
          return fail(ErrorCode::kFailedPrecondition,
                      fmt::format("container {} ended with exit code {}, not with {}", target.container, end->exit_code, kKilledExitCode));
        }
        if (end->reason == kOutOfMemory) {
          return fail(ErrorCode::kFailedPrecondition,
                      fmt::format("container {} was killed by the kernel for its memory: {}", target.container, kOutOfMemory));
        }
        killed = fmt::format("container {} ended with exit code {}", target.container, kKilledExitCode);
        if (container->restart_count > target.restart_count) {
          return fmt::format("{} and was started again (restart {})", killed, container->restart_count);
        }
        // The back-off of a container that ended often lasts for minutes.
        return container->waiting_reason == kBackOff ? std::optional(fmt::format("{}; it waits to be started again ({})", killed, kBackOff))
                                                     : std::nullopt;
      });
  return !restarted && !killed.empty() ? killed + "; it was not started again yet" : restarted;
}

Result<std::string> PodInjector::undo(const JournalEntry& planned, Patience& patience) {
  const PodRef pod{.name_space = planned.name_space, .name = planned.name, .uid = planned.uid};
  const std::string container = planned.undo.value("container", "");
  return wait_until_seen(patience, kContinueTimeout, "the worker going on", [&]() -> Result<std::optional<std::string>> {
    const Result<Pod> now = api_.get_pod(pod, {});
    if (!now && is_gone(now.error())) {
      return fmt::format("pod {} with UID {} is gone: nothing to undo", planned.name, planned.uid);
    }
    if (!now) {
      return std::unexpected(now.error());
    }
    // Whatever the count of restarts says, which may lag: no signal does harm, and a missing one would.
    const Result<std::string> effect = signal(pod, container, "continue");
    if (effect) {
      return fmt::format("the worker in pod {} goes on: {}", planned.name, *effect);
    }
    const ContainerStatus* const status = now->container(container);
    const bool restarted = status != nullptr && status->restart_count > planned.undo.value("restartCount", 0);
    return restarted ? Result<std::optional<std::string>>(
                           fmt::format("container {} of pod {} was started again meanwhile: nothing to undo", container, planned.name))
                     : std::unexpected(effect.error());
  });
}

}  // namespace lifecycle::cli::chaos
