#include "cli/chaos/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/duration.h"
#include "cli/chaos/report.h"
#include "worker/contract.h"

namespace lifecycle::cli::chaos {
namespace {

// Between two steps nobody executes anything for a moment.
constexpr Duration kHolderPatience = std::chrono::seconds(15);
constexpr Duration kAskInterval = std::chrono::milliseconds(100);
// Each sample is a call for each piece of work.
constexpr Duration kSampleIntervalPerWork = std::chrono::milliseconds(20);

// Samples what is watched for as long as somebody else waits for something.
class WatchingPatience final : public Patience {
 public:
  WatchingPatience(Patience& patience, std::function<void()> sample) : patience_(patience), sample_(std::move(sample)) {}
  bool wait(Duration duration) override {
    sample_();
    return patience_.wait(duration);
  }
  [[nodiscard]] const Clock& clock() const override { return patience_.clock(); }

 private:
  Patience& patience_;
  std::function<void()> sample_;
};

void sample_all(std::vector<FaultOutcome>& outcomes, TemporalView* temporal) {
  for (FaultOutcome& outcome : outcomes) {
    for (RecoveryWatch& watch : outcome.watches) {
      watch.sample(*temporal);
    }
  }
}

// The target said no, and nothing was changed; anything else may be an answer that was lost.
bool is_refusal(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kPermissionDenied || error.code == ErrorCode::kFailedPrecondition ||
         error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kAlreadyExists ||
         error.code == ErrorCode::kResourceExhausted;
}

bool has_undo(const FaultOutcome& outcome) { return outcome.injected && !outcome.undo.empty(); }

}  // namespace

ExitCode Experiment::run() {
  const ExitCode end = run_rounds();
  if (outcomes_.empty()) {
    return setup_.stopped.value_or(end);
  }
  const ExitCode finished = finish();
  return finished == ExitCode::kDone ? end : finished;
}

ExitCode Experiment::run_rounds() {
  const ChaosOptions& options = setup_.options;
  const SteadyTime began = setup_.patience.clock().steady_now();
  for (;;) {
    Result<Round> round = plan();
    if (setup_.stopped && !outcomes_.empty()) {
      return ExitCode::kDone;  // finish() tells
    }
    if (const std::optional<ExitCode> end = round ? play(*std::move(round)) : not_planned(round.error())) {
      return *end;
    }
    const SteadyTime now = setup_.patience.clock().steady_now();
    if (options.duration && now - began + *options.interval > *options.duration) {
      return outcomes_.empty() ? nobody_to_hit(last_choice_) : ExitCode::kDone;
    }
    setup_.output.note(fmt::format("the next in {}", format_duration(*options.interval)));
    if (!wait_and_watch(*options.interval)) {
      return ExitCode::kDone;
    }
  }
}

// After the first fault it is in the nature of things that Temporal names nobody just now, or that the workflow has ended.
std::optional<ExitCode> Experiment::not_planned(const Error& error) {
  const bool has_ended = error.code == ErrorCode::kFailedPrecondition;
  if (outcomes_.empty() || (error.code != ErrorCode::kNotFound && !has_ended)) {
    return setup_.output.report(error);
  }
  setup_.output.note(error.message);
  return has_ended ? std::optional(ExitCode::kDone) : std::nullopt;
}

std::optional<ExitCode> Experiment::play(Round round) {
  if (setup_.options.dry_run) {
    return rehearse(round);
  }
  for (const std::string& line : plan_lines(setup_.fault, setup_.seed, round.choice, round.held)) {
    setup_.output.note(line);
  }
  const bool goes_on = setup_.options.interval && !round.choice.everybody_was_hit;
  if (round.choice.victims.empty() && !goes_on) {
    return nobody_to_hit(round.choice);
  }
  if (!round.choice.victims.empty() && !was_asked_) {
    was_asked_ = true;
    const Result<bool> confirmed_by_user = confirmed(round);
    if (!confirmed_by_user) {
      return setup_.output.report(confirmed_by_user.error());
    }
    if (!*confirmed_by_user) {
      return setup_.output.report({.code = ErrorCode::kCancelled, .message = "nothing is done"});
    }
  }
  hit(round);
  return !setup_.options.interval || setup_.stopped ? std::optional(ExitCode::kDone) : std::nullopt;
}

ExitCode Experiment::nobody_to_hit(const Choice& choice) {
  if (!outcomes_.empty()) {
    setup_.output.note("everybody was hit once, and nobody is hit twice");
  } else if (setup_.output.is_json()) {
    setup_.output.document({{"fault", name_of(setup_.fault.kind)}, {"faults", nlohmann::json::array()}, {"limit", choice.limit}});
  } else {
    setup_.output.answer(fmt::format("nothing is done: {}", choice.limit));
  }
  return ExitCode::kDone;
}

Result<Experiment::Round> Experiment::plan() {
  const ChaosOptions& options = setup_.options;
  Result<Knowledge> knowledge = ask_temporal();
  if (!knowledge) {
    return std::unexpected(std::move(knowledge).error());
  }
  Result<std::vector<Target>> targets = setup_.injector.find(knowledge->known);
  if (!targets) {
    return std::unexpected(std::move(targets).error());
  }
  ChoiceInput input{.filter = options.filter,
                    .limits = options.limits,
                    .order = options.order,
                    .seed = setup_.seed,
                    .min_age = options.min_age,
                    .named_by_temporal = std::move(knowledge->named),
                    .hit_before = hit_,
                    .now = setup_.patience.clock().wall_now()};
  Round round{.choice = choose_victims(*std::move(targets), input), .held = std::move(knowledge->held)};
  round.held_complete = knowledge->held_complete;
  if (round.choice.victims.empty() && round.choice.eligible == 0 && hit_.empty()) {
    std::string spared;
    for (const Spared& each : round.choice.spared) {
      spared += fmt::format("{}{}: {}", spared.empty() ? "" : "; ", each.name, each.reason);
    }
    return fail(ErrorCode::kNotFound, "there is nobody to hit",
                spared.empty() ? "no worker matches; --dry-run shows who would be hit, and why others are not" : spared);
  }
  return round;
}

Result<Experiment::Knowledge> Experiment::ask_temporal() {
  Knowledge knowledge;
  if (setup_.temporal == nullptr) {
    return knowledge;
  }
  const ChaosOptions& options = setup_.options;
  // Waited for first, so that what the others hold is of now, and asked again last: to ask them all can take a while.
  if (!options.running_workflow.empty()) {
    if (const auto holders = await_holders(); !holders) {
      return std::unexpected(holders.error());
    }
  }
  Result<OpenWork> open = setup_.temporal->held_of_all();
  if (!open) {
    return std::unexpected(std::move(open).error());
  }
  if (!options.running_workflow.empty()) {
    if (const Result<void> asked = ask_who_runs(knowledge); !asked) {
      return std::unexpected(asked.error());
    }
  }
  if (!options.polling.empty()) {
    if (const Result<void> asked = ask_who_polls(options.polling, knowledge, true); !asked) {
      return std::unexpected(asked.error());
    }
  } else if (options.target == TargetKind::kProcess && options.running_workflow.empty()) {
    for (const std::string_view queue : {demo::kTaskQueue, demo::kVersionedTaskQueue}) {
      if (const Result<void> asked = ask_who_polls(std::string(queue), knowledge, false); !asked) {
        return std::unexpected(asked.error());
      }
    }
  }
  knowledge.held_complete = open->complete;
  for (HeldWork& work : open->held) {
    if (work.workflow_id == options.running_workflow) {
      continue;  // that is known better by now
    }
    knowledge.known.push_back({.identity = work.worker_identity, .last_access = work.last_heartbeat});
    knowledge.held.push_back(std::move(work));
  }
  return knowledge;
}

Result<std::vector<HeldWork>> Experiment::await_holders() {
  const std::string& id = setup_.options.running_workflow;
  Result<std::vector<HeldWork>> held = setup_.temporal->held_of(id);
  const SteadyTime deadline = setup_.patience.clock().steady_now() + kHolderPatience;
  while (held && held->empty() && setup_.patience.clock().steady_now() < deadline && setup_.patience.wait(kAskInterval)) {
    held = setup_.temporal->held_of(id);
  }
  if (!held) {
    return std::unexpected(std::move(held).error());
  }
  if (held->empty() && setup_.stopped) {
    return fail(ErrorCode::kCancelled, "interrupted; nothing is done");
  }
  if (held->empty()) {
    return fail(ErrorCode::kNotFound, fmt::format("no worker executes an activity of workflow '{}' now", id),
                "it may wait for a timer, a signal or a worker: lifecycle describe tells");
  }
  return held;
}

Result<void> Experiment::ask_who_runs(Knowledge& knowledge) {
  Result<std::vector<HeldWork>> held = await_holders();
  if (!held) {
    return std::unexpected(std::move(held).error());
  }
  std::vector<std::string> holders;
  for (HeldWork& work : *held) {
    holders.push_back(work.worker_identity);
    knowledge.known.push_back({.identity = work.worker_identity, .last_access = work.last_heartbeat});
  }
  knowledge.named.push_back(std::move(holders));
  const std::string queue = held->front().task_queue;
  knowledge.held = *std::move(held);
  // The fleet that the limits are about.
  return queue.empty() ? Result<void>{} : ask_who_polls(queue, knowledge, false);
}

Result<void> Experiment::ask_who_polls(const std::string& task_queue, Knowledge& knowledge, bool must_be) {
  Result<std::vector<Poller>> pollers = setup_.temporal->pollers_of(task_queue);
  if (!pollers) {
    return std::unexpected(std::move(pollers).error());
  }
  if (must_be) {
    std::vector<std::string> named;
    for (const Poller& poller : *pollers) {
      named.push_back(poller.identity);
    }
    knowledge.named.push_back(std::move(named));
  }
  std::ranges::move(*pollers, std::back_inserter(knowledge.known));
  return {};
}

ExitCode Experiment::rehearse(const Round& round) {
  std::optional<Error> refusal;
  for (const Target& victim : round.choice.victims) {
    if (const Result<void> accepted = setup_.injector.rehearse(setup_.fault, victim); !accepted && !refusal) {
      refusal = accepted.error();
    }
  }
  if (setup_.output.is_json()) {
    setup_.output.document(plan_json(setup_.fault, setup_.seed, round.choice, round.held));
  } else {
    for (const std::string& line : plan_lines(setup_.fault, setup_.seed, round.choice, round.held)) {
      setup_.output.answer(line);
    }
    setup_.output.answer("a dry run: nothing is changed");
  }
  return refusal ? setup_.output.report(*refusal) : ExitCode::kDone;
}

Result<bool> Experiment::confirmed(Round& round) {
  if (setup_.options.yes) {
    return true;
  }
  const std::string whom =
      round.choice.victims.size() == 1 ? describe(round.choice.victims.front()) : fmt::format("these {}", round.choice.victims.size());
  Result<bool> answer = setup_.confirm(fmt::format("{} {}?", verb_of(setup_.fault), whom));
  if (!answer || !*answer || setup_.options.running_workflow.empty()) {
    return answer;
  }
  // The step may have moved on while the question stood there.
  Result<Round> now = plan();
  if (!now) {
    return std::unexpected(std::move(now).error());
  }
  const bool same = std::ranges::equal(now->choice.victims, round.choice.victims, {}, &Target::key, &Target::key);
  if (!same) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("meanwhile another worker executes workflow '{}'", setup_.options.running_workflow),
                "with --yes nothing comes in between");
  }
  round = *std::move(now);
  return true;
}

