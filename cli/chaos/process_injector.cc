#include "cli/chaos/process_injector.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <map>
#include <utility>

#include "cli/chaos/local_process.h"
#include "cli/time_text.h"
#include "cli/worker_identity.h"

namespace lifecycle::cli::chaos {
namespace {

constexpr Duration kProofTimeout = std::chrono::seconds(10);
constexpr std::chrono::seconds kDefaultGracePeriod{30};  // Kubernetes'
// The clock's and the kernel's idea of a process' start differ by less.
constexpr Duration kStartTolerance = std::chrono::seconds(1);

std::optional<std::int64_t> to_pid(std::string_view text) {
  std::int64_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  return error == std::errc() && end == text.data() + text.size() && pid > 0 ? std::optional(pid) : std::nullopt;
}

Target target_of(const ProcessFacts& facts) {
  const Result<ProcessFacts> parent = read_process(facts.parent);
  Target target{.kind = TargetKind::kProcess,
                .key = fmt::format("{}:{}", facts.pid, facts.start_ticks),
                .name = std::to_string(facts.pid),
                .node = host_name(),
                .created = facts.started,
                .pid = facts.pid,
                .start_ticks = facts.start_ticks};
  target.ready = !facts.stopped() && !facts.ended();
  target.supervised = parent && parent->is_lifecycle_worker() && parent->arguments == facts.arguments;
  if (facts.pid == ::getpid()) {
    target.untouchable = "it is this command itself";
  } else if (facts.ended()) {
    target.untouchable = "it has ended";
  }
  return target;
}

void take_identity(Target& target, const std::vector<Poller>& known) {
  if (const Poller* const poller = last_behind(target, known, target.created - kStartTolerance)) {
    target.worker_identity = poller->identity;
    target.version = parse_worker_identity(poller->identity).version;
  }
}

bool is_over(const Target& target) {
  const Result<ProcessFacts> facts = read_process(target.pid);
  return !facts || facts->start_ticks != target.start_ticks || facts->ended();
}

Result<void> send(const Target& target, int signal_number) {
  const Result<ProcessHandle> process = ProcessHandle::open(target.pid, target.start_ticks);
  return process ? process->send(signal_number) : std::unexpected(process.error());
}

std::optional<std::string> if_over(const Target& target, std::string_view how) {
  return is_over(target) ? std::optional(fmt::format("process {} has ended, {}", target.pid, how)) : std::nullopt;
}

std::optional<std::string> if_stopped(const Target& target) {
  const Result<ProcessFacts> facts = read_process(target.pid);
  const bool seen = facts && facts->start_ticks == target.start_ticks && facts->stopped();
  return seen ? std::optional(fmt::format("process {} is stopped (state {})", target.pid, facts->state)) : std::nullopt;
}

}  // namespace

Result<std::vector<Target>> ProcessInjector::find(const std::vector<Poller>& known) {
  std::vector<std::int64_t> pids;
  for (const std::int64_t named : pids_) {
    const Result<ProcessFacts> facts = read_process(named);
    if (!facts && !began_.contains(named)) {
      return std::unexpected(facts.error());
    }
    if (facts && began_.try_emplace(named, facts->start_ticks).first->second == facts->start_ticks) {
      pids.push_back(supervised_worker(*facts).value_or(named));
    }
  }
  const std::string host = host_name();
  for (const Poller& poller : known) {
    const WorkerIdentity identity = parse_worker_identity(poller.identity);
    const std::optional<std::int64_t> pid = to_pid(identity.process);
    if (pids_.empty() && pid && is_behind({.kind = TargetKind::kProcess, .name = identity.process, .node = host}, poller.identity)) {
      pids.push_back(*pid);
    }
  }
  std::ranges::sort(pids);
  pids.erase(std::ranges::unique(pids).begin(), pids.end());
  std::vector<Target> targets;
  for (const std::int64_t pid : pids) {
    const Result<ProcessFacts> facts = read_process(pid);
    if (!facts) {
      continue;  // the server remembers workers that are gone
    }
    Target target = target_of(*facts);
    take_identity(target, known);
    if (pids_.empty() && target.worker_identity.empty()) {
      continue;  // another process that has the id of a worker that is gone
    }
    if (pids_.empty() && !facts->is_lifecycle_worker()) {
      target.untouchable = fmt::format("it runs {}, which is no lifecycle worker: name it with --pid {}", facts->program, pid);
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<void> ProcessInjector::rehearse(const Fault& /*fault*/, const Target& target) { return send(target, 0); }

nlohmann::json ProcessInjector::undo_record(const Fault& fault, const Target& target) const {
  if (fault.kind != FaultKind::kPause) {
    return nlohmann::json::object();
  }
  return {{"action", "continue"}, {"startTicks", target.start_ticks}};
}

Result<void> ProcessInjector::inject(const Fault& fault, const Target& target) {
  switch (fault.kind) {
    case FaultKind::kSigkill:
      return send(target, SIGKILL);
    case FaultKind::kPause:
      return send(target, SIGSTOP);
    case FaultKind::kDelete:
      return send(target, SIGTERM);
    case FaultKind::kEvict:
    case FaultKind::kScale:
    case FaultKind::kRestart:
      break;
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no fault of a process", name_of(fault.kind)));
}

Result<std::string> ProcessInjector::prove(const Fault& fault, const Target& target, Patience& patience) {
  if (fault.kind == FaultKind::kPause) {
    return wait_until_seen(patience, kProofTimeout, "the stopped process",
                           [&]() -> Result<std::optional<std::string>> { return if_stopped(target); });
  }
  if (fault.kind == FaultKind::kSigkill) {
    return wait_until_seen(patience, kProofTimeout, "the process' end",
                           [&]() -> Result<std::optional<std::string>> { return if_over(target, "killed with SIGKILL"); });
  }
  // As a kubelet does it: SIGTERM, and SIGKILL when the grace period is over.
  const std::chrono::seconds grace_period = fault.grace_period.value_or(kDefaultGracePeriod);
  Result<std::string> ended = wait_until_seen(patience, grace_period, "the process' end",
                                              [&]() -> Result<std::optional<std::string>> { return if_over(target, "after SIGTERM"); });
  if (ended || ended.error().code != ErrorCode::kDeadlineExceeded) {
    return ended;
  }
  if (const Result<void> killed = send(target, SIGKILL); !killed && killed.error().code != ErrorCode::kNotFound) {
    return std::unexpected(killed.error());
  }
  return wait_until_seen(patience, kProofTimeout, "the process' end", [&]() -> Result<std::optional<std::string>> {
    return if_over(target, fmt::format("killed with SIGKILL after a grace period of {} s", grace_period.count()));
  });
}

Result<std::string> ProcessInjector::undo(const JournalEntry& planned, Patience& patience) {
  if (planned.node != host_name()) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("process {} is of host {}, this is {}", planned.pid, planned.node, host_name()),
                "run lifecycle chaos recover there");
  }
  const Target target{.kind = TargetKind::kProcess,
                      .name = planned.name,
                      .node = planned.node,
                      .pid = planned.pid,
                      .start_ticks = planned.undo.value("startTicks", std::uint64_t{0})};
  const Result<void> sent = send(target, SIGCONT);
  if (!sent && sent.error().code == ErrorCode::kNotFound) {
    return fmt::format("process {} is gone: nothing to undo", planned.pid);
  }
  if (!sent) {
    return std::unexpected(sent.error());
  }
  return wait_until_seen(patience, kProofTimeout, "the process going on", [&]() -> Result<std::optional<std::string>> {
    if (is_over(target)) {
      return fmt::format("process {} has ended meanwhile: nothing to undo", target.pid);
    }
    return if_stopped(target) ? std::nullopt : std::optional(fmt::format("process {} goes on", target.pid));
  });
}

}  // namespace lifecycle::cli::chaos
