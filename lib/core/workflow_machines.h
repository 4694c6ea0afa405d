// All machines of one run, and the queue of commands that wait for their place in history.
//
// Two streams meet here. Commands of the code enter the queue in the order they were issued; command events of history leave it in the
// order the server wrote them. They must be the same commands: that comparison is the nondeterminism check, and it works alike for commands
// that were sent a moment ago and for those that were sent years ago by another process.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/sequenced_table.h"
#include "core/activation.h"
#include "core/command.h"
#include "core/nondeterminism.h"
#include "core/patches.h"
#include "history/history_reader.h"
#include "machines/activity_machine.h"
#include "machines/timer_machine.h"
#include "machines/workflow_execution_machine.h"
#include "machines/workflow_task_machine.h"

namespace lifecycle::core {

// The name under which this SDK signs the workflow tasks that it completes.
inline constexpr std::string_view kSdkName = "temporal-cpp-lifecycle";

// Why a task cannot go on: the code does not fit the history, or the history does not fit the protocol.
using Problem = std::variant<Nondeterminism, Error>;

class WorkflowMachines {
 public:
  // Feeds the events of one logical task. What the code must be told goes into `activation`, jobs in their final order; whether the code
  // is replaying is there already.
  [[nodiscard]] std::expected<void, Problem> apply(const history::LogicalTask& task, WorkflowActivation& activation);

  // Takes one command of the code.
  void issue(WorkflowCommand command);

  // The commands that history does not hold yet, as the server wants them, when the task that was started by `started_event_id` is
  // completed. They stay in the queue until their events come.
  [[nodiscard]] std::vector<api::Command> take_commands(std::int64_t started_event_id);

  // True once a final event has been applied.
  [[nodiscard]] bool closed() const { return execution_.state() == machines::WorkflowExecutionMachineDefinition::State::kClosed; }
  // True when the newest completed workflow task was this SDK's.
  [[nodiscard]] bool written_by_this_sdk() const { return written_by_this_sdk_; }

 private:
  struct Operation {
    std::variant<machines::ActivityMachine, machines::TimerMachine> machine;
    std::string activity_type = {};
    std::string id = {};  // the activity's or timer's, as recorded or sent
    std::int64_t initiated_event_id = 0;
    std::size_t pending_index = 0;  // of the command that begins it, as long as that waits
    std::string identity = {};      // of the worker that started it
  };
  struct PendingCommand {
    WorkflowCommand command;  // none when it was dropped before it was sent
    OperationSeq seq = 0;
    bool sent = false;
    std::vector<std::string> change_versions = {};  // of a patch: the ids that the run has taken with it
  };
  using Applied = std::expected<void, Problem>;

  Applied apply_event(const api::HistoryEvent& event, WorkflowActivation& activation);
  Applied apply_workflow_task_event(const api::HistoryEvent& event, WorkflowActivation& activation);
  Applied apply_execution_event(const api::HistoryEvent& event, WorkflowActivation& activation);
  Applied apply_activity_event(const api::HistoryEvent& event, WorkflowActivation& activation);
  Applied apply_timer_fired(const api::HistoryEvent& event, WorkflowActivation& activation);
  Applied apply_command_event(const api::HistoryEvent& event);
  Applied record_activity(const api::HistoryEvent& event, const PendingCommand& pending);
  Applied record_timer(const api::HistoryEvent& event, const PendingCommand& pending);
  Applied record_activity_cancel(const api::HistoryEvent& event, const PendingCommand& pending);
  Applied record_timer_cancel(const api::HistoryEvent& event, const PendingCommand& pending);
  Applied apply_patch_marker(const api::HistoryEvent& event);
  Applied check_nothing_pending(const api::HistoryEvent& event) const;

  void call_patch(const SetPatchMarker& call);
  void cancel_activity(const CancelActivity& cancel);
  void cancel_timer(OperationSeq seq);
  void drop(OperationSeq seq, const Operation& operation);
  void pass_dropped();
  void close(OperationSeq seq, const Operation& operation);
  [[nodiscard]] Operation* operation_of(std::int64_t initiated_event_id, OperationSeq& seq);
  void add_commands(PendingCommand& pending, std::int64_t started_event_id, std::vector<api::Command>& commands);
  [[nodiscard]] api::Command to_api(PendingCommand& pending, std::int64_t event_id);

  machines::WorkflowTaskMachine workflow_task_;
  machines::WorkflowExecutionMachine execution_;
  Patches patches_;
  SequencedTable<OperationSeq, Operation> operations_;
  SequencedTable<std::int64_t, OperationSeq> seq_of_event_;  // by the id of the event that recorded the command
  std::vector<PendingCommand> pending_;
  std::size_t pending_front_ = 0;  // index of the oldest command still waiting; it is not a dropped one
  std::string task_queue_;
  std::string workflow_type_;
  bool written_by_this_sdk_ = false;
  bool is_replaying_ = false;
  bool after_patch_marker_ = false;  // the newest event is one, and the search attribute that it adds to may come next
};

}  // namespace lifecycle::core
