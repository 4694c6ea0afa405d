// Faults of workers that run as processes of this machine: no cluster is needed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/chaos/injector.h"
#include "cli/chaos/temporal_view.h"

namespace lifecycle::cli::chaos {

struct ProcessQuery {
  std::vector<std::int64_t> pids;  // only these, whatever program they run; empty: all `lifecycle worker` that Temporal names
  std::vector<Poller> known;       // the workers that Temporal names
};

class ProcessInjector final : public Injector {
 public:
  // For recovery: finds nothing.
  ProcessInjector() = default;
  explicit ProcessInjector(ProcessQuery query) : query_(std::move(query)) {}

  // A process is a worker of this Temporal when Temporal names it, it is of this host, and it was there when it last polled: another one
  // that has the same id now was not. Its supervisor's id means the worker.
  [[nodiscard]] Result<std::vector<Target>> find() override;
  // Whether it may be signalled.
  [[nodiscard]] Result<void> rehearse(const Fault& fault, const Target& target) override;
  [[nodiscard]] nlohmann::json undo_record(const Fault& fault, const Target& target) const override;
  [[nodiscard]] Result<void> inject(const Fault& fault, const Target& target) override;
  [[nodiscard]] Result<std::string> prove(const Fault& fault, const Target& target, Patience& patience) override;
  [[nodiscard]] Result<std::string> undo(const JournalEntry& planned, Patience& patience) override;

  void set_query(ProcessQuery query) { query_ = std::move(query); }

 private:
  ProcessQuery query_;
};

}  // namespace lifecycle::cli::chaos
