#include "registry/cached_run.h"

#include <fmt/format.h>

#include <utility>

namespace lifecycle {
namespace {

// Answers an activation that no code can run.
core::WorkflowActivationCompletion cannot_run(const std::exception_ptr& why) {
  core::WorkflowActivationCompletion completion;
  completion.failure = core::WorkflowTaskFailure{.failure = converter::to_failure(why)};
  return completion;
}

core::WorkflowActivationCompletion cannot_run(const std::string& why) {
  return cannot_run(std::make_exception_ptr(std::runtime_error(why)));
}

}  // namespace

CachedRun::CachedRun(const Registry& registry, RunIdentity identity) : registry_(registry), identity_(std::move(identity)) {}

RunRequest CachedRun::on_workflow_task(core::WorkflowTask task) { return drive(run_.on_workflow_task(std::move(task))); }

RunRequest CachedRun::on_history_page(const std::shared_ptr<const api::History>& page, std::string next_page_token) {
  return drive(run_.on_history_page(page, std::move(next_page_token)));
}

RunRequest CachedRun::drive(core::RunStep step) {
  while (auto* activate_step = std::get_if<core::Activate>(&step)) {
    if (!activate_step->activation.is_replaying && before_news_) {
      std::exchange(before_news_, nullptr)();
    }
    core::WorkflowActivationCompletion completion = activate(activate_step->activation);
    warnings_.insert(warnings_.end(), completion.warnings.begin(), completion.warnings.end());
    step = run_.on_completion(std::move(completion));
  }
  return std::visit(
      [](auto&& request) -> RunRequest {
        if constexpr (std::is_same_v<std::decay_t<decltype(request)>, core::Activate>) {
          die("the loop above handles activations");
        } else {
          return std::forward<decltype(request)>(request);
        }
      },
      std::move(step));
}

core::WorkflowActivationCompletion CachedRun::activate(const core::WorkflowActivation& activation) {
  const auto* initialize = activation.jobs.empty() ? nullptr : std::get_if<core::InitializeWorkflow>(&activation.jobs.front());
  if (initialize != nullptr) {
    const auto& started = *initialize->attributes;
    instance_.reset();
    start_time_ = initialize->start_time;
    attempt_ = started.attempt();
    const workflow::WorkflowDefinition* definition = registry_.find_workflow(started.workflow_type().name());
    if (definition == nullptr) {
      return cannot_run(fmt::format("workflow type '{}' is not registered on this worker; registered are: {}",
                                    started.workflow_type().name(), fmt::join(registry_.workflow_types(), ", ")));
    }
    try {
      instance_ = std::make_unique<workflow::WorkflowInstance>(*definition,
                                                               workflow::WorkflowInfo{.name_space = identity_.name_space,
                                                                                      .workflow_id = identity_.workflow_id,
                                                                                      .run_id = identity_.run_id,
                                                                                      .workflow_type = started.workflow_type().name(),
                                                                                      .task_queue = started.task_queue().name(),
                                                                                      .attempt = started.attempt(),
                                                                                      .start_time = initialize->start_time},
                                                               initialize->randomness_seed);
    } catch (...) {
      return cannot_run(std::current_exception());  // the constructor of the workflow's class is the user's code, too
    }
  }
  if (instance_ == nullptr) {
    return cannot_run("the workflow's code has not run yet: no workflow task has reached it");
  }
  return instance_->activate(activation);
}

}  // namespace lifecycle
