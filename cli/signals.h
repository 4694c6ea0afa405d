// SIGINT, SIGTERM and SIGHUP, which stop a command, and SIGUSR1 and SIGUSR2, which change a worker's log level, as events of the loop. They
// are blocked in all threads, and one thread waits for them: a handler that interrupts whatever runs may do next to nothing, and as PID 1
// of a container the kernel would not even deliver a signal without a handler.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/event_loop.h"

namespace lifecycle::cli {

// Blocks the signals for this thread and those that it makes, and ignores SIGPIPE: writing to a pipe without reader is then an error of the
// write. Called once, before the first thread is made.
void block_stop_signals();

class SignalWatch {
 public:
  // Runs `on_signal` with the signal's number on the loop, for each signal. The loop outlives the watch.
  SignalWatch(EventLoop& loop, std::function<void(int)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  std::shared_ptr<std::function<void(int)>> on_signal_;  // tasks that are posted and have not run hold it weakly
  std::thread waiter_;
};

// False for SIGUSR1 and SIGUSR2.
[[nodiscard]] bool is_stop_signal(int signal_number);

// "SIGINT" and so on.
[[nodiscard]] const char* name_of_signal(int signal_number);

}  // namespace lifecycle::cli
