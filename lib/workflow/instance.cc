#include "workflow/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <stdexcept>
#include <utility>

#include "base/check.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "converter/failure.h"
#include "workflow/definition.h"

namespace lifecycle::workflow {
namespace {

std::exception_ptr cancelled_error(std::string_view reason) {
  return std::make_exception_ptr(CancelledFailure(reason.empty() ? "cancelled" : std::string(reason)));
}

// An activity's cancellation has the same shape whether the server reports it or the code goes on without waiting for that.
std::exception_ptr cancelled_activity_error(std::string_view reason) {
  api::Failure failure;
  failure.set_message("activity error");
  failure.mutable_activity_failure_info();
  failure.mutable_cause()->set_message(reason.empty() ? "cancelled" : std::string(reason));
  failure.mutable_cause()->mutable_canceled_failure_info();
  try {
    converter::throw_failure(failure);
  } catch (...) {
    return std::current_exception();
  }
}

core::WorkflowTaskFailure task_failure(const std::exception& error) { return {.failure = converter::to_failure(error)}; }

}  // namespace

WorkflowInstance::WorkflowInstance(const WorkflowDefinition& definition, WorkflowInfo info, std::uint64_t randomness_seed)
    : definition_(definition), info_(std::move(info)), random_(randomness_seed), object_(definition.create()) {}

WorkflowInstance::~WorkflowInstance() {
  // Frames first: their destructors may still use the object, the tables and this instance.
  handlers_.clear();
  object_->stop();
}

core::WorkflowActivationCompletion WorkflowInstance::activate(const core::WorkflowActivation& activation) {
  core::WorkflowActivationCompletion completion;
  now_ = activation.timestamp;
  is_replaying_ = activation.is_replaying;
  history_length_ = activation.history_length;
  continue_as_new_suggested_ = activation.continue_as_new_suggested;
  last_sent_seq_ = last_seq_;
  try {
    for (const core::WorkflowActivationJob& job : activation.jobs) {
      apply(job, completion);
    }
    // Handlers of signals that came with the start are ready before the main coroutine, as in every SDK.
    if (!activation.jobs.empty()) {
      if (const auto* initialize = std::get_if<core::InitializeWorkflow>(&activation.jobs.front())) {
        const auto& attributes = *initialize->attributes;
        object_->start(WorkflowContext(*this, 0), attributes.has_input() ? &attributes.input() : nullptr, scheduler_);
      }
    }
    if (completion.queries.empty()) {
      run();
      if (object_->finished()) {
        commands_.emplace_back(core::CompleteWorkflowExecution{.result = object_->take_result()});
      }
    }
  } catch (const TemporalFailure& failure) {
    // The code says how it ends: the main coroutine, or the handler of a signal.
    if (is_cancelled_by(failure)) {
      commands_.emplace_back(core::CancelWorkflowExecution{});
    } else {
      commands_.emplace_back(core::FailWorkflowExecution{.failure = converter::to_failure(failure)});
    }
  } catch (ContinueAsNewRequest& request) {
    commands_.emplace_back(core::ContinueAsNewWorkflowExecution{.input = std::move(request.input)});
  } catch (const std::exception& error) {
    completion.failure = task_failure(error);
  } catch (...) {
    completion.failure = task_failure(std::runtime_error("the workflow threw something that is no std::exception"));
  }
  completion.commands = std::exchange(commands_, {});
  return completion;
}

void WorkflowInstance::apply(const core::WorkflowActivationJob& job, core::WorkflowActivationCompletion& completion) {
  std::visit(Overloaded{
                 [](const core::InitializeWorkflow&) {},
                 [&](const core::NotifyHasPatch& patch) { patches_[patch.patch_id].in_history = true; },
                 [&](const core::UpdateRandomSeed& seed) { random_ = RandomStream(seed.randomness_seed); },
                 [&](const core::SignalWorkflow& signal) { apply_signal(signal, completion); },
                 [&](const core::CancelWorkflow& cancel) { cancel_scope(0, cancel.reason); },
                 [&](const core::FireTimer& fire) { fire_timer(fire.seq); },
                 [&](const core::ResolveActivity& resolve) { resolve_activity(resolve); },
                 [&](const core::QueryWorkflow& query) { completion.queries.push_back(answer(query)); },
             },
             job);
}

void WorkflowInstance::apply_signal(const core::SignalWorkflow& signal, core::WorkflowActivationCompletion& completion) {
  const auto handler = definition_.signals.find(signal.name);
  if (handler == definition_.signals.end()) {
    completion.warnings.push_back(fmt::format("signal '{}' dropped: {} has no handler for it", signal.name, definition_.type));
    return;
  }
  try {
    coro::Coroutine<void> running = handler->second(object_->get(), WorkflowContext(*this, 0), signal.input);
    if (running.valid()) {
      running.start(scheduler_);
      handlers_.push_back(std::move(running));
    }
  } catch (const ArgumentError& error) {
    // Anybody may send a signal: one that cannot be read must not stop the workflow for good.
    completion.warnings.push_back(fmt::format("signal '{}' dropped: {}", signal.name, error.what()));
  }
}

core::QueryAnswer WorkflowInstance::answer(const core::QueryWorkflow& query) {
  in_query_ = true;
  core::QueryAnswer answer{.id = std::string(query.id), .outcome = api::Payloads{}};
  try {
    const auto handler = definition_.queries.find(query.type);
    if (handler == definition_.queries.end()) {
      throw std::runtime_error(fmt::format("unknown query type '{}'; {} knows: {}", query.type, definition_.type,
                                           fmt::join(std::views::keys(definition_.queries), ", ")));
    }
    answer.outcome = handler->second(object_->get(), query.arguments);
  } catch (const std::exception& error) {
    answer.outcome = converter::to_failure(error);
  } catch (...) {
    answer.outcome = converter::to_failure(std::runtime_error("the query handler threw something that is no std::exception"));
  }
  in_query_ = false;
  return answer;
}

void WorkflowInstance::resolve_activity(const core::ResolveActivity& resolve) {
  std::unique_ptr<Operation>* found = operations_.find(resolve.seq);
  check(found != nullptr, "an activity that resolves is one of this run's");
  Operation& operation = **found;
  if (operation.done) {
    return;  // cancelled a moment ago, by another job of the same activation: the code has gone on
  }
  if (const auto* completed = std::get_if<core::ActivityCompleted>(&resolve.outcome)) {
    operation.complete(completed->result);
  } else {
    try {
      converter::throw_failure(std::get<core::ActivityFailed>(resolve.outcome).failure);
    } catch (...) {
      operation.error = std::current_exception();
    }
  }
  finish_operation(operation);
}

void WorkflowInstance::fire_timer(core::OperationSeq seq) {
  std::unique_ptr<Operation>* found = operations_.find(seq);
  check(found != nullptr, "a timer that fires is one of this run's");
  Operation& operation = **found;
  if (operation.done) {
    return;  // cancelled a moment ago, by another job of the same activation: the code has gone on
  }
  if (operation.condition == 0) {
    finish_operation(operation);
    return;
  }
  Condition* condition = conditions_.find(operation.condition);
  operations_.remove(seq);
  check(condition != nullptr, "a time-out belongs to a condition that is waited for");
  condition->timer = 0;
  condition->timed_out = true;
}

void WorkflowInstance::finish_operation(Operation& operation) {
  operation.done = true;
  if (operation.waiter) {
    scheduler_.make_ready(operation.waiter);
  }
}

void WorkflowInstance::decide(Condition& condition) {
  if (!condition.decided) {
    condition.decided = true;
    scheduler_.make_ready(condition.waiter);
  }
}

void WorkflowInstance::run() {
  const auto ended = [this] { return object_->finished(); };
  do {
    scheduler_.run_until_blocked(ended);
    check_handlers();
  } while (!ended() && wake_first_met_condition());
}

// What a signal handler throws ends the run, or fails the task, like what the main coroutine throws; those that returned are done with.
void WorkflowInstance::check_handlers() {
  std::erase_if(handlers_, [this](coro::Coroutine<void>& handler) {
    if (!handler.finished()) {
      return false;
    }
    try {
      handler.take();
    } catch (const TemporalFailure& failure) {
      if (!is_cancelled_by(failure)) {
        throw;
      }
      // It was asked to stop, and did; the main coroutine may still have to clean up.
    }
    return true;
  });
}

// One at a time: the code that wakes may rely on its condition still being true on the next line, and may make the others false. A
// condition that holds counts as met also when its time-out has come: a signal of the same workflow task may have been the earlier of the
// two.
bool WorkflowInstance::wake_first_met_condition() {
  bool woke = false;
  core::OperationSeq timer_to_cancel = 0;
  conditions_.for_each([&](ConditionId, Condition& condition) {
    if (woke || condition.decided) {
      return;
    }
    condition.met = condition.spec.test(condition.spec.object, condition.spec.predicate);
    if (!condition.met && !condition.timed_out) {
      return;
    }
    woke = true;
    timer_to_cancel = std::exchange(condition.timer, 0);
    decide(condition);
  });
  if (timer_to_cancel != 0) {
    operations_.remove(timer_to_cancel);
    commands_.emplace_back(core::CancelTimer{.seq = timer_to_cancel});
  }
  return woke;
}

// True when the code ends as it was asked to by the cancellation of the workflow.
bool WorkflowInstance::is_cancelled_by(const TemporalFailure& failure) const {
  return is_cancelled(0) && (dynamic_cast<const CancelledFailure*>(&failure) != nullptr ||
                             dynamic_cast<const CancelledFailure*>(failure.cause().get()) != nullptr);
}

core::OperationSeq WorkflowInstance::schedule_activity(std::unique_ptr<Operation> operation, std::string_view activity_type,
                                                       const ActivityOptions& options, api::Payloads input) {
  require_writable("schedule an activity");
  if (!options.start_to_close_timeout && !options.schedule_to_close_timeout) {
    throw std::invalid_argument(
        fmt::format("activity '{}' needs start_to_close_timeout or schedule_to_close_timeout: without one, nobody would notice its loss",
                    activity_type));
  }
  const core::OperationSeq seq = ++last_seq_;
  if (is_cancelled(operation->scope)) {
    operation->error = cancelled_activity_error("the scope was cancelled before");
    operation->done = true;
  } else {
    commands_.emplace_back(core::ScheduleActivity{
        .seq = seq,
        .activity_type = std::string(activity_type),
        .activity_id = options.activity_id,
        .task_queue = options.task_queue,
        .input = std::move(input),
        .schedule_to_close_timeout = options.schedule_to_close_timeout,
        .schedule_to_start_timeout = options.schedule_to_start_timeout,
        .start_to_close_timeout = options.start_to_close_timeout,
        .heartbeat_timeout = options.heartbeat_timeout,
        .retry_policy = options.retry_policy ? std::optional(to_api(*options.retry_policy)) : std::nullopt,
    });
  }
  operations_.add(seq, std::move(operation));
  return seq;
}

core::OperationSeq WorkflowInstance::start_timer(ScopeId scope, Duration duration) {
  require_writable("start a timer");
  const core::OperationSeq seq = ++last_seq_;
  auto timer = std::make_unique<OperationOf<void>>(Operation::Kind::kTimer, scope, core::CancellationType::kTryCancel);
  if (is_cancelled(scope)) {
    timer->error = cancelled_error("the scope was cancelled before");
    timer->done = true;
  } else if (duration <= Duration::zero()) {
    timer->done = true;
  } else {
    commands_.emplace_back(core::StartTimer{.seq = seq, .start_to_fire_timeout = duration});
  }
  operations_.add(seq, std::move(timer));
  return seq;
}

Operation& WorkflowInstance::operation(core::OperationSeq seq) {
  std::unique_ptr<Operation>* found = operations_.find(seq);
  if (found == nullptr) {
    throw std::logic_error("a result was awaited twice: keep it in a variable");
  }
  return **found;
}

void WorkflowInstance::wait_for_operation(core::OperationSeq seq, std::coroutine_handle<> waiter) {
  Operation& waited_for = operation(seq);
  if (waited_for.waiter) {
    throw std::logic_error("two coroutines await the same result: let one of them tell the other");
  }
  waited_for.waiter = waiter;
}

std::unique_ptr<Operation> WorkflowInstance::take_operation(core::OperationSeq seq) {
  check(operation(seq).done, "a result is taken when it is there");
  std::unique_ptr<Operation> taken = std::move(*operations_.find(seq));
  operations_.remove(seq);
  if (taken->error) {
    std::rethrow_exception(taken->error);
  }
  return taken;
}

bool WorkflowInstance::is_met_already(const ConditionSpec& spec) {
  require_writable("wait for a condition");
  if (is_cancelled(spec.scope)) {
    std::rethrow_exception(cancelled_error("the scope was cancelled before"));
  }
  return spec.test(spec.object, spec.predicate);
}

ConditionId WorkflowInstance::wait_for_condition(const ConditionSpec& spec, std::coroutine_handle<> waiter) {
  const ConditionId id = ++last_condition_;
  Condition condition{.spec = spec, .waiter = waiter};
  if (spec.timeout) {
    condition.timer = start_timer(spec.scope, *spec.timeout);
    Operation& timer = operation(condition.timer);
    timer.condition = id;
    if (timer.done) {  // no time to wait at all
      operations_.remove(std::exchange(condition.timer, 0));
      decide(condition);
    }
  }
  conditions_.add(id, condition);
  return id;
}

bool WorkflowInstance::take_condition(ConditionId id) {
  const Condition* condition = conditions_.find(id);
  check(condition != nullptr && condition->decided, "a condition is taken once, when it is decided");
  const bool met = condition->met;
  const bool cancelled = condition->cancelled;
  if (condition->timer != 0) {
    operations_.remove(condition->timer);  // cancelled with its scope
  }
  conditions_.remove(id);
  if (cancelled) {
    std::rethrow_exception(cancelled_error(""));
  }
  return met;
}

ScopeId WorkflowInstance::add_scope(std::optional<ScopeId> parent) {
  scopes_.push_back({.parent = parent, .cancelled = parent && is_cancelled(*parent)});
  return static_cast<ScopeId>(scopes_.size() - 1);
}

bool WorkflowInstance::is_cancelled(ScopeId scope) const { return scopes_[scope].cancelled; }

bool WorkflowInstance::within(ScopeId scope, ScopeId ancestor) const {
  std::optional<ScopeId> at = scope;
  while (at && *at != ancestor) {
    at = scopes_[*at].parent;
  }
  return at.has_value();
}

void WorkflowInstance::cancel_scope(ScopeId scope, std::string_view reason) {
  require_writable("cancel anything");
  if (scopes_[scope].cancelled) {
    return;
  }
  for (ScopeId each = 0; each < scopes_.size(); ++each) {
    scopes_[each].cancelled = scopes_[each].cancelled || within(each, scope);
  }
  operations_.for_each([&](core::OperationSeq seq, std::unique_ptr<Operation>& operation) {
    if (!operation->done && within(operation->scope, scope)) {
      cancel_operation(seq, *operation, reason);
    }
  });
  conditions_.for_each([&](ConditionId, Condition& condition) {
    if (!condition.decided && within(condition.spec.scope, scope)) {
      condition.cancelled = true;
      decide(condition);
    }
  });
}

void WorkflowInstance::cancel_operation(core::OperationSeq seq, Operation& operation, std::string_view reason) {
  if (operation.kind == Operation::Kind::kTimer) {
    commands_.emplace_back(core::CancelTimer{.seq = seq});
    operation.error = cancelled_error(reason);
    finish_operation(operation);
    return;
  }
  commands_.emplace_back(core::CancelActivity{.seq = seq, .type = operation.cancellation});
  // An activity that was never sent has nobody who could confirm.
  if (operation.cancellation != core::CancellationType::kWaitCancellationCompleted || seq > last_sent_seq_) {
    operation.error = cancelled_activity_error(reason);
    finish_operation(operation);
  }
}

bool WorkflowInstance::patch(std::string_view patch_id, bool deprecated) {
  require_writable("ask for a patch");
  if (patch_id.empty() || valid_utf8(patch_id) != patch_id) {
    throw std::invalid_argument("a patch needs an id, in UTF-8: it is written into the history of every run that takes it");
  }
  Patch& patch = patches_.try_emplace(std::string(patch_id)).first->second;
  if (!patch.taken) {
    patch.taken = !is_replaying_ || patch.in_history;
    commands_.emplace_back(core::SetPatchMarker{.patch_id = std::string(patch_id), .deprecated = deprecated});
  }
  return *patch.taken;
}

RandomStream& WorkflowInstance::random(std::string_view purpose) {
  require_writable(purpose);
  return random_;
}

void WorkflowInstance::require_writable(std::string_view purpose) const {
  if (in_query_) {
    throw ReadOnlyViolation(fmt::format("a query handler must not {}: it reads, and nothing it does is recorded", purpose));
  }
}

}  // namespace lifecycle::workflow
