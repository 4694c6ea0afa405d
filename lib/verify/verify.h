// Did a run keep what Temporal promises? Rules over its history, and over what is known to have been done to its workers. Pure: nothing is
// asked of any server.
//
//   const Report report = verify({.history = index}, general_rules());
//   report.verdict()   // pass, broken with event ids, or unknown with what is missing
//
// The rules here hold for every workflow of every type, served by any SDK. Whoever knows more of a workflow adds rules of his own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "verify/history_index.h"

namespace lifecycle::verify {

enum class Verdict : std::uint8_t {
  kPass,
  kBroken,         // seen, with the events that show it
  kUnknown,        // what would tell is missing
  kNotApplicable,  // the rule has nothing to say about this run; a report is never that
};

// "pass", "broken", "unknown", "not_applicable".
[[nodiscard]] std::string_view name_of(Verdict verdict);

// A fault's clock is that of the tool that made it, history's is the server's.
inline constexpr Duration kClocksApartMax = std::chrono::seconds(1);

// A fault that was done to a worker of the run.
struct Fault {
  std::string id;
  WallTime time;                // when it was seen to have happened, or was to happen
  std::string worker_identity;  // empty: not known
  bool is_kill = false;         // the process was gone at once, without a chance to end anything
  bool proven = false;
};

// What is known of one run. The references outlive the call.
struct Evidence {
  const HistoryIndex& history;
  bool has_journal = false;
  std::span<const Fault> faults = {};  // of this run; only with a journal
};

struct Finding {
  Verdict verdict = Verdict::kBroken;  // or kUnknown
  std::vector<std::int64_t> event_ids;
  std::string message;
};

// Collects what one rule finds.
class Findings {
 public:
  void broken(std::vector<std::int64_t> event_ids, std::string message);
  void unknown(std::string message, std::vector<std::int64_t> event_ids = {});
  // The rule has nothing to say here.
  void not_applicable() { applies_ = false; }

  [[nodiscard]] bool applies() const { return applies_; }
  [[nodiscard]] std::vector<Finding> take() && { return std::move(all_); }

 private:
  std::vector<Finding> all_;
  bool applies_ = true;
};

struct Rule {
  std::string_view id;      // "ends-once"
  std::string_view title;   // what holds
  std::string_view source;  // from what it is read: "history", "history and journal"
  void (*check)(const Evidence& evidence, Findings& findings) = nullptr;
};

// The rules for workflows of every type.
[[nodiscard]] std::span<const Rule> general_rules();

struct RuleReport {
  Rule rule;
  Verdict verdict = Verdict::kPass;
  std::vector<Finding> findings;  // the broken ones first
};

struct Report {
  std::vector<RuleReport> rules;

  // Broken outweighs unknown, unknown outweighs pass.
  [[nodiscard]] Verdict verdict() const;
  [[nodiscard]] std::size_t count(Verdict verdict) const;
};

// A history that does not begin at its beginning, because retention or a page's end cut it, leaves all of them unknown.
[[nodiscard]] Report verify(const Evidence& evidence, std::span<const Rule> rules);

}  // namespace lifecycle::verify
