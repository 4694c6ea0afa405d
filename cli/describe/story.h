// What happened to one run of a workflow, whatever its type and whichever SDK served it: who ran each task on which version, for how long,
// what is pending, what failed, and when nobody was there to go on. Put together from three sources: its history, the server's description
// of it, and the faults that were injected meanwhile. Pure: whoever has the three has the story.
#pragma once

#include <temporal/api/enums/v1/workflow.pb.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "cli/run_steps.h"
#include "cli/worker_identity.h"

namespace lifecycle::cli {

using WorkflowStatus = temporal::api::enums::v1::WorkflowExecutionStatus;

// What a run asks for and waits for.
enum class SpanKind : std::uint8_t { kActivity, kLocalActivity, kTimer, kChildWorkflow, kNexusOperation, kUpdate };
[[nodiscard]] std::string_view name_of(SpanKind kind);

enum class SpanStatus : std::uint8_t {
  kScheduled,
  kRunning,
  kBackingOff,
  kPaused,
  kCompleted,
  kFailed,
  kTimedOut,
  kCancelled,
  kTerminated
};
[[nodiscard]] std::string_view name_of(SpanStatus status);
[[nodiscard]] bool is_over(SpanStatus status);

// One of them, from the event that asked for it to the one that ended it.
struct Span {
  SpanKind kind = SpanKind::kActivity;
  std::int64_t event_id = 0;  // of the event that asked for it
  std::string id;             // activity id, timer id, the child's workflow id, update id
  std::string type;           // activity type, the child's workflow type, update name, service and operation
  std::string summary;        // what the workflow's author called it
  std::optional<int> step;    // of an activity of the contract
  SpanStatus status = SpanStatus::kScheduled;
  WallTime scheduled;
  std::optional<WallTime> started;  // of the attempt below; a child's start
  std::optional<WallTime> closed;
  std::optional<Duration> timer;  // kTimer: how long it was to run

  // An activity's last attempt: history keeps no other. Empty where nobody has taken it.
  WorkerIdentity worker;
  std::string version;
  int attempt = 1;
  std::string failure;  // why it ended as it did; while it is pending, why the attempt before failed
  // The attempt before this one, or this one where it has ended for good, was not answered in time: its worker fell silent or was too slow.
  bool lost = false;

  // Pending activities, from the description.
  int maximum_attempts = 0;  // zero: no limit
  std::optional<WallTime> next_attempt;
  std::optional<WallTime> last_heartbeat;
  std::optional<WallTime> last_attempt_ended;

  // From when it was asked for until it ended, or until `now`.
  [[nodiscard]] Duration duration(WallTime now) const { return closed.value_or(now) - scheduled; }
};

// "step 3", "charge", "timer 10.0s", "child fulfil", "local validate": what a row of a table or a chart is called.
[[nodiscard]] std::string title_of(const Span& span);

enum class TaskStatus : std::uint8_t { kScheduled, kStarted, kCompleted, kFailed, kTimedOut };
[[nodiscard]] std::string_view name_of(TaskStatus status);

// One attempt at a workflow task.
struct WorkflowTask {
  std::int64_t scheduled_event_id = 0;
  TaskStatus status = TaskStatus::kScheduled;
  WallTime scheduled;
  std::optional<WallTime> started;
  std::optional<WallTime> closed;
  int attempt = 1;
  bool sticky = false;  // sent to the queue of the worker that had the run in its cache
  WorkerIdentity worker;
  std::string version;
  std::string deployment;                   // of the worker, when it said so
  std::string behavior;                     // "pinned", "auto-upgrade", or empty
  std::string failure;                      // kFailed and kTimedOut: why
  bool nobody_took_it = false;              // kTimedOut: it was never started
  api::WorkflowTaskFailedCause cause = {};  // kFailed
};

// What happened at one moment.
enum class MarkKind : std::uint8_t { kSignal, kCancelRequested, kVersionChange, kPatch, kMarker, kSignalSent, kOptionsUpdated, kReset };
[[nodiscard]] std::string_view name_of(MarkKind kind);

struct Mark {
  MarkKind kind = MarkKind::kSignal;
  std::int64_t event_id = 0;
  WallTime time;
  std::string text;  // the signal's name, "v1.0.0 -> v2.0.0", and so on
  std::string by;    // identity of who did it, where the server knows
};

// A fault that somebody injected while the run went on.
struct Fault {
  WallTime time;
  std::optional<WallTime> healed;
  std::string action;  // "sigkill"
  std::string target;  // "pod lifecycle-workers-v1-x7k", "process 4711"
  std::string node;
  std::string version;  // of the worker that it hit
  std::string outcome;  // "proven", "unproven: why", "planned"
  std::string worker_identity;
  std::vector<std::string> workflow_ids;  // of which its worker was executing something
  bool hits_all = false;                  // no one worker, but a whole Deployment
};

// A time in which a task waited and nothing ran: no worker was there.
struct Gap {
  WallTime from;
  WallTime to;
  std::string waiting;  // what waited: "workflow task", "step 3"
  bool open = false;    // it goes on
};

// A workflow task that fails again and again: the workflow stands still, and its status says nothing of it.
struct FailingTask {
  WallTime since;   // of the first failure after which nothing succeeded
  int attempt = 1;  // the one that comes next, or runs
  std::string version;
  WorkerIdentity worker;
  std::string cause;  // "NonDeterministicError", "timed out"
  std::string failure;
};

struct StoryVersioning {
  std::string behavior;       // "pinned", "auto-upgrade", or empty
  std::string deployment;     // name; empty: unversioned
  std::string build_id;       // the version that the run's next task goes to
  std::string override_text;  // "pinned to v1.0.0", "auto-upgrade"; empty: none
  std::string transition_to;  // build id that it is moving to; empty: none
};

struct Story {
  std::string name_space;
  std::string workflow_id;
  std::string run_id;
  std::string workflow_type;
  std::string task_queue;
  WorkflowStatus status = temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_UNSPECIFIED;
  WallTime began;
  std::optional<WallTime> ended;
  WallTime now;  // when this was the state of things; the end of a run that is over
  std::int64_t event_count = 0;
  std::int64_t history_bytes = 0;
  std::string continued_from_run;  // empty: this is the first
  std::string continued_to_run;    // the run that goes on after this one; empty: none
  std::string parent_workflow_id;
  bool cancel_requested = false;
  bool complete = true;  // false: the history's beginning is not there
  std::optional<api::Payloads> result;
  std::optional<api::Failure> failure;
  std::string ended_by;  // reason of a termination, who asked for it

  StoryVersioning versioning;
  std::vector<Span> spans;                   // in the order in which they were asked for
  std::vector<WorkflowTask> workflow_tasks;  // in order
  std::vector<Mark> marks;
  std::vector<Fault> faults;
  std::vector<Gap> gaps;
  std::optional<FailingTask> failing_task;
  std::vector<std::string> versions;  // that ran something, in the order of their first task

  [[nodiscard]] bool running() const { return status == temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_RUNNING; }
};

// Tells a story from what the server says. `description` may be null: then what history tells is all. Of `faults` those are taken that
// happened while the run went on and that name it, hit a worker that it had, or hit a whole Deployment.
[[nodiscard]] Story make_story(const api::History& history,
                               const temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse* description,
                               std::span<const Fault> faults, WallTime now);

// 'A' for the first version that ran something, 'B' for the second, and so on; small letters follow, then '*'. '?' for one that is not
// among them.
[[nodiscard]] char letter_of(const Story& story, std::string_view version);

}  // namespace lifecycle::cli
