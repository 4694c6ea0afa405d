// Faults of a whole Deployment: another number of pods, or all of them new.
#pragma once

#include <string>
#include <vector>

#include "cli/chaos/injector.h"
#include "kubernetes/api.h"

namespace lifecycle::cli::chaos {

class DeploymentInjector final : public Injector {
 public:
  // `api` outlives this object.
  DeploymentInjector(kubernetes::Api& api, kubernetes::DeploymentRef deployment) : api_(api), deployment_(std::move(deployment)) {}

  // The one Deployment; its pods' template must have the opt-in label, and no controller may manage it.
  [[nodiscard]] Result<std::vector<Target>> find(const std::vector<Poller>& known) override;
  // The server's dry run. kFailedPrecondition, as of inject(), when an autoscaler decides what was to be scaled.
  [[nodiscard]] Result<void> rehearse(const Fault& fault, const Target& target) override;
  [[nodiscard]] nlohmann::json undo_record(const Fault& fault, const Target& target) const override;
  [[nodiscard]] Result<void> inject(const Fault& fault, const Target& target) override;
  // There are as many pods as was asked for; after a restart all are new and available.
  [[nodiscard]] Result<std::string> prove(const Fault& fault, const Target& target, Patience& patience) override;
  // A Deployment that somebody has scaled to yet another number since is left as it is.
  [[nodiscard]] Result<std::string> undo(const JournalEntry& planned, Patience& patience) override;

 private:
  [[nodiscard]] Result<void> change(const Fault& fault, const Target& target, bool dry_run);
  [[nodiscard]] Result<void> check_no_autoscaler(const Target& target);
  [[nodiscard]] Result<std::vector<std::string>> pod_names(const kubernetes::Deployment& deployment);

  kubernetes::Api& api_;
  kubernetes::DeploymentRef deployment_;
};

}  // namespace lifecycle::cli::chaos
