#include "registry/registry.h"

#include <ranges>

namespace lifecycle {

const workflow::WorkflowDefinition* Registry::find_workflow(std::string_view type) const {
  const auto found = workflows_.find(type);
  return found == workflows_.end() ? nullptr : found->second.get();
}

const ActivityFunction* Registry::find_activity(std::string_view type) const {
  const auto found = activities_.find(type);
  return found == activities_.end() ? nullptr : &found->second;
}

std::vector<std::string> Registry::workflow_types() const {
  const auto names = std::views::keys(workflows_);
  return {names.begin(), names.end()};
}

std::vector<std::string> Registry::activity_types() const {
  const auto names = std::views::keys(activities_);
  return {names.begin(), names.end()};
}

void Registry::add(std::unique_ptr<workflow::WorkflowDefinition> definition) {
  std::string type = definition->type;
  check(workflows_.emplace(std::move(type), std::move(definition)).second, "a workflow type is registered once");
}

void Registry::add(std::string type, ActivityFunction function) {
  check(activities_.emplace(std::move(type), std::move(function)).second, "an activity type is registered once");
}

}  // namespace lifecycle
