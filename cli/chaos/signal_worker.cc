#include "cli/chaos/signal_worker.h"

#include <fmt/format.h>

#include <csignal>
#include <optional>

#include "cli/chaos/local_process.h"

namespace lifecycle::cli::chaos {
namespace {

constexpr Duration kEffectTimeout = std::chrono::seconds(5);

std::optional<int> number_of(const std::string& signal) {
  return signal == "kill"       ? std::optional(SIGKILL)
         : signal == "stop"     ? std::optional(SIGSTOP)
         : signal == "continue" ? std::optional(SIGCONT)
                                : std::nullopt;
}

bool has_effect(int signal_number, const ProcessFacts& facts) {
  return signal_number == SIGSTOP ? facts.stopped() : signal_number == SIGCONT && !facts.stopped();
}

}  // namespace

Result<SignalledWorker> signal_worker(const std::string& signal, std::int64_t supervisor, Patience& patience) {
  const std::optional<int> number = number_of(signal);
  if (!number) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("signal '{}' is none of kill, stop and continue", signal));
  }
  const Result<ProcessFacts> first = read_process(supervisor);
  const std::optional<std::int64_t> pid = first ? supervised_worker(*first) : std::nullopt;
  const Result<ProcessFacts> worker = pid ? read_process(*pid) : fail(ErrorCode::kNotFound, "");
  if (!worker) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("process {} supervises no worker", supervisor),
                "the container's command must be: lifecycle worker --supervise");
  }
  const Result<ProcessHandle> handle = ProcessHandle::open(*pid, worker->start_ticks);
  if (const Result<void> sent = handle ? handle->send(*number) : std::unexpected(handle.error()); !sent) {
    return std::unexpected(sent.error());
  }
  SignalledWorker signalled{.pid = *pid};
  const Result<std::string> seen =
      wait_until_seen(patience, kEffectTimeout, fmt::format("the effect of {}", signal), [&]() -> Result<std::optional<std::string>> {
        const Result<ProcessFacts> now = read_process(*pid);
        const bool has_ended = !now || now->start_ticks != worker->start_ticks || now->ended();
        signalled.state = has_ended ? 'Z' : now->state;
        if (has_ended && *number != SIGKILL) {
          return fail(ErrorCode::kFailedPrecondition, fmt::format("the worker, process {}, has ended", *pid));
        }
        return has_ended || has_effect(*number, *now) ? std::optional<std::string>("") : std::nullopt;
      });
  return seen ? Result<SignalledWorker>(signalled) : std::unexpected(seen.error());
}

}  // namespace lifecycle::cli::chaos
