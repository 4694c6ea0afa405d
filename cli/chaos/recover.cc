#include "cli/chaos/recover.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cli/chaos/local_process.h"

namespace lifecycle::cli::chaos {
namespace {

using nlohmann::ordered_json;

struct Undone {
  JournalEntry planned;
  Result<std::string> how;
  bool left_alone = false;  // its tool still runs
};

Undone undo_one(const JournalEntry& planned, const RecoverSetup& setup) {
  if (is_tool_alive(planned)) {
    return {.planned = planned, .how = "the command that made it still runs, and undoes it itself", .left_alone = true};
  }
  const Result<Injector*> injector = setup.injector_for(planned);
  if (!injector) {
    return {.planned = planned, .how = std::unexpected(injector.error())};
  }
  Undone undone{.planned = planned, .how = (*injector)->undo(planned, setup.patience)};
  if (undone.how) {
    JournalEntry recovered = planned;
    recovered.time = setup.patience.clock().wall_now();
    recovered.event = JournalEvent::kRecovered;
    recovered.message = *undone.how;
    if (const Result<void> written = setup.record(recovered); !written) {
      undone.how = std::unexpected(written.error());
    }
  }
  return undone;
}

ordered_json to_json(const Undone& undone) {
  const char* const state = undone.left_alone ? "left alone" : undone.how ? "undone" : "not undone";
  return {{"id", undone.planned.id},
          {"fault", name_of(undone.planned.fault)},
          {"target", name_of(undone.planned.target)},
          {"name", undone.planned.name},
          {"state", state},
          {"message", undone.how ? *undone.how : undone.how.error().message}};
}

}  // namespace

std::vector<JournalEntry> left_behind(const std::vector<JournalEntry>& entries) {
  std::vector<JournalEntry> open;
  for (const JournalEntry& entry : entries) {
    if (entry.event == JournalEvent::kPlanned && !entry.undo.empty()) {
      open.push_back(entry);
    } else if (entry.event == JournalEvent::kRefused || entry.event == JournalEvent::kUndone || entry.event == JournalEvent::kRecovered) {
      std::erase_if(open, [&](const JournalEntry& each) { return each.id == entry.id; });
    }
  }
  return open;
}

nlohmann::json origin_of_this_process() {
  const Result<ProcessFacts> self = read_process(::getpid());
  return {{"tool", {{"host", host_name()}, {"pid", ::getpid()}, {"startTicks", self ? self->start_ticks : 0}}}};
}

bool is_tool_alive(const JournalEntry& planned) {
  const nlohmann::json tool = planned.undo.value("tool", nlohmann::json::object());
  if (tool.value("host", "") != host_name()) {
    return false;
  }
  const Result<ProcessFacts> facts = read_process(tool.value("pid", std::int64_t{0}));
  return facts && !facts->ended() && facts->start_ticks == tool.value("startTicks", std::uint64_t{0});
}

ExitCode recover(const RecoverSetup& setup) {
  const Result<JournalContent> journal = read_journal(setup.journal_path);
  if (!journal) {
    return setup.output.report(journal.error());
  }
  for (const std::string& warning : journal->warnings) {
    setup.output.warning(warning);
  }
  ordered_json faults = ordered_json::array();
  std::vector<Error> failures;
  std::vector<JournalEntry> open = left_behind(journal->entries);
  std::ranges::reverse(open);  // the last change first
  for (const JournalEntry& planned : open) {
    const Undone undone = undo_one(planned, setup);
    faults.push_back(to_json(undone));
    if (!undone.how) {
      failures.push_back(undone.how.error());
    }
    if (!setup.output.is_json()) {
      setup.output.answer(fmt::format("{}: {} of {} {}: {}", planned.id, name_of(planned.fault), name_of(planned.target), planned.name,
                                      undone.how ? *undone.how : "NOT UNDONE: " + undone.how.error().message));
    }
  }
  if (setup.output.is_json()) {
    setup.output.document({{"journal", setup.journal_path}, {"faults", std::move(faults)}});
  } else if (open.empty()) {
    setup.output.answer("nothing is left to undo");
  }
  return failures.empty() ? ExitCode::kDone
                          : setup.output.report("not_undone", ExitCode::kFaultNotProven, failures.front().message, failures.front().hint);
}

}  // namespace lifecycle::cli::chaos