void Experiment::hit(const Round& round) {
  last_choice_ = round.choice;
  if (!round.held_complete && setup_.temporal != nullptr) {
    setup_.output.note(fmt::format("there are more open workflows than {}: what others held is not followed", kAskedWorkflowsMax));
  }
  const std::size_t first = outcomes_.size();
  for (const Target& victim : round.choice.victims) {
    if (!setup_.stopped) {
      inject(victim, round);
    }
  }
  for (std::size_t i = first; i < outcomes_.size(); ++i) {
    if (outcomes_[i].injected || (outcomes_[i].answer_lost && outcomes_[i].undo.empty())) {
      prove(outcomes_[i]);
    }
  }
  if (std::ranges::any_of(outcomes_.begin() + static_cast<std::ptrdiff_t>(first), outcomes_.end(), has_undo)) {
    hold(setup_.options.hold);
  }
  for (std::size_t i = outcomes_.size(); i > first; --i) {
    if (has_undo(outcomes_[i - 1])) {
      undo(outcomes_[i - 1]);
    }
  }
  if (setup_.wait) {
    follow(first);
  }
}

void Experiment::inject(const Target& target, const Round& round) {
  FaultOutcome outcome{.id = fmt::format("{}/{}", setup_.id, outcomes_.size() + 1), .target = target};
  outcome.undo = setup_.injector.undo_record(setup_.fault, target);
  if (!outcome.undo.empty()) {
    outcome.undo.update(setup_.origin);
  }
  outcome.held = held_by(target, round.held);
  hit_.insert(target.key);
  if (record(outcome, JournalEvent::kPlanned, "")) {
    outcome.injected_at = setup_.patience.clock().wall_now();  // before it: the answer may come long after the fault
    const Result<void> injected = setup_.injector.inject(setup_.fault, target);
    outcome.injected = injected.has_value();
    if (injected) {
      // What cannot be written any more is told, and does not keep the fault from being proven and undone.
      (void)record(outcome, JournalEvent::kInjected, "");
    } else {
      not_injected(outcome, injected.error());
    }
  }
  if (outcome.injected) {
    watch(outcome);
  }
  outcomes_.push_back(std::move(outcome));
}

