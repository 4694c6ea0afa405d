// Processes of this machine, as /proc tells of them, and signals that never reach another process that got the same id meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace lifecycle::cli::chaos {

struct ProcessFacts {
  std::int64_t pid = 0;
  std::int64_t parent = 0;
  char state = '?';               // of /proc/PID/stat: R and S run, T is stopped, Z has ended and is not reaped
  std::uint64_t start_ticks = 0;  // since the machine's start
  WallTime started;               // to a hundredth of a second
  std::string program;            // the file that it runs, without its folder
  std::vector<std::string> arguments;

  [[nodiscard]] bool stopped() const { return state == 'T' || state == 't'; }
  [[nodiscard]] bool ended() const { return state == 'Z' || state == 'X'; }
  // Runs `lifecycle worker`: the worker itself, or the small parent that supervises it.
  [[nodiscard]] bool is_lifecycle_worker() const;
};

// Errors: kNotFound.
[[nodiscard]] Result<ProcessFacts> read_process(std::int64_t pid);
[[nodiscard]] std::vector<std::int64_t> children_of(std::int64_t pid);
// The worker that this process supervises; nothing when it supervises none.
[[nodiscard]] std::optional<std::int64_t> supervised_worker(const ProcessFacts& process);

// One life of a process: a process that gets its id later is not meant.
class ProcessHandle {
 public:
  // Errors: kNotFound when that life is over.
  [[nodiscard]] static Result<ProcessHandle> open(std::int64_t pid, std::uint64_t start_ticks);
  ProcessHandle(ProcessHandle&& other) noexcept;
  ProcessHandle& operator=(ProcessHandle&& other) = delete;
  ~ProcessHandle();

  // Errors: kNotFound when it has ended, kPermissionDenied.
  [[nodiscard]] Result<void> send(int signal_number) const;

 private:
  ProcessHandle(std::int64_t pid, int descriptor) : pid_(pid), descriptor_(descriptor) {}

  std::int64_t pid_;
  int descriptor_;
};

[[nodiscard]] std::string host_name();

}  // namespace lifecycle::cli::chaos
