// The contract's workflow: a chain of steps that tells, in the end, which versions and workers took part.
#pragma once

#include "worker/contract.h"
#include "workflow/context.h"

namespace lifecycle::demo {

class LifecycleWorkflow {
 public:
  Workflow<LifecycleResult> run(WorkflowContext ctx, LifecycleInput input);

  [[nodiscard]] Progress progress() const;  // query
  void pause();                             // signal: no further step begins, the running one goes on
  void resume();                            // signal

 private:
  [[nodiscard]] bool running() const { return !paused_; }
  void add(const StepOutput& done);

  LifecycleResult result_;
  int steps_total_ = 0;
  bool paused_ = false;
};

}  // namespace lifecycle::demo
