#include "cli/chaos/chaos_options.h"

#include <fmt/format.h>

#include <utility>

#include "cli/flags.h"

namespace lifecycle::cli::chaos {
namespace {

void add_selection(CLI::App& app, ChaosOptions& options) {
  const char* const group = "Who may be meant (all of it must be true)";
  add_choice<TargetKind>(app, "--target", options.target, {{"pod", TargetKind::kPod}, {"process", TargetKind::kProcess}},
                         "pods of a cluster, or workers that run as processes of this machine [pod]")
      ->group(group);
  app.add_option("-l,--selector", options.label_selector,
                 fmt::format("pods with these labels, as kubectl has them; {}=true is always needed", kOptInLabel))
      ->group(group);
  app.add_option("--name", options.filter.names, "pods of this name; * stands for any text")->expected(1)->take_all()->group(group);
  app.add_option("--owner", options.filter.owner, "pods of this owner: deployment/NAME, statefulset/NAME, or NAME")->group(group);
  app.add_option("--worker-version", options.filter.version, "workers of this version")->group(group);
  app.add_option("--node", options.filter.node, "pods on this node")->group(group);
  add_duration(app, "--min-age", options.min_age, "only what is at least this old")->group(group);
  app.add_option("--running-workflow", options.running_workflow, "the worker that executes this workflow's current activity")
      ->type_name("WORKFLOW_ID")
      ->group(group);
  app.add_option("--polling", options.polling, "workers that poll this task queue")->type_name("TASK_QUEUE")->group(group);
  app.add_option("--pid", options.pids, "process with this id, whatever program it runs; with --target process")
      ->expected(1)
      ->take_all()
      ->check(CLI::PositiveNumber)
      ->group(group);
}

void add_limits(CLI::App& app, ChaosOptions& options) {
  const char* const group = "How many, and which first";
  app.add_option("--count", options.limits.count, "how many at once [1]")->check(CLI::PositiveNumber)->group(group);
  app.add_option("--max-percent", options.limits.max_percent, "at most this share of those that are Ready, rounded down")
      ->check(CLI::Range(0, 100))
      ->group(group);
  app.add_option("--min-remaining", options.limits.min_remaining, "so many that are Ready must be left [0]")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  add_choice<Order>(app, "--order", options.order, {{"random", Order::kRandom}, {"oldest", Order::kOldest}, {"newest", Order::kNewest}},
                    "which first [random]")
      ->group(group);
  app.add_option("--seed", options.seed, "the same seed and the same pods give the same victims [random, and told]")->group(group);
  add_duration(app, "--interval", options.interval, "go on and hit others, this long after the last time; nobody is hit twice")
      ->group(group);
  add_duration(app, "--duration", options.duration, "end after this time; with --interval [until interrupted]")->group(group);
}

void add_manner(CLI::App& app, ChaosOptions& options) {
  app.add_flag("--dry-run", options.dry_run, "show the plan, let the API server check it, and change nothing");
  app.add_flag("-y,--yes", options.yes, "do not ask");
  app.add_flag_function(
      "--wait,!--no-wait", [&options](std::int64_t count) { options.wait = count > 0; },
      "follow the recovery: who took over, at which attempt, and how long the workflow stood still [on a terminal]");
  add_duration(app, "--timeout", options.timeout, "how long to wait for the recovery, with exit code 124 after it [2m]");
}

void add_kubernetes(CLI::App& app, ChaosOptions& options) {
  const char* const group = "Kubernetes";
  app.add_option("--kube-namespace", options.kube_namespace, "Kubernetes namespace [workers]")->group(group);
  app.add_option("--kube-context", options.kube_context, "context of the kubeconfig file [its current one]")->group(group);
  app.add_option("--kubeconfig", options.kubeconfig, "kubeconfig file [KUBECONFIG, else ~/.kube/config, else the pod's service account]")
      ->group(group);
}

CLI::App* add_action(CLI::App& app, ChaosOptions& options, const char* name, const char* help, ChaosAction action) {
  CLI::App* const subcommand = app.add_subcommand(name, help);
  subcommand->callback([&options, action] { options.action = action; });
  return subcommand;
}

void add_kill_pod(CLI::App& app, ChaosOptions& options) {
  CLI::App* const kill =
      add_action(app, options, "kill-pod", "kill one worker, or several: a pod, or a process of this machine", ChaosAction::kKillPod);
  add_choice<std::optional<FaultKind>>(*kill, "--mode", options.mode,
                                       {{"delete", FaultKind::kDelete}, {"evict", FaultKind::kEvict}, {"sigkill", FaultKind::kSigkill}},
                                       "delete: SIGTERM, and SIGKILL after the grace period; evict: the same, if no PodDisruptionBudget "
                                       "forbids it; sigkill: at once, proven by "
                                       "exit code 137 [pod: delete; process: sigkill]");
  kill->add_option_function<int>(
          "--grace-period", [&options](int seconds) { options.grace_period = std::chrono::seconds(seconds); },
          "seconds from SIGTERM to SIGKILL, for delete and evict [the pod's own; process: 30]")
      ->check(CLI::NonNegativeNumber)
      ->type_name("SECONDS");
  add_selection(*kill, options);
  add_limits(*kill, options);
  add_manner(*kill, options);
  add_kubernetes(*kill, options);
}

void add_deployment_actions(CLI::App& app, ChaosOptions& options) {
  CLI::App* const scale =
      add_action(app, options, "scale", "change how many pods a Deployment has, and change it back", ChaosAction::kScale);
  scale->add_option("--replicas", options.replicas, "so many pods [0]")->check(CLI::NonNegativeNumber);
  add_duration(*scale, "--for", options.hold, "until it is changed back [30s]");
  CLI::App* const restart =
      add_action(app, options, "restart", "replace all pods of a Deployment, as kubectl rollout restart does", ChaosAction::kRestart);
  for (CLI::App* const subcommand : {scale, restart}) {
    subcommand->add_option("deployment", options.deployment, "name of the Deployment")->required();
    add_manner(*subcommand, options);
    add_kubernetes(*subcommand, options);
  }
}

}  // namespace

void add_chaos_options(CLI::App& app, ChaosOptions& options) {
  app.require_subcommand(1);
  add_kill_pod(app, options);
  CLI::App* const pause = add_action(app, options, "pause", "freeze workers (SIGSTOP), and let them go on (SIGCONT)", ChaosAction::kPause);
  add_duration(*pause, "--for", options.hold, "how long they stand still [30s]");
  add_selection(*pause, options);
  add_limits(*pause, options);
  add_manner(*pause, options);
  add_kubernetes(*pause, options);
  add_deployment_actions(app, options);
  CLI::App* const recover =
      add_action(app, options, "recover", "undo what a chaos command left behind that was killed itself", ChaosAction::kRecover);
  add_kubernetes(*recover, options);
  CLI::App* const signal = add_action(app, options, "signal-worker", "", ChaosAction::kSignalWorker);
  signal->add_option("signal", options.signal)->required();
  signal->group("");  // not shown: it is what the others run inside of a pod
}

FaultKind fault_kind(const ChaosOptions& options) {
  switch (options.action) {
    case ChaosAction::kPause:
      return FaultKind::kPause;
    case ChaosAction::kScale:
      return FaultKind::kScale;
    case ChaosAction::kRestart:
      return FaultKind::kRestart;
    case ChaosAction::kKillPod:
    case ChaosAction::kRecover:
    case ChaosAction::kSignalWorker:
      break;
  }
  return options.mode.value_or(options.target == TargetKind::kProcess ? FaultKind::kSigkill : FaultKind::kDelete);
}

Result<void> check_options(const ChaosOptions& options) {
  const bool processes = options.target == TargetKind::kProcess;
  if (processes && options.mode == FaultKind::kEvict) {
    return fail(ErrorCode::kInvalidArgument, "a process cannot be evicted", "--mode delete sends SIGTERM, --mode sigkill SIGKILL");
  }
  if (!processes && !options.pids.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--pid names a process, and pods are meant", "add --target process");
  }
  if (processes && (!options.label_selector.empty() || !options.filter.owner.empty() || !options.filter.node.empty())) {
    return fail(ErrorCode::kInvalidArgument, "a process has no labels, no owner and no node",
                "--pid, --running-workflow, --polling and --worker-version choose among processes");
  }
  if (options.duration && !options.interval) {
    return fail(ErrorCode::kInvalidArgument, "--duration says how long to go on, and nothing is repeated", "add --interval");
  }
  if (is_protected_namespace(options.kube_namespace)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("Kubernetes namespace '{}' is protected: nothing is hit there", options.kube_namespace));
  }
  return {};
}

}  // namespace lifecycle::cli::chaos