void Experiment::watch(FaultOutcome& outcome) {
  if (!setup_.wait || setup_.temporal == nullptr) {
    return;
  }
  for (const HeldWork& work : outcome.held) {
    outcome.watches.emplace_back(work, setup_.fault, outcome.target, outcome.injected_at);
  }
}

// A change whose answer was lost may have been made: what can be undone is undone at once, which does no harm where nothing was changed,
// and for the rest the proof is looked for.
void Experiment::not_injected(FaultOutcome& outcome, const Error& error) {
  outcome.failure = error;
  outcome.answer_lost = !is_refusal(error);
  if (!outcome.answer_lost) {
    (void)record(outcome, JournalEvent::kRefused, error.message);
    return;
  }
  if (outcome.undo.empty()) {
    return;
  }
  (void)record(outcome, JournalEvent::kUnproven, error.message);
  if (Result<std::string> undone = setup_.injector.undo(entry_of(outcome, JournalEvent::kPlanned, ""), setup_.stubborn_patience)) {
    outcome.undone = *std::move(undone);
    (void)record(outcome, JournalEvent::kUndone, *outcome.undone);
  }
}

void Experiment::prove(FaultOutcome& outcome) {
  WatchingPatience patience(setup_.patience, [this] { sample_all(outcomes_, setup_.temporal); });
  Result<std::string> proof = setup_.injector.prove(setup_.fault, outcome.target, patience);
  if (proof) {
    setup_.output.note(fmt::format("{} {}: {}", verb_of(setup_.fault), describe(outcome.target), *proof));
    if (!outcome.injected) {
      watch(outcome);
    }
    outcome.injected = true;
    outcome.failure.reset();
    outcome.proof = *std::move(proof);
    (void)record(outcome, JournalEvent::kProven, *outcome.proof);
    return;
  }
  outcome.failure = std::move(proof).error();
  (void)record(outcome, JournalEvent::kUnproven, outcome.failure->message);
}

