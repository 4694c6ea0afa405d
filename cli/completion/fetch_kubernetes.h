// Candidates that a Kubernetes cluster and kubeconfig files know. As those of fetch.h: silent, and within the time.
#pragma once

#include <vector>

#include "base/clock.h"
#include "cli/completion/completion.h"
#include "cli/global_options.h"
#include "kubernetes/api.h"
#include "kubernetes/kubeconfig.h"

namespace lifecycle::cli {

// The source's candidates. The flags --kubeconfig, --kube-context and --kube-namespace that stand before the cursor say which cluster and
// namespace are asked.
[[nodiscard]] std::vector<Candidate> fetch_from_kubernetes(const Completion& completion, const ProcessContext& process, Duration timeout);

// The contexts, the current one marked.
[[nodiscard]] std::vector<Candidate> context_candidates(const kubernetes::Kubeconfig& config);

// The pods of the namespace, with what is known of each.
[[nodiscard]] std::vector<Candidate> pod_candidates(kubernetes::Api& api, const std::string& name_space, Duration timeout);

}  // namespace lifecycle::cli
