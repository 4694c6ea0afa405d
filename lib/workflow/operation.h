// What a workflow's code waits for: an activity or a timer. It is held by the instance, and the code holds tickets (Pending<T>) that name
// it, so that nothing of value hangs on how often a compiler copies or destroys an awaiter.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "api/api.h"
#include "converter/payload.h"
#include "core/command.h"

namespace lifecycle::workflow {

// Number of a cancellation scope within its instance; 0 is the workflow's own.
using ScopeId = std::uint32_t;
// Number of a wait for a condition within its instance, 0 for none.
using ConditionId = std::uint32_t;

class Operation {
 public:
  enum class Kind : std::uint8_t { kActivity, kTimer };

  Operation(Kind kind, ScopeId scope, core::CancellationType cancellation) : kind(kind), cancellation(cancellation), scope(scope) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  virtual ~Operation() = default;

  // Stores the result; one that cannot be read is stored as the error that says so.
  virtual void complete(const api::Payloads* result) = 0;

  Kind kind;
  core::CancellationType cancellation;
  bool done = false;
  ScopeId scope;
  ConditionId condition = 0;  // a timer that bounds the wait for a condition
  std::coroutine_handle<> waiter = nullptr;
  std::exception_ptr error = nullptr;
};

template <class T>
class OperationOf final : public Operation {
 public:
  using Operation::Operation;

  void complete(const api::Payloads* result) override {
    auto read = converter::from_payloads<T>(result);
    if (!read) {
      error = std::make_exception_ptr(std::runtime_error("result of an activity: " + read.error().message));
    } else if constexpr (!std::is_void_v<T>) {
      value.emplace(*std::move(read));
    }
  }

  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
};

}  // namespace lifecycle::workflow
