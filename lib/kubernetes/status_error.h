// What the API server's refusals mean, in words. Private to lib/kubernetes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "kubernetes/types.h"

namespace lifecycle::kubernetes {

// What was asked, as an error names it: {"delete", "pods", "workers", "lifecycle-worker-1"}.
struct Operation {
  std::string verb = {};
  std::string resource = {};  // "pods", "deployments/scale"
  std::string name_space = {};
  std::string name = {};
};

// "delete pod workers/lifecycle-worker-1", "list pods in namespace workers"
[[nodiscard]] std::string text_of(const Operation& operation);

struct Refusal {
  int http_status = 0;
  std::string body = {};  // a Status object, or anything that something in front of the server says
};

[[nodiscard]] Error error_of(const Operation& operation, const Refusal& refusal);
// The same for a Status object that came inside of an answer: an ERROR event of a watch, the end of a command.
[[nodiscard]] Error error_of_status(const Operation& operation, const Json& status);

// The seconds of a Retry-After header or of a Status' details.
[[nodiscard]] std::optional<Duration> retry_after_of(std::string_view header, const Json& status);

// The disruption budget that a refused eviction names, and what it says.
struct BudgetRefusal {
  std::string disruption_budget = {};
  std::string reason = {};
};
[[nodiscard]] std::optional<BudgetRefusal> budget_refusal_of(const Json& status);

}  // namespace lifecycle::kubernetes
