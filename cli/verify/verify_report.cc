#include "cli/verify/verify_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace lifecycle::cli {
namespace {

using nlohmann::ordered_json;
using verify::Finding;
using verify::Verdict;

std::string_view word_of(Verdict verdict) {
  return verdict == Verdict::kBroken ? "BROKEN" : verdict == Verdict::kUnknown ? "UNKNOWN" : "PASS";
}

std::string events_text(const Finding& finding) {
  return finding.event_ids.empty()
             ? ""
             : fmt::format(" ({} {})", finding.event_ids.size() == 1 ? "event" : "events", fmt::join(finding.event_ids, ", "));
}

}  // namespace

std::vector<std::string> lines_of(const VerifiedRun& run) {
  const verify::Report& report = run.report;
  std::vector<std::string> lines{fmt::format("{:<8} {} ({}, {}, {} events): {} rules hold, {} broken, {} unknown, {} not applicable",
                                             word_of(report.verdict()), run.source, run.workflow_type, run.status, run.events,
                                             report.count(Verdict::kPass), report.count(Verdict::kBroken), report.count(Verdict::kUnknown),
                                             report.count(Verdict::kNotApplicable))};
  for (const Verdict wanted : {Verdict::kBroken, Verdict::kUnknown}) {
    for (const verify::RuleReport& rule : report.rules) {
      for (const Finding& finding : rule.findings) {
        if (finding.verdict == wanted) {
          lines.push_back(fmt::format("   {:<8} {}: {}{}", word_of(wanted), rule.rule.id, finding.message, events_text(finding)));
        }
      }
    }
  }
  return lines;
}

ordered_json json_of(const VerifiedRun& run) {
  ordered_json rules = ordered_json::array();
  for (const verify::RuleReport& rule : run.report.rules) {
    ordered_json findings = ordered_json::array();
    for (const Finding& finding : rule.findings) {
      findings.push_back({{"verdict", name_of(finding.verdict)}, {"eventIds", finding.event_ids}, {"message", finding.message}});
    }
    rules.push_back({{"id", rule.rule.id},
                     {"title", rule.rule.title},
                     {"source", rule.rule.source},
                     {"verdict", name_of(rule.verdict)},
                     {"findings", std::move(findings)}});
  }
  return {{"source", run.source},
          {"workflowId", run.workflow_id},
          {"runId", run.run_id},
          {"workflowType", run.workflow_type},
          {"status", run.status},
          {"events", run.events},
          {"verdict", name_of(run.report.verdict())},
          {"rules", std::move(rules)}};
}

void VerifySummary::add(Verdict verdict) { ++(verdict == Verdict::kBroken ? broken : verdict == Verdict::kUnknown ? unknown : passed); }

Verdict VerifySummary::verdict() const {
  return broken > 0 ? Verdict::kBroken : unknown > 0 || all() == 0 ? Verdict::kUnknown : Verdict::kPass;
}

std::string text_of(const VerifySummary& summary) {
  return fmt::format("{}: {} {}: {} passed, {} broken, {} unknown", word_of(summary.verdict()), summary.all(),
                     summary.all() == 1 ? "run" : "runs", summary.passed, summary.broken, summary.unknown);
}

ordered_json json_of(const VerifySummary& summary) {
  return {{"verdict", name_of(summary.verdict())}, {"passed", summary.passed}, {"broken", summary.broken}, {"unknown", summary.unknown}};
}

}  // namespace lifecycle::cli