void Experiment::undo(FaultOutcome& outcome) {
  WatchingPatience patience(setup_.stubborn_patience, [this] { sample_all(outcomes_, setup_.temporal); });
  Result<std::string> undone = setup_.injector.undo(entry_of(outcome, JournalEvent::kPlanned, ""), patience);
  if (undone) {
    setup_.output.note(*undone);
    outcome.undone = *std::move(undone);
    for (RecoveryWatch& watch : outcome.watches) {
      watch.on_continued(setup_.patience.clock().wall_now());
    }
    (void)record(outcome, JournalEvent::kUndone, *outcome.undone);
    return;
  }
  outcome.failure = std::move(undone).error();
}

void Experiment::hold(Duration duration) {
  setup_.output.note(fmt::format("it is undone in {}", format_duration(duration)));
  (void)wait_and_watch(duration);
}

bool Experiment::wait_and_watch(Duration duration) {
  const SteadyTime end = setup_.patience.clock().steady_now() + duration;
  for (;;) {
    const Duration left = end - setup_.patience.clock().steady_now();
    if (left <= Duration::zero()) {
      return true;
    }
    sample_all(outcomes_, setup_.temporal);
    if (!setup_.patience.wait(std::min(left, kAskInterval))) {
      return false;
    }
  }
}

