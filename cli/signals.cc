#include "cli/signals.h"

#include <pthread.h>

#include <csignal>

#include "base/check.h"

namespace lifecycle::cli {
namespace {

// Wakes the waiting thread so that it can end; nothing else sends it.
int wake_up_signal() { return SIGRTMIN; }  // known at run time only

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, wake_up_signal()}) {
    sigaddset(&set, number);
  }
  return set;
}

}  // namespace

void block_stop_signals() {
  const sigset_t set = watched_signals();
  check(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0, "the stop signals could not be blocked");
  check(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR, "SIGPIPE could not be ignored");
}

SignalWatch::SignalWatch(EventLoop& loop, std::function<void(int)> on_signal)
    : on_signal_(std::make_shared<std::function<void(int)>>(std::move(on_signal))) {
  waiter_ = std::thread([&loop, on_signal_weak = std::weak_ptr(on_signal_)] {
    const sigset_t set = watched_signals();
    for (;;) {
      int number = 0;
      if (sigwait(&set, &number) != 0) {
        continue;
      }
      if (number == wake_up_signal()) {
        return;
      }
      loop.post([number, on_signal_weak] {
        if (const auto handler = on_signal_weak.lock()) {
          (*handler)(number);
        }
      });
    }
  });
}

SignalWatch::~SignalWatch() {
  pthread_kill(waiter_.native_handle(), wake_up_signal());
  waiter_.join();
}

bool is_stop_signal(int signal_number) { return signal_number != SIGUSR1 && signal_number != SIGUSR2; }

const char* name_of_signal(int signal_number) {
  switch (signal_number) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGUSR2:
      return "SIGUSR2";
    default:
      return "a signal";
  }
}

}  // namespace lifecycle::cli
