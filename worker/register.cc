#include "worker/register.h"

#include <string>

#include "worker/contract.h"
#include "worker/lifecycle_workflow.h"
#include "worker/process_step.h"

namespace lifecycle::demo {

void register_all(Registry& registry) {
  registry.workflow(std::string(kWorkflowType), &LifecycleWorkflow::run)
      .query(std::string(kProgressQuery), &LifecycleWorkflow::progress)
      .signal(std::string(kPauseSignal), &LifecycleWorkflow::pause)
      .signal(std::string(kResumeSignal), &LifecycleWorkflow::resume);
  registry.activity(kProcessStep, process_step);
}

}  // namespace lifecycle::demo
