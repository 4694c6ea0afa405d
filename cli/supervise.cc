#include "cli/supervise.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "base/check.h"

namespace lifecycle::cli {
namespace {

// What an operator, a shell or Kubernetes may send. Stopping the parent (SIGTSTP and others) stops the parent alone.
constexpr std::array kForwardedSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

sigset_t supervised_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (const int number : kForwardedSignals) {
    sigaddset(&set, number);
  }
  return set;
}

// Reaps all that have ended. Nothing while `child` lives.
std::optional<int> reap_until(pid_t child) {
  std::optional<int> child_status;
  for (;;) {
    int status = 0;
    const pid_t reaped = ::waitpid(-1, &status, WNOHANG);
    if (reaped == child) {
      child_status = status;
    } else if (reaped <= 0) {
      return child_status;
    }
  }
}

ProcessEnd wait_for_end(pid_t child, const sigset_t& signals) {
  for (;;) {
    siginfo_t info{};
    const int number = ::sigwaitinfo(&signals, &info);
    if (number == SIGCHLD) {
      if (const std::optional<int> status = reap_until(child)) {
        return WIFSIGNALED(*status) ? ProcessEnd{.signal_number = WTERMSIG(*status)} : ProcessEnd{.exit_code = WEXITSTATUS(*status)};
      }
    } else if (number > 0 && info.si_code != SI_KERNEL) {
      // A terminal sends its signals to the whole foreground group (SI_KERNEL): the child has them already.
      ::kill(child, number);
    }
  }
}

void become_child(pid_t parent, const sigset_t& mask_before) {
  check(::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0, "the signal at the parent's death could not be set");
  if (::getppid() != parent) {
    ::raise(SIGTERM);  // it died before it could be watched
  }
  check(::pthread_sigmask(SIG_SETMASK, &mask_before, nullptr) == 0, "the signal mask could not be restored");
}

}  // namespace

std::string ProcessEnd::text() const {
  if (signal_number == 0) {
    return fmt::format("ended with exit code {}", exit_code);
  }
  const char* const name = ::sigabbrev_np(signal_number);
  return name == nullptr ? fmt::format("killed by signal {}", signal_number) : fmt::format("killed by SIG{}", name);
}

ExitCode ProcessEnd::mirrored() const {
  return signal_number == 0 ? static_cast<ExitCode>(exit_code) : exit_code_for_signal(signal_number);
}

Result<std::optional<ProcessEnd>> run_in_child_process() {
  const sigset_t signals = supervised_signals();
  sigset_t mask_before;
  check(::pthread_sigmask(SIG_BLOCK, &signals, &mask_before) == 0, "the supervisor's signals could not be blocked");
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("no process for the supervised worker: {}", std::error_code(errno, std::generic_category()).message()));
  }
  if (child == 0) {
    become_child(parent, mask_before);
    return std::nullopt;
  }
  return wait_for_end(child, signals);
}

}  // namespace lifecycle::cli
