// The verdicts of `lifecycle verify`, as lines and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "verify/verify.h"

namespace lifecycle::cli {

// One run and what came of it.
struct VerifiedRun {
  std::string source;  // the workflow id, or the file
  std::string workflow_id;
  std::string workflow_type;
  std::string run_id;
  std::string status;  // "completed", "open" and so on
  int events = 0;
  verify::Report report;
};

// A line with the verdict, and one below it for each finding, with the rule and the event ids.
[[nodiscard]] std::vector<std::string> lines_of(const VerifiedRun& run);
// {"source", "workflowId", "runId", "workflowType", "status", "events", "verdict", "rules": [{"id", "title", "source", "verdict",
// "findings": [{"verdict", "eventIds", "message"}]}]}.
[[nodiscard]] nlohmann::ordered_json json_of(const VerifiedRun& run);

// Counts over all runs.
struct VerifySummary {
  std::size_t passed = 0;
  std::size_t broken = 0;
  std::size_t unknown = 0;

  void add(verify::Verdict verdict);
  [[nodiscard]] std::size_t all() const { return passed + broken + unknown; }
  [[nodiscard]] verify::Verdict verdict() const;
};

[[nodiscard]] std::string text_of(const VerifySummary& summary);
[[nodiscard]] nlohmann::ordered_json json_of(const VerifySummary& summary);

}  // namespace lifecycle::cli
