// One run of a chaos command: chooses, tells the plan, asks, makes each fault, proves it, undoes it, and follows what becomes of the work.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/chaos/chaos_options.h"
#include "cli/chaos/injector.h"
#include "cli/chaos/journal.h"
#include "cli/chaos/recovery.h"
#include "cli/chaos/temporal_view.h"
#include "cli/chaos/victims.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace lifecycle::cli::chaos {

// What became of one fault on one target.
struct FaultOutcome {
  std::string id;
  Target target;
  nlohmann::json undo;
  std::vector<HeldWork> held;  // what the target was executing
  WallTime injected_at;
  bool injected = false;
  bool answer_lost = false;           // of the request for the fault: whether it was made is for the proof to say
  std::optional<Error> failure;       // why it was not made, not proven, or not undone
  std::optional<std::string> proof;   // the evidence that it happened
  std::optional<std::string> undone;  // the evidence of the undoing
  std::vector<RecoveryWatch> watches;
};

struct ExperimentSetup {
  const ChaosOptions& options;
  Fault fault;
  Injector& injector;
  TemporalView* temporal = nullptr;  // nothing: Temporal is not asked
  // Writes a line of the journal. Nothing is changed when it fails.
  std::function<Result<void>(const JournalEntry&)> record;
  // Asks whether to go on. Errors: kInvalidArgument where there is nobody to ask, kCancelled.
  std::function<Result<bool>(const std::string& question)> confirm;
  Output& output;
  Patience& patience;           // ends when the command is to stop
  Patience& stubborn_patience;  // does not: undoing goes on
  const std::optional<ExitCode>& stopped;
  std::string id;         // the experiment's; the faults' are "<id>/1", "<id>/2", ...
  nlohmann::json origin;  // what `recover` needs to know of this tool; goes into each undo record
  std::uint64_t seed = 0;
  bool wait = false;  // for the recovery
};

class Experiment {
 public:
  explicit Experiment(ExperimentSetup setup) : setup_(std::move(setup)) {}
  Experiment(const Experiment&) = delete;
  Experiment& operator=(const Experiment&) = delete;

  // Exit codes: 8 when a fault could not be proven or undone, 124 when the recovery was not seen in time, 1 when it will not come, 0 when
  // there was nobody that the limits let it hit; else those of errors, also of a later round, and of the signal that stopped it.
  [[nodiscard]] ExitCode run();

 private:
  struct Round {
    Choice choice;
    std::vector<HeldWork> held;
    bool held_complete = true;
  };
  // What Temporal says, as far as it is asked.
  struct Knowledge {
    std::vector<Poller> known;
    std::vector<std::vector<std::string>> named;
    std::vector<HeldWork> held;
    bool held_complete = true;
  };

  [[nodiscard]] ExitCode run_rounds();
  // The exit code when there is no further round.
  [[nodiscard]] std::optional<ExitCode> play(Round round);
  [[nodiscard]] std::optional<ExitCode> not_planned(const Error& error);
  [[nodiscard]] ExitCode nobody_to_hit(const Choice& choice);
  [[nodiscard]] Result<Round> plan();
  [[nodiscard]] Result<Knowledge> ask_temporal();
  [[nodiscard]] Result<std::vector<HeldWork>> await_holders();
  [[nodiscard]] Result<void> ask_who_runs(Knowledge& knowledge);
  [[nodiscard]] Result<void> ask_who_polls(const std::string& task_queue, Knowledge& knowledge, bool must_be);
  [[nodiscard]] ExitCode rehearse(const Round& round);
  [[nodiscard]] Result<bool> confirmed(Round& round);
  void hit(const Round& round);
  void inject(const Target& target, const Round& round);
  void not_injected(FaultOutcome& outcome, const Error& error);
  void prove(FaultOutcome& outcome);
  void watch(FaultOutcome& outcome);
  void undo(FaultOutcome& outcome);
  void hold(Duration duration);
  void follow(std::size_t first);
  [[nodiscard]] bool wait_and_watch(Duration duration);
  [[nodiscard]] JournalEntry entry_of(const FaultOutcome& outcome, JournalEvent event, std::string message) const;
  [[nodiscard]] bool record(FaultOutcome& outcome, JournalEvent event, std::string message);
  [[nodiscard]] ExitCode finish();

  ExperimentSetup setup_;
  std::vector<FaultOutcome> outcomes_;
  std::set<std::string> hit_;
  Choice last_choice_;
  bool was_asked_ = false;
  bool recovery_missing_ = false;
};

}  // namespace lifecycle::cli::chaos
