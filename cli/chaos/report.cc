#include "cli/chaos/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "cli/time_text.h"
#include "cli/worker_identity.h"

namespace lifecycle::cli::chaos {
namespace {

using nlohmann::ordered_json;

ordered_json text_or_null(const std::string& text) { return text.empty() ? ordered_json(nullptr) : ordered_json(text); }

ordered_json text_or_null(const std::optional<std::string>& text) { return text_or_null(text.value_or("")); }

ordered_json target_json(const Target& target) {
  return {{"target", name_of(target.kind)},
          {"name", target.name},
          {"namespace", text_or_null(target.name_space)},
          {"uid", text_or_null(target.kind == TargetKind::kProcess ? "" : target.key)},
          {"node", text_or_null(target.node)},
          {"pid", target.pid == 0 ? ordered_json(nullptr) : ordered_json(target.pid)},
          {"version", text_or_null(target.version)},
          {"workerIdentity", text_or_null(target.worker_identity)}};
}

ordered_json work_json(const HeldWork& work) {
  return {{"workflowId", work.workflow_id},     {"runId", work.run_id},           {"workflowType", work.workflow_type},
          {"activityType", work.activity_type}, {"activityId", work.activity_id}, {"attempt", work.attempt}};
}

ordered_json works_json(const std::vector<HeldWork>& works) {
  ordered_json array = ordered_json::array();
  for (const HeldWork& work : works) {
    array.push_back(work_json(work));
  }
  return array;
}

ordered_json recovery_json(const Recovery& recovery) {
  ordered_json document = work_json(recovery.work);
  document["recovery"] = name_of(recovery.kind);
  const bool taken_over = recovery.kind == RecoveryKind::kTakenOver;
  document["takenOverBy"] = taken_over ? ordered_json(recovery.taken_over_by) : nullptr;
  document["takenOverVersion"] = taken_over ? text_or_null(parse_worker_identity(recovery.taken_over_by).version) : nullptr;
  document["takenOverAttempt"] = taken_over ? ordered_json(recovery.attempt) : nullptr;
  document["standstillMillis"] = taken_over ? ordered_json(to_millis(recovery.standstill)) : nullptr;
  document["boundMillis"] = recovery.bound.total ? ordered_json(to_millis(*recovery.bound.total)) : nullptr;
  document["bound"] = recovery.bound.parts;
  return document;
}

std::string bound_text(const RecoveryBound& bound) {
  return bound.total ? fmt::format("bound {}: {}", short_duration(*bound.total), bound.parts) : fmt::format("no bound: {}", bound.parts);
}

std::string recovery_line(const Recovery& recovery) {
  const std::string work = describe(recovery.work);
  switch (recovery.kind) {
    case RecoveryKind::kAwaited:
      return fmt::format("{}: its recovery was not seen ({})", work, bound_text(recovery.bound));
    case RecoveryKind::kTakenOver: {
      const WorkerIdentity by = parse_worker_identity(recovery.taken_over_by);
      const std::string whom = recovery.by_the_victim ? "the victim itself" : by.short_name();
      return fmt::format("{}: taken over by {}{} at attempt {} after a standstill of {} ({})", work, whom,
                         by.version.empty() ? "" : fmt::format(" ({})", by.version), recovery.attempt, short_duration(recovery.standstill),
                         bound_text(recovery.bound));
    }
    case RecoveryKind::kFinishedByVictim:
      return fmt::format("{}: finished by the victim, nobody had to take over", work);
    case RecoveryKind::kGivenUp:
      return fmt::format("{}: LOST with the victim: its retry policy allowed no further attempt", work);
    case RecoveryKind::kCancelled:
      return fmt::format("{}: it was cancelled", work);
    case RecoveryKind::kWorkflowEnded:
      return fmt::format("{}: the workflow has ended", work);
  }
  std::unreachable();
}

}  // namespace

std::string verb_of(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kDelete:
      return "delete";
    case FaultKind::kEvict:
      return "evict";
    case FaultKind::kSigkill:
      return "kill (SIGKILL)";
    case FaultKind::kPause:
      return "pause (SIGSTOP)";
    case FaultKind::kScale:
      return fmt::format("scale to {}", fault.replicas);
    case FaultKind::kRestart:
      return "restart";
  }
  std::unreachable();
}

std::vector<HeldWork> held_by(const Target& target, const std::vector<HeldWork>& held) {
  std::vector<HeldWork> of_target;
  for (const HeldWork& work : held) {
    if (is_behind(target, work.worker_identity)) {
      of_target.push_back(work);
    }
  }
  return of_target;
}

