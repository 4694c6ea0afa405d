// Faults of workers that run as processes of this machine: no cluster is needed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/chaos/injector.h"

namespace lifecycle::cli::chaos {

class ProcessInjector final : public Injector {
 public:
  // Only these processes, whatever program they run; empty: each `lifecycle worker` that Temporal names.
  explicit ProcessInjector(std::vector<std::int64_t> pids) : pids_(std::move(pids)) {}

  // A process is a worker of this Temporal when Temporal names it, it is of this host, and it was there when it last polled: another one
  // that has the same id now was not. Its supervisor's id means the worker.
  [[nodiscard]] Result<std::vector<Target>> find(const std::vector<Poller>& known) override;
  // Whether it may be signalled.
  [[nodiscard]] Result<void> rehearse(const Fault& fault, const Target& target) override;
  [[nodiscard]] nlohmann::json undo_record(const Fault& fault, const Target& target) const override;
  [[nodiscard]] Result<void> inject(const Fault& fault, const Target& target) override;
  [[nodiscard]] Result<std::string> prove(const Fault& fault, const Target& target, Patience& patience) override;
  [[nodiscard]] Result<std::string> undo(const JournalEntry& planned, Patience& patience) override;

 private:
  std::vector<std::int64_t> pids_;
  // When the kernel's count says that each of them began which was there: one that never was is an error, one that has ended since is not.
  std::map<std::int64_t, std::uint64_t> began_;
};

}  // namespace lifecycle::cli::chaos
