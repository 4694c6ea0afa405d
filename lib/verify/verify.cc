#include "verify/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "verify/rules.h"

namespace lifecycle::verify {
namespace {

RuleReport apply(const Rule& rule, const Evidence& evidence) {
  Findings findings;
  rule.check(evidence, findings);
  RuleReport report{.rule = rule, .verdict = findings.applies() ? Verdict::kPass : Verdict::kNotApplicable, .findings = {}};
  const std::vector<Finding> found = std::move(findings).take();
  for (const Verdict wanted : {Verdict::kBroken, Verdict::kUnknown}) {
    std::ranges::copy_if(found, std::back_inserter(report.findings), [wanted](const Finding& each) { return each.verdict == wanted; });
  }
  if (!report.findings.empty()) {
    report.verdict = report.findings.front().verdict;
  }
  return report;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kBroken:
      return "broken";
    case Verdict::kUnknown:
      return "unknown";
    case Verdict::kNotApplicable:
      return "not_applicable";
  }
  std::unreachable();
}

void Findings::broken(std::vector<std::int64_t> event_ids, std::string message) {
  all_.push_back({.verdict = Verdict::kBroken, .event_ids = std::move(event_ids), .message = std::move(message)});
}

void Findings::unknown(std::string message, std::vector<std::int64_t> event_ids) {
  all_.push_back({.verdict = Verdict::kUnknown, .event_ids = std::move(event_ids), .message = std::move(message)});
}

Verdict Report::verdict() const {
  return count(Verdict::kBroken) > 0 ? Verdict::kBroken : count(Verdict::kUnknown) > 0 ? Verdict::kUnknown : Verdict::kPass;
}

std::size_t Report::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(rules, verdict, &RuleReport::verdict));
}

std::span<const Rule> general_rules() {
  static constexpr std::array kRules{
      Rule{.id = "ended", .title = "the run has ended", .source = "history", .check = check_ended},
      Rule{.id = "event-ids", .title = "event ids count from 1 without gap", .source = "history", .check = check_event_ids},
      Rule{.id = "one-ending",
           .title = "the run begins once and ends once, and nothing follows its end",
           .source = "history",
           .check = check_one_ending},
      Rule{.id = "links", .title = "what an event refers to is there, and came before", .source = "history", .check = check_links},
      Rule{.id = "cause-first", .title = "nothing is earlier than its cause", .source = "history", .check = check_cause_first},
      Rule{.id = "starts-once",
           .title = "each activity, child workflow and workflow task is started once at most",
           .source = "history",
           .check = check_starts_once},
      Rule{.id = "ends-once",
           .title = "each activity, timer, child workflow and workflow task ends once at most",
           .source = "history",
           .check = check_ends_once},
      Rule{.id = "retries",
           .title = "an activity is tried again only after a failure or a loss that may be retried",
           .source = "history",
           .check = check_retries},
      Rule{.id = "workflow-task-retries",
           .title = "a workflow task follows the end of the one before it, and is tried again only after its failure",
           .source = "history",
           .check = check_workflow_task_retries},
      Rule{.id = "determinism", .title = "no worker's code differed from the history", .source = "history", .check = check_determinism},
      Rule{
          .id = "pinned-version", .title = "a pinned run has its tasks on one version", .source = "history", .check = check_pinned_version},
      Rule{.id = "version-return",
           .title = "an auto-upgrading run does not return to a version that it left",
           .source = "history",
           .check = check_version_return},
      Rule{.id = "killed-worker",
           .title = "a worker that was killed completes nothing afterwards",
           .source = "history and journal",
           .check = check_killed_worker},
  };
  return kRules;
}

Report verify(const Evidence& evidence, std::span<const Rule> rules) {
  Report report;
  const bool has_beginning = evidence.history.started() != nullptr;
  for (const Rule& rule : rules) {
    if (has_beginning) {
      report.rules.push_back(apply(rule, evidence));
      continue;
    }
    const api::History& history = evidence.history.history();
    const std::string why = history.events_size() == 0
                                ? std::string("the history is empty")
                                : fmt::format("the history begins with event {}: its beginning is missing", history.events(0).event_id());
    report.rules.push_back(
        {.rule = rule, .verdict = Verdict::kUnknown, .findings = {{.verdict = Verdict::kUnknown, .event_ids = {}, .message = why}}});
  }
  return report;
}

}  // namespace lifecycle::verify
