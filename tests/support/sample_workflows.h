// Workflows as a user would write them, one for each thing that the engine must get right. The tests of the core, of the workflow runtime
// and of replay all run these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "registry/registry.h"
#include "workflow/context.h"

namespace lifecycle::test {

inline constexpr ActivityType<std::string(std::string)> kGreet{"Greet"};
inline constexpr ActivityType<std::string(std::string)> kThank{"Thank"};
inline constexpr ActivityType<void()> kCleanUp{"CleanUp"};

// One activity after the other.
class SequenceWorkflow {
 public:
  Workflow<std::vector<std::string>> run(WorkflowContext ctx, std::vector<std::string> names);
};

// All activities at once; results in the order of the input.
class ParallelWorkflow {
 public:
  Workflow<std::vector<std::string>> run(WorkflowContext ctx, std::vector<std::string> names);
};

// A helper that awaits a helper that awaits an activity.
class NestedWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx);

 private:
  Workflow<std::string> twice(WorkflowContext ctx, std::string name);
  Workflow<std::string> once(WorkflowContext ctx, std::string name);
};

class TimerWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx);
};

// Waits for the signal `confirm` for 30 seconds. Its queries show what a query may and may not do.
class ConfirmWorkflow {
 public:
  Workflow<bool> run(WorkflowContext ctx);
  void confirm();                                                         // signal
  Workflow<void> confirm_later(WorkflowContext ctx);                      // signal: an activity first
  void rename(std::string name);                                          // signal
  [[nodiscard]] std::string state() const;                                // query
  [[nodiscard]] std::string state_with(const std::string& prefix) const;  // query
  [[nodiscard]] std::string throws() const;                               // query
  [[nodiscard]] double draws() const;                                     // query
  [[nodiscard]] std::string commands() const;                             // query
  [[nodiscard]] std::string cancels() const;                              // query

 private:
  [[nodiscard]] bool confirmed() const { return confirmed_; }

  std::optional<WorkflowContext> ctx_;
  std::string name_ = "nobody";
  bool confirmed_ = false;
  bool waited_ = false;
};

// Waits, without a limit, until both signals have come; the first is handled by a plain handler, the second by one that waits for an
// activity.
class ApprovalWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx);
  void open(std::string document);                               // signal
  Workflow<void> approve(WorkflowContext ctx, std::string who);  // signal

 private:
  [[nodiscard]] bool is_open() const { return !document_.empty(); }
  [[nodiscard]] bool is_approved() const { return !approved_by_.empty(); }

  std::string document_;
  std::string approved_by_;
};

// One activity that is cancelled with the workflow; what happens then is the input: "try", "wait" or "abandon". Cleans up when it is
// cancelled.
class CancellableWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx, std::string cancellation);
};

// An activity in a scope of its own, which a timer cancels. Likewise by the input.
class ChildScopeWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx, std::string cancellation);
};

// Cancels what it has just begun, before the server could know of it. Likewise by the input.
class CancelBeforeSendWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx, std::string cancellation);
};

// Waits for the timer in one scope; the signal `wait` starts a handler that waits for another hour.
class WaitingHandlerWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx);
  Workflow<void> wait(WorkflowContext ctx);        // signal
  Workflow<void> fail_later(WorkflowContext ctx);  // signal: throws an ApplicationFailure after a second
  void fail();                                     // signal: throws an ApplicationFailure
  void crash();                                    // signal: throws a std::runtime_error
};

// Draws random numbers and ids and sends what it drew.
class RandomWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx);
};

// Sends the time at which it was started, and the one it is now, before and after a timer.
class ClockWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx);
};

class FailingWorkflow {
 public:
  Workflow<void> run(WorkflowContext ctx);
};

// Throws what is no Temporal failure: a bug in the code, which waits for mended code.
class CrashingWorkflow {
 public:
  Workflow<void> run(WorkflowContext ctx);
};

class ContinuingWorkflow {
 public:
  Workflow<void> run(WorkflowContext ctx, int round);
};

// Cannot even be made.
class UnconstructibleWorkflow {
 public:
  UnconstructibleWorkflow();
  Workflow<void> run(WorkflowContext ctx);
};

// Awaits the failure of an activity and tells what it was.
class CatchingWorkflow {
 public:
  Workflow<std::string> run(WorkflowContext ctx);
};

// Misuses that are answered with an exception: which one, is the input, or the signal.
class MisusingWorkflow {
 public:
  Workflow<void> run(WorkflowContext ctx, std::string misuse);
  Workflow<void> await_too(WorkflowContext ctx);  // signal

 private:
  std::optional<Pending<std::string>> greeting_;
};

// One workflow type in several versions of its code: histories of one are replayed with another.
class VersionedWorkflow {
 public:
  Workflow<void> greet_thank(WorkflowContext ctx);
  Workflow<void> thank_greet(WorkflowContext ctx);
  Workflow<void> greet_sleep(WorkflowContext ctx);
  Workflow<void> greet(WorkflowContext ctx);
  Workflow<void> greet_greet(WorkflowContext ctx);
  Workflow<void> greet_and_thank_at_once(WorkflowContext ctx);
  Workflow<void> thank_and_greet_at_once(WorkflowContext ctx);
  Workflow<void> greet_with_id_a(WorkflowContext ctx);
  Workflow<void> greet_with_id_b(WorkflowContext ctx);
  Workflow<void> cancel_first_timer(WorkflowContext ctx);
  Workflow<void> cancel_second_timer(WorkflowContext ctx);

 private:
  Workflow<void> two_timers(WorkflowContext ctx, bool cancel_first);
};

inline constexpr const char* kVersionedWorkflow = "VersionedWorkflow";

// Adds all of the above but VersionedWorkflow, each under the name of its class.
void register_samples(Registry& registry);

// A registry that knows VersionedWorkflow by one version of its code.
[[nodiscard]] Registry registry_of(Workflow<void> (VersionedWorkflow::*version)(WorkflowContext));

}  // namespace lifecycle::test
