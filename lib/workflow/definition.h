// A workflow type as the worker knows it: how to make its object, and which member answers which signal and query. Made by
// Registry::workflow().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "api/api.h"
#include "converter/payload.h"
#include "coro/coroutine.h"
#include "workflow/context.h"

namespace lifecycle::workflow {

// An argument that cannot be read: fails the workflow task, a signal or a query, and says which argument and why.
class ArgumentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The arguments of a handler, read from payloads. Throws ArgumentError.
template <class... Args>
std::tuple<Args...> read_arguments(std::string_view handler, const api::Payloads* payloads) {
  int index = 0;
  [[maybe_unused]] const auto read = [&]<class T>(std::type_identity<T>) {
    Result<T> value = converter::from_payloads<T>(payloads, index++);
    if (!value) {
      throw ArgumentError("input of " + std::string(handler) + ": " + value.error().message);
    }
    return *std::move(value);
  };
  return std::tuple<Args...>{read(std::type_identity<Args>{})...};  // braces: read from left to right
}

// One workflow object with its main coroutine.
class WorkflowObject {
 public:
  WorkflowObject() = default;
  WorkflowObject(const WorkflowObject&) = delete;
  WorkflowObject& operator=(const WorkflowObject&) = delete;
  virtual ~WorkflowObject() = default;

  // Creates the main coroutine and makes it ready. Throws ArgumentError.
  virtual void start(WorkflowContext ctx, const api::Payloads* input, coro::Scheduler& scheduler) = 0;
  [[nodiscard]] virtual bool finished() const = 0;
  // The result of the finished coroutine as payloads, or its exception, thrown.
  virtual api::Payloads take_result() = 0;
  // Destroys the main coroutine: nothing of the code runs any more.
  virtual void stop() = 0;
  [[nodiscard]] virtual void* get() = 0;
};

// Runs at once; what it returns, if it is a coroutine, runs on as part of the workflow.
using SignalHandler = std::function<coro::Coroutine<void>(void* object, WorkflowContext ctx, const api::Payloads* input)>;
using QueryHandler = std::function<api::Payloads(const void* object, const api::Payloads* arguments)>;

struct WorkflowDefinition {
  std::string type;
  std::function<std::unique_ptr<WorkflowObject>()> create;
  std::map<std::string, SignalHandler, std::less<>> signals;
  std::map<std::string, QueryHandler, std::less<>> queries;
};

template <class T, class R, class... Args>
class WorkflowObjectOf final : public WorkflowObject {
 public:
  using Run = Workflow<R> (T::*)(WorkflowContext, Args...);

  WorkflowObjectOf(Run run, std::string_view type) : run_(run), type_(type) {}

  void start(WorkflowContext ctx, const api::Payloads* input, coro::Scheduler& scheduler) override {
    main_ = std::apply([&](auto... args) { return (object_.*run_)(ctx, std::move(args)...); }, read_arguments<Args...>(type_, input));
    main_.start(scheduler);
  }
  [[nodiscard]] bool finished() const override { return main_.finished(); }
  api::Payloads take_result() override {
    if constexpr (std::is_void_v<R>) {
      main_.take();
      return converter::to_payloads(std::monostate{});
    } else {
      return converter::to_payloads(main_.take());
    }
  }
  void stop() override { main_ = {}; }
  [[nodiscard]] void* get() override { return &object_; }

 private:
  Run run_;
  std::string_view type_;  // the definition's, which outlives its objects
  T object_;
  Workflow<R> main_;  // destroyed before the object that it runs on
};

}  // namespace lifecycle::workflow
