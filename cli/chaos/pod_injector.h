// Faults of workers that run as pods. Every change names the pod's UID: a pod that took its name meanwhile is left alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/chaos/injector.h"
#include "kubernetes/api.h"

namespace lifecycle::cli::chaos {

struct PodScope {
  std::string name_space;
  std::string label_selector;  // beside the opt-in label
  std::string own_pod;         // the pod that this command runs in; empty: none
};

// A pod as a target.
[[nodiscard]] Target target_of(const kubernetes::Pod& pod, const std::string& own_pod);

class PodInjector final : public Injector {
 public:
  // `api` outlives this object.
  PodInjector(kubernetes::Api& api, PodScope scope) : api_(api), scope_(std::move(scope)) {}

  // The pods of the namespace that have the opt-in label.
  [[nodiscard]] Result<std::vector<Target>> find(const std::vector<Poller>& known) override;
  // The server's dry run; for a signal, whether a command may be run in the pod.
  [[nodiscard]] Result<void> rehearse(const Fault& fault, const Target& target) override;
  [[nodiscard]] nlohmann::json undo_record(const Fault& fault, const Target& target) const override;
  [[nodiscard]] Result<void> inject(const Fault& fault, const Target& target) override;
  // A deleted pod is gone; a killed worker's container has ended with exit code 137; a paused process is seen to be stopped.
  [[nodiscard]] Result<std::string> prove(const Fault& fault, const Target& target, Patience& patience) override;
  [[nodiscard]] Result<std::string> undo(const JournalEntry& planned, Patience& patience) override;

 private:
  [[nodiscard]] Result<void> check_same_life(const Target& target);
  [[nodiscard]] Result<void> evict(const Fault& fault, const Target& target, bool dry_run);
  [[nodiscard]] Result<std::string> forbidding_budget(const Target& target);
  [[nodiscard]] Result<std::string> prove_sigkill(const Target& target, Patience& patience);
  // What `lifecycle chaos signal-worker` printed. Errors: kFailedPrecondition with what it said; kDeadlineExceeded when the signal was
  // sent and had no effect in time; kInternal when nothing is known of it.
  [[nodiscard]] Result<std::string> signal(const kubernetes::PodRef& pod, const std::string& container, const std::string& signal);

  kubernetes::Api& api_;
  PodScope scope_;
  std::map<std::string, std::string> signalled_;  // by key: what the signal's effect was
};

}  // namespace lifecycle::cli::chaos
