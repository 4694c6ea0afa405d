// Which workflows and activities a worker runs. An object that main builds by calling this, in plain sight; nothing registers itself.
//
//   Registry registry;
//   registry.workflow("OrderWorkflow", &OrderWorkflow::run).signal("cancel", &OrderWorkflow::on_cancel).query("state",
//   &OrderWorkflow::state); registry.activity(kChargeCard, charge_card);
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "activity/context.h"
#include "base/check.h"
#include "workflow/definition.h"

namespace lifecycle {

// Runs on a thread of its own; throws what the activity throws.
using ActivityFunction = std::function<api::Payloads(ActivityContext& ctx, const api::Payloads* input)>;

// Adds the handlers of one workflow type.
template <class T>
class WorkflowRegistration {
 public:
  explicit WorkflowRegistration(workflow::WorkflowDefinition& definition) : definition_(&definition) {}

  // A const member: a query reads. What it returns is the answer, what it throws fails the query alone.
  template <class R, class... Args>
  WorkflowRegistration& query(const std::string& name, R (T::*handler)(Args...) const) {
    definition_->queries[name] = [name, handler](const void* object, const api::Payloads* arguments) {
      return converter::to_payloads(std::apply([&](const auto&... args) { return (static_cast<const T*>(object)->*handler)(args...); },
                                               workflow::read_arguments<std::decay_t<Args>...>(name, arguments)));
    };
    return *this;
  }

  // Runs before the coroutines go on.
  template <class... Args>
  WorkflowRegistration& signal(const std::string& name, void (T::*handler)(Args...)) {
    definition_->signals[name] = [name, handler](void* object, WorkflowContext, const api::Payloads* input) {
      std::apply([&](auto&&... args) { (static_cast<T*>(object)->*handler)(std::move(args)...); },
                 workflow::read_arguments<std::decay_t<Args>...>(name, input));
      return coro::Coroutine<void>();
    };
    return *this;
  }

  // A handler that waits: it runs beside the main coroutine, and ends with the workflow at the latest.
  template <class... Args>
  WorkflowRegistration& signal(const std::string& name, Workflow<void> (T::*handler)(WorkflowContext, Args...)) {
    definition_->signals[name] = [name, handler](void* object, WorkflowContext ctx, const api::Payloads* input) {
      return std::apply([&](auto&&... args) { return (static_cast<T*>(object)->*handler)(ctx, std::move(args)...); },
                        workflow::read_arguments<Args...>(name, input));
    };
    return *this;
  }

 private:
  workflow::WorkflowDefinition* definition_;
};

class Registry {
 public:
  // A workflow type: a class that can be made without arguments, and the member coroutine that is its body. A name twice is a bug of the
  // program and ends it.
  template <class T, class R, class... Args>
  WorkflowRegistration<T> workflow(std::string type, Workflow<R> (T::*run)(WorkflowContext, Args...)) {
    auto definition = std::make_unique<workflow::WorkflowDefinition>();
    definition->type = std::move(type);
    definition->create = [run, name = std::string_view(definition->type)]() -> std::unique_ptr<workflow::WorkflowObject> {
      return std::make_unique<workflow::WorkflowObjectOf<T, R, Args...>>(run, name);
    };
    WorkflowRegistration<T> registration(*definition);
    add(std::move(definition));
    return registration;
  }

  // An activity: anything that can be called with an ActivityContext& and the signature's parameters.
  template <class R, class... Args, class Function>
  void activity(ActivityType<R(Args...)> type, Function function) {
    add(std::string(type.name),
        [name = std::string(type.name), function = std::move(function)](ActivityContext& ctx, const api::Payloads* input) mutable {
          auto arguments = workflow::read_arguments<Args...>(name, input);
          if constexpr (std::is_void_v<R>) {
            std::apply([&](auto&&... args) { function(ctx, std::move(args)...); }, std::move(arguments));
            return converter::to_payloads(std::monostate{});
          } else {
            return converter::to_payloads(
                static_cast<R>(std::apply([&](auto&&... args) { return function(ctx, std::move(args)...); }, std::move(arguments))));
          }
        });
  }

  // Null when there is none of this name. Pointers are good as long as the registry.
  [[nodiscard]] const workflow::WorkflowDefinition* find_workflow(std::string_view type) const;
  [[nodiscard]] const ActivityFunction* find_activity(std::string_view type) const;
  [[nodiscard]] std::vector<std::string> workflow_types() const;
  [[nodiscard]] std::vector<std::string> activity_types() const;

 private:
  void add(std::unique_ptr<workflow::WorkflowDefinition> definition);
  void add(std::string type, ActivityFunction function);

  std::map<std::string, std::unique_ptr<workflow::WorkflowDefinition>, std::less<>> workflows_;
  std::map<std::string, ActivityFunction, std::less<>> activities_;
};

}  // namespace lifecycle
