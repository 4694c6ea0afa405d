// The flags of `lifecycle chaos`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/chaos/journal.h"
#include "cli/chaos/victims.h"

namespace CLI {
class App;
}

namespace lifecycle::cli::chaos {

enum class ChaosAction : std::uint8_t { kKillPod, kPause, kScale, kRestart, kRecover, kSignalWorker };

struct ChaosOptions {
  ChaosAction action = ChaosAction::kKillPod;
  std::optional<FaultKind> mode;  // kKillPod: kDelete, kEvict or kSigkill; nothing: kDelete for pods, kSigkill for processes
  TargetKind target = TargetKind::kPod;

  // Who may be meant.
  std::string label_selector;
  FleetFilter filter;
  Duration min_age = Duration::zero();
  std::string running_workflow;
  std::string polling;
  std::vector<std::int64_t> pids;
  std::string deployment;  // kScale, kRestart

  // How many of them, and when.
  Limits limits;
  Order order = Order::kRandom;
  std::optional<std::uint64_t> seed;
  std::optional<Duration> interval;
  std::optional<Duration> duration;

  std::optional<std::chrono::seconds> grace_period;
  Duration hold = std::chrono::seconds(30);  // kPause, kScale: until it is undone
  int replicas = 0;                          // kScale
  std::string signal;                        // kSignalWorker

  bool dry_run = false;
  bool yes = false;
  std::optional<bool> wait;  // nothing: on a terminal
  Duration timeout = std::chrono::minutes(2);

  std::string kube_namespace = "workers";
  std::string kube_context;
  std::string kubeconfig;
};

// Adds the subcommands of `chaos`; the one that was given sets `options.action`.
void add_chaos_options(CLI::App& app, ChaosOptions& options);

// The fault that the options ask for.
[[nodiscard]] FaultKind fault_kind(const ChaosOptions& options);

// What flags say together and cannot mean: an eviction of a process, a duration without an interval. Errors: kInvalidArgument.
[[nodiscard]] Result<void> check_options(const ChaosOptions& options);

}  // namespace lifecycle::cli::chaos
