#include "cli/supervise.h"

#include <fmt/format.h>
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "cli/connection.h"
#include "cli/global_options.h"
#include "cli/worker_settings.h"
#include "rpc/process.h"
#include "worker/last_will_executor.h"

namespace lifecycle::cli {
namespace {

// What a process manager, a shell or an operator sends to make a program do something. SIGCONT also continues this process itself.
constexpr std::array kHandedOn{SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT};

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (const int number : kHandedOn) {
    sigaddset(&set, number);
  }
  return set;
}

// Reaps all that has ended, orphans of others included. The child's status once it is among them.
std::optional<int> reap(pid_t child) {
  std::optional<int> child_status;
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended == child) {
      child_status = status;
    } else if (ended < 0 && errno == EINTR) {
      continue;
    } else if (ended <= 0) {
      return child_status;
    }
  }
}

// What the start has read of the program and its libraries, nearly all of it for connections that this process does not make: it is read
// again if it is needed.
int give_back_code(dl_phdr_info* object, std::size_t /*size*/, void* /*nothing*/) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (const ElfW(Phdr) & segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) {
      continue;
    }
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr + page - 1) / page * page;
    const std::uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz) / page * page;
    if (begin < end) {
      ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
  }
  return 0;
}

ProcessEnd watch(pid_t child) {
  ::dl_iterate_phdr(give_back_code, nullptr);
  const sigset_t awaited = awaited_signals();
  for (;;) {
    const int number = ::sigwaitinfo(&awaited, nullptr);
    if (number == SIGCHLD) {
      if (const std::optional<int> status = reap(child)) {
        return {.process_id = child, .wait_status = *status};
      }
    } else if (number > 0) {
      ::kill(child, number);
    }
  }
}

void become_child(pid_t parent, const sigset_t& mask) {
  // A terminal sends its signals to a whole group: the child would get them from the terminal and from its parent, and a second signal
  // means "at once".
  check(::setpgid(0, 0) == 0, "the worker could not lead a process group");
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "the worker could not be tied to its parent");
  if (::getppid() != parent) {
    ::_exit(to_int(exit_code_for_signal(SIGKILL)));  // the parent died in between
  }
  check(::pthread_sigmask(SIG_SETMASK, &mask, nullptr) == 0, "the signal mask could not be restored");
}

std::string signal_name(int number) {
  const char* short_name = ::sigabbrev_np(number);
  return short_name != nullptr ? fmt::format("SIG{} (signal {})", short_name, number) : fmt::format("signal {}", number);
}

void tell_what_it_left(const worker::LastWillMemory& memory, const ProcessEnd& end, const GlobalOptions& options, const Settings& settings,
                       const ProcessContext& process, const Logger& log) {
  const worker::LastWill will = memory.read();
  log.warn("the worker has ended", {{"pid", std::int64_t{end.process_id}},
                                    {"how", std::string_view(end.description())},
                                    {"unfinished_tasks", static_cast<std::int64_t>(will.tasks.size())}});
  if (will.empty()) {
    return;
  }
  rpc::prepare_process(log);
  Result<worker::WorkerOptions> worker_options = make_worker_options(settings, process.environment, {});
  const Result<std::unique_ptr<Connection>> connection = make_connection(options, process, log);
  if (!worker_options || !connection) {
    log.error("what it was executing is left to time-outs",
              {{"reason", std::string_view(!worker_options ? worker_options.error().message : connection.error().message)}});
    return;
  }
  worker_options->name_space = (*connection)->config.name_space;
  std::optional<worker::LastWillReport> report;
  worker::execute_last_will(*(*connection)->service, (*connection)->loop, will, *worker_options, end.description(),
                            [&report](worker::LastWillReport told) { report = told; });
  (*connection)->loop.run_until([&report] { return report.has_value(); });
  log.write(report->not_told == 0 ? LogLevel::kInfo : LogLevel::kWarn, "told the server what the worker left behind",
            {{"sticky_queue_released", report->sticky_queue_released},
             {"activities_failed", static_cast<std::int64_t>(report->activities_failed)},
             {"workflow_tasks_failed", static_cast<std::int64_t>(report->workflow_tasks_failed)},
             {"already_over", static_cast<std::int64_t>(report->already_over)},
             {"not_told", static_cast<std::int64_t>(report->not_told)}});
}

}  // namespace

ExitCode ProcessEnd::exit_code() const {
  return WIFSIGNALED(wait_status) ? exit_code_for_signal(WTERMSIG(wait_status)) : static_cast<ExitCode>(WEXITSTATUS(wait_status));
}

std::string ProcessEnd::description() const {
  return WIFSIGNALED(wait_status) ? fmt::format("killed by {}", signal_name(WTERMSIG(wait_status)))
                                  : fmt::format("exited with {}", WEXITSTATUS(wait_status));
}

Result<std::optional<ProcessEnd>> run_supervised() {
  check(std::signal(SIGCHLD, SIG_DFL) != SIG_ERR, "SIGCHLD could not be reset");  // whoever started us may have ignored it
  const sigset_t awaited = awaited_signals();
  sigset_t before;
  check(::pthread_sigmask(SIG_BLOCK, &awaited, &before) == 0, "signals could not be blocked");
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("the worker's process cannot be made: {}", std::system_category().message(errno)));
  }
  if (child == 0) {
    become_child(parent, before);
    return std::nullopt;
  }
  return watch(child);
}

Result<Supervision> supervise_if_told(const Settings& settings, const GlobalOptions& options, const ProcessContext& process,
                                      const Logger& log) {
  if (!settings.get<bool>("supervise")) {
    return Supervision{};
  }
  Result<worker::LastWillMemory> made = worker::LastWillMemory::create();
  if (!made) {
    return std::unexpected(std::move(made).error());
  }
  auto memory = std::make_unique<worker::LastWillMemory>(*std::move(made));
  const Result<std::optional<ProcessEnd>> supervised = run_supervised();
  if (!supervised) {
    return std::unexpected(supervised.error());
  }
  if (const std::optional<ProcessEnd>& end = *supervised) {
    if (end->exit_code() != ExitCode::kDone) {
      tell_what_it_left(*memory, *end, options, settings, process, log);
    }
    return Supervision{.ended = end->exit_code(), .memory = nullptr, .last_will = nullptr};
  }
  auto last_will = std::make_unique<worker::LastWillWriter>(*memory);
  return Supervision{.ended = std::nullopt, .memory = std::move(memory), .last_will = std::move(last_will)};
}

}  // namespace lifecycle::cli
