#include "cli/describe/journal_faults.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace lifecycle::cli {
namespace {

using chaos::JournalEntry;
using chaos::JournalEvent;

Fault fault_from(const JournalEntry& entry) {
  return {.time = entry.time,
          .action = std::string(chaos::name_of(entry.fault)),
          .target = fmt::format("{} {}", chaos::name_of(entry.target), entry.name),
          .node = entry.node,
          .version = entry.version,
          .outcome = "planned",
          .worker_identity = entry.worker_identity,
          .workflow_ids = entry.workflow_ids,
          .hits_all = entry.target == chaos::TargetKind::kDeployment};
}

void apply(const JournalEntry& entry, Fault& fault) {
  switch (entry.event) {
    case JournalEvent::kPlanned:
    case JournalEvent::kRefused:
      break;
    case JournalEvent::kInjected:
      fault.time = entry.time;
      fault.outcome = "injected";
      break;
    case JournalEvent::kProven:
      fault.outcome = "proven";
      break;
    case JournalEvent::kUnproven:
      fault.outcome = entry.message.empty() ? "not proven" : "not proven: " + entry.message;
      break;
    case JournalEvent::kUndone:
    case JournalEvent::kRecovered:
      fault.healed = entry.time;
      break;
  }
}

}  // namespace

std::vector<Fault> faults_in(std::span<const JournalEntry> entries) {
  std::vector<Fault> faults;
  std::map<std::string_view, std::size_t> by_id;
  std::set<std::string_view> refused;
  for (const JournalEntry& entry : entries) {
    if (entry.event == JournalEvent::kRefused) {
      refused.insert(entry.id);
    }
  }
  for (const JournalEntry& entry : entries) {
    if (refused.contains(entry.id)) {
      continue;
    }
    const auto [place, is_new] = by_id.try_emplace(entry.id, faults.size());
    if (is_new) {
      faults.push_back(fault_from(entry));
    }
    apply(entry, faults[place->second]);
  }
  return faults;
}

}  // namespace lifecycle::cli