void Experiment::follow(std::size_t first) {
  const SteadyTime deadline = setup_.patience.clock().steady_now() + setup_.options.timeout;
  for (;;) {
    std::size_t awaited = 0;
    for (std::size_t i = first; i < outcomes_.size(); ++i) {
      for (RecoveryWatch& watch : outcomes_[i].watches) {
        watch.sample(*setup_.temporal);
        awaited += watch.settled() ? 0 : 1;
      }
    }
    if (awaited == 0) {
      return;
    }
    setup_.output.set_status_line(fmt::format("waiting for the recovery of {}", awaited));
    const bool in_time = setup_.patience.clock().steady_now() < deadline;
    recovery_missing_ = recovery_missing_ || !in_time;
    if (!in_time || !setup_.patience.wait(std::max(kAskInterval, kSampleIntervalPerWork * static_cast<int>(awaited)))) {
      setup_.output.clear_status_line();
      return;
    }
  }
}

JournalEntry Experiment::entry_of(const FaultOutcome& outcome, JournalEvent event, std::string message) const {
  JournalEntry entry{.time = setup_.patience.clock().wall_now(),
                     .id = outcome.id,
                     .event = event,
                     .fault = setup_.fault.kind,
                     .target = outcome.target.kind,
                     .name = outcome.target.name,
                     .name_space = outcome.target.name_space,
                     .uid = outcome.target.kind == TargetKind::kProcess ? "" : outcome.target.key,
                     .node = outcome.target.node,
                     .pid = outcome.target.pid,
                     .worker_identity = outcome.target.worker_identity,
                     .version = outcome.target.version,
                     .undo = outcome.undo,
                     .message = std::move(message)};
  for (const HeldWork& work : outcome.held) {
    if (entry.worker_identity.empty()) {
      entry.worker_identity = work.worker_identity;
    }
    if (std::ranges::find(entry.workflow_ids, work.workflow_id) == entry.workflow_ids.end()) {
      entry.workflow_ids.push_back(work.workflow_id);
    }
  }
  return entry;
}

bool Experiment::record(FaultOutcome& outcome, JournalEvent event, std::string message) {
  const Result<void> written = setup_.record(entry_of(outcome, event, std::move(message)));
  if (!written) {
    setup_.output.warning(written.error().message);
    if (!outcome.failure) {
      outcome.failure = written.error();
    }
  }
  return written.has_value();
}

ExitCode Experiment::finish() {
  setup_.output.clear_status_line();
  nlohmann::ordered_json faults = nlohmann::json::array();
  std::optional<Error> refused;
  bool not_proven = false;
  for (const FaultOutcome& outcome : outcomes_) {
    faults.push_back(outcome_json(outcome));
    if (!setup_.output.is_json()) {
      for (const std::string& line : outcome_lines(setup_.fault, outcome)) {
        setup_.output.answer(line);
      }
    }
    if (!outcome.injected && outcome.failure) {
      refused = outcome.failure;
    }
    const bool may_have_happened = outcome.injected || outcome.answer_lost;
    const bool is_over = outcome.undo.empty() ? outcome.proof.has_value() : outcome.undone && (outcome.proof || !outcome.injected);
    not_proven = not_proven || (may_have_happened && !is_over);
  }
  if (setup_.output.is_json()) {
    nlohmann::ordered_json document{{"fault", name_of(setup_.fault.kind)}, {"dryRun", false}, {"seed", setup_.seed}};
    document["limit"] = last_choice_.limit.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(last_choice_.limit);
    document["faults"] = std::move(faults);
    setup_.output.document(document);
  }
  if (not_proven) {
    return setup_.output.report("not_proven", ExitCode::kFaultNotProven,
                                "a fault could not be proven to have happened, or could not be undone",
                                "lifecycle chaos recover undoes what is left");
  }
  if (setup_.stopped) {
    return *setup_.stopped;
  }
  if (refused) {
    return setup_.output.report(*refused);
  }
  const bool lost = std::ranges::any_of(outcomes_, [](const FaultOutcome& outcome) {
    return std::ranges::any_of(outcome.watches, [](const RecoveryWatch& each) { return each.recovery().kind == RecoveryKind::kGivenUp; });
  });
  if (lost) {
    return setup_.output.report({.code = ErrorCode::kDataLoss,
                                 .message = "an activity was lost with its worker",
                                 .hint = "its retry policy allowed no further attempt: what becomes of it is for the workflow's code"});
  }
  if (recovery_missing_) {
    return setup_.output.report({.code = ErrorCode::kDeadlineExceeded,
                                 .message = fmt::format("the recovery was not seen within {}", format_duration(setup_.options.timeout)),
                                 .hint = "lifecycle describe tells what the workflow waits for; --timeout waits longer"});
  }
  return ExitCode::kDone;
}

}  // namespace lifecycle::cli::chaos