std::vector<std::string> plan_lines(const Fault& fault, std::uint64_t seed, const Choice& choice, const std::vector<HeldWork>& held) {
  std::vector<std::string> lines{fmt::format("{} {} of {} Ready, seed {}{}", verb_of(fault), choice.victims.size(), choice.fleet, seed,
                                             choice.limit.empty() ? "" : fmt::format(" ({})", choice.limit))};
  for (const Target& victim : choice.victims) {
    lines.push_back("   " + describe(victim));
    if (fault.kind == FaultKind::kPause && victim.liveness_patience > Duration::zero()) {
      lines.push_back(
          fmt::format("      its liveness probe lets the kubelet start it anew after some {}", short_duration(victim.liveness_patience)));
    }
    for (const HeldWork& work : held_by(victim, held)) {
      lines.push_back("      executes " + describe(work));
    }
  }
  for (const Spared& spared : choice.spared) {
    lines.push_back(fmt::format("   not {}: {}", spared.name, spared.reason));
  }
  return lines;
}

ordered_json plan_json(const Fault& fault, std::uint64_t seed, const Choice& choice, const std::vector<HeldWork>& held) {
  ordered_json victims = ordered_json::array();
  for (const Target& victim : choice.victims) {
    ordered_json each = target_json(victim);
    each["executes"] = works_json(held_by(victim, held));
    victims.push_back(std::move(each));
  }
  ordered_json spared = ordered_json::array();
  for (const Spared& each : choice.spared) {
    spared.push_back({{"name", each.name}, {"reason", each.reason}});
  }
  return {{"fault", name_of(fault.kind)},
          {"dryRun", true},
          {"seed", seed},
          {"ready", choice.fleet},
          {"eligible", choice.eligible},
          {"limit", text_or_null(choice.limit)},
          {"victims", std::move(victims)},
          {"spared", std::move(spared)}};
}

std::vector<std::string> outcome_lines(const Fault& fault, const FaultOutcome& outcome) {
  std::vector<std::string> lines;
  const std::string what = fmt::format("{} {}", verb_of(fault), describe(outcome.target));
  const std::string why_not = outcome.failure ? outcome.failure->message : "interrupted";
  if (!outcome.injected && outcome.answer_lost) {
    lines.push_back(fmt::format("NOT PROVEN: {}: {}", what, why_not));
    if (!outcome.undo.empty()) {
      lines.push_back(outcome.undone ? fmt::format("UNDONE, if it was done: {}", *outcome.undone) : "NOT UNDONE, if it was done");
    }
    return lines;
  }
  if (!outcome.injected) {
    lines.push_back(fmt::format("NOT DONE: {}: {}", what, why_not));
    return lines;
  }
  lines.push_back(outcome.proof ? fmt::format("PROVEN: {}: {}", what, *outcome.proof) : fmt::format("NOT PROVEN: {}: {}", what, why_not));
  if (outcome.undone) {
    lines.push_back(fmt::format("UNDONE: {}", *outcome.undone));
  } else if (outcome.proof && !outcome.undo.empty() && outcome.failure) {
    lines.push_back(fmt::format("NOT UNDONE: {}", outcome.failure->message));
  }
  if (outcome.watches.empty()) {
    for (const HeldWork& work : outcome.held) {
      lines.push_back("   it was executing " + describe(work));
    }
  }
  for (const RecoveryWatch& watch : outcome.watches) {
    lines.push_back("   " + recovery_line(watch.recovery()));
  }
  return lines;
}

ordered_json outcome_json(const FaultOutcome& outcome) {
  ordered_json document{{"id", outcome.id}};
  document.update(target_json(outcome.target));
  document["injectedTime"] = outcome.injected ? ordered_json(iso_time(outcome.injected_at)) : nullptr;
  document["proof"] = text_or_null(outcome.proof);
  document["undone"] = text_or_null(outcome.undone);
  document["failure"] = outcome.failure ? ordered_json(outcome.failure->message) : nullptr;
  ordered_json executing = ordered_json::array();
  if (outcome.watches.empty()) {
    executing = works_json(outcome.held);
  }
  for (const RecoveryWatch& watch : outcome.watches) {
    executing.push_back(recovery_json(watch.recovery()));
  }
  document["executing"] = std::move(executing);
  return document;
}

}  // namespace lifecycle::cli::chaos
