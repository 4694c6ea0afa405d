// One running workflow: its object, its coroutines, and what they wait for. Pure: an activation goes in, commands come out, and nothing of
// the outside world is read in between.
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/sequenced_table.h"
#include "converter/failure.h"
#include "core/activation.h"
#include "core/command.h"
#include "coro/coroutine.h"
#include "coro/scheduler.h"
#include "workflow/operation.h"
#include "workflow/options.h"

namespace lifecycle::workflow {

class WorkflowObject;
struct WorkflowDefinition;

// Who and where this run is.
struct WorkflowInfo {
  std::string name_space;
  std::string workflow_id;
  std::string run_id;
  std::string workflow_type;
  std::string task_queue;
  std::int32_t attempt = 1;
  WallTime start_time{};
};

// A condition as the code states it: a predicate over an object of the workflow.
struct ConditionSpec {
  const void* object = nullptr;
  std::array<std::byte, 16> predicate = {};  // a pointer to a const member function
  bool (*test)(const void* object, const std::array<std::byte, 16>& predicate) = nullptr;
  std::optional<Duration> timeout = {};
  ScopeId scope = 0;
};

// Thrown by WorkflowContext::continue_as_new() and caught where the main coroutine ends.
struct ContinueAsNewRequest {
  api::Payloads input;
};

// A query handler tried to change the workflow: to command something or to draw from its random stream.
class ReadOnlyViolation : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

class WorkflowInstance {
 public:
  // `definition` outlives the instance.
  WorkflowInstance(const WorkflowDefinition& definition, WorkflowInfo info, std::uint64_t randomness_seed);
  ~WorkflowInstance();
  WorkflowInstance(const WorkflowInstance&) = delete;
  WorkflowInstance& operator=(const WorkflowInstance&) = delete;

  // Applies all jobs to the state, then runs the coroutines until all are blocked. Never throws: what the code threw is in the answer.
  [[nodiscard]] core::WorkflowActivationCompletion activate(const core::WorkflowActivation& activation);

  [[nodiscard]] const WorkflowInfo& info() const { return info_; }

  // What follows is for WorkflowContext and its tickets.
  core::OperationSeq schedule_activity(std::unique_ptr<Operation> operation, std::string_view activity_type, const ActivityOptions& options,
                                       api::Payloads input);
  core::OperationSeq start_timer(ScopeId scope, Duration duration);
  [[nodiscard]] Operation& operation(core::OperationSeq seq);
  void wait_for_operation(core::OperationSeq seq, std::coroutine_handle<> waiter);
  // The finished operation; throws what it failed with.
  std::unique_ptr<Operation> take_operation(core::OperationSeq seq);
  [[nodiscard]] bool is_met_already(const ConditionSpec& spec);
  ConditionId wait_for_condition(const ConditionSpec& spec, std::coroutine_handle<> waiter);
  bool take_condition(ConditionId id);
  [[nodiscard]] ScopeId add_scope(std::optional<ScopeId> parent);
  void cancel_scope(ScopeId scope, std::string_view reason);
  [[nodiscard]] bool is_cancelled(ScopeId scope) const;
  // The run's stream; `purpose` completes "a query handler must not ...". Throws ReadOnlyViolation in a query.
  [[nodiscard]] RandomStream& random(std::string_view purpose);
  // Whether the code takes the new side of a patch: decided at the first call in a run. Throws ReadOnlyViolation in a query, and
  // std::invalid_argument for an id that is no text.
  bool patch(std::string_view patch_id, bool deprecated);
  [[nodiscard]] WallTime now() const { return now_; }
  [[nodiscard]] bool is_replaying() const { return is_replaying_; }
  [[nodiscard]] bool continue_as_new_suggested() const { return continue_as_new_suggested_; }
  [[nodiscard]] std::int64_t history_length() const { return history_length_; }

 private:
  struct Condition {
    ConditionSpec spec;
    std::coroutine_handle<> waiter;
    core::OperationSeq timer = 0;
    bool timed_out = false;
    bool met = false;
    bool cancelled = false;
    bool decided = false;
  };
  struct Scope {
    std::optional<ScopeId> parent;
    bool cancelled = false;
  };

  // What is known of a patch: history has a marker, and what the code was told.
  struct Patch {
    bool in_history = false;
    std::optional<bool> taken;
  };

  void apply(const core::WorkflowActivationJob& job, core::WorkflowActivationCompletion& completion);
  void apply_signal(const core::SignalWorkflow& signal, core::WorkflowActivationCompletion& completion);
  void resolve_activity(const core::ResolveActivity& resolve);
  void fire_timer(core::OperationSeq seq);
  core::QueryAnswer answer(const core::QueryWorkflow& query);
  void run();
  void check_handlers();
  bool wake_first_met_condition();
  void decide(Condition& condition);
  [[nodiscard]] bool is_cancelled_by(const converter::TemporalFailure& failure) const;
  void finish_operation(Operation& operation);
  void cancel_operation(core::OperationSeq seq, Operation& operation, std::string_view reason);
  void require_writable(std::string_view purpose) const;
  [[nodiscard]] bool within(ScopeId scope, ScopeId ancestor) const;

  const WorkflowDefinition& definition_;
  WorkflowInfo info_;
  RandomStream random_;
  coro::Scheduler scheduler_;
  SequencedTable<core::OperationSeq, std::unique_ptr<Operation>> operations_;
  SequencedTable<ConditionId, Condition> conditions_;
  std::vector<Scope> scopes_{Scope{}};  // the first is the workflow's own
  std::vector<core::WorkflowCommand> commands_;
  std::unique_ptr<WorkflowObject> object_;
  std::vector<coro::Coroutine<void>> handlers_;  // of signals; destroyed before the object
  std::map<std::string, Patch, std::less<>> patches_;
  core::OperationSeq last_seq_ = 0;
  core::OperationSeq last_sent_seq_ = 0;  // what is greater was made in this activation, and the server cannot know of it
  ConditionId last_condition_ = 0;
  WallTime now_{};
  std::int64_t history_length_ = 0;
  bool is_replaying_ = false;
  bool continue_as_new_suggested_ = false;
  bool in_query_ = false;
};

}  // namespace lifecycle::workflow
