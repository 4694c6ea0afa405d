// Coroutine<T>: the return type of a workflow's functions.
//
// Written so that the compilers' known coroutine bugs cannot touch it: lazy start, no symmetric transfer (a finished coroutine makes its
// awaiter ready in the scheduler's queue and returns), a flag of its own instead of handle.done(), and an owner that destroys the frame.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "coro/scheduler.h"

namespace lifecycle::coro {

// What every promise of a workflow has, whatever it returns.
class PromiseBase {
 public:
  static std::suspend_always initial_suspend() noexcept { return {}; }

  struct WakeAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      PromiseBase& promise = self.promise();
      promise.finished_ = true;
      if (promise.awaiter_) {
        promise.scheduler_->make_ready(promise.awaiter_);
      }
    }
    void await_resume() const noexcept {}
  };
  static WakeAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  [[nodiscard]] bool finished() const { return finished_; }
  void set_scheduler(Scheduler& scheduler) { scheduler_ = &scheduler; }
  [[nodiscard]] Scheduler& scheduler() const {
    check(scheduler_ != nullptr, "a coroutine runs on a scheduler");
    return *scheduler_;
  }
  // A second await is a mistake of the workflow's code, so it is the code that is told, not the process that ends.
  void set_awaiter(std::coroutine_handle<> awaiter) {
    if (awaiter_) {
      throw std::logic_error("a coroutine was awaited twice: keep its result in a variable");
    }
    awaiter_ = awaiter;
  }

 protected:
  std::exception_ptr error_;

 private:
  Scheduler* scheduler_ = nullptr;
  std::coroutine_handle<> awaiter_;
  bool finished_ = false;
};

template <class T>
class Promise final : public PromiseBase {
 public:
  std::coroutine_handle<Promise> get_return_object() noexcept { return std::coroutine_handle<Promise>::from_promise(*this); }
  template <class Value>
  void return_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
  }
  // The result, moved out, or the exception that ended the coroutine.
  T take() {
    if (error_) {
      std::rethrow_exception(error_);
    }
    check(value_.has_value(), "a finished coroutine has a result");
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  std::coroutine_handle<Promise> get_return_object() noexcept { return std::coroutine_handle<Promise>::from_promise(*this); }
  void return_void() noexcept {}
  void take() const {
    if (error_) {
      std::rethrow_exception(error_);
    }
  }
};

// Owns a coroutine. Await it from another coroutine of the same workflow, or start() it on a scheduler.
template <class T>
class [[nodiscard]] Coroutine {
 public:
  using promise_type = Promise<T>;  // NOLINT(readability-identifier-naming): the language asks for this name

  Coroutine() = default;
  Coroutine(std::coroutine_handle<Promise<T>> handle) noexcept : handle_(handle) {}  // NOLINT(google-explicit-constructor)
  Coroutine(Coroutine&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Coroutine& operator=(Coroutine&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Coroutine(const Coroutine&) = delete;
  Coroutine& operator=(const Coroutine&) = delete;
  ~Coroutine() {
    if (handle_) {
      handle_.destroy();
    }
  }

  // Makes the coroutine ready to run for the first time.
  void start(Scheduler& scheduler) {
    handle_.promise().set_scheduler(scheduler);
    scheduler.make_ready(handle_);
  }
  // False for a default-constructed or moved-from one.
  [[nodiscard]] bool valid() const { return static_cast<bool>(handle_); }
  [[nodiscard]] bool finished() const { return handle_ && handle_.promise().finished(); }
  T take() { return handle_.promise().take(); }

  // Trivially copyable and destructible, so that nothing goes wrong however often a compiler destroys it.
  struct Awaiter {
    std::coroutine_handle<Promise<T>> child;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class ParentPromise>
    void await_suspend(std::coroutine_handle<ParentPromise> parent) const {
      if (!child) {
        throw std::logic_error("an empty coroutine was awaited: it was moved from, or never made");
      }
      PromiseBase& promise = child.promise();
      Scheduler& scheduler = parent.promise().scheduler();
      promise.set_scheduler(scheduler);
      promise.set_awaiter(parent);
      scheduler.make_ready(child);
    }
    T await_resume() const { return child.promise().take(); }
  };
  Awaiter operator co_await() const noexcept { return Awaiter{handle_}; }

 private:
  std::coroutine_handle<Promise<T>> handle_;
};

}  // namespace lifecycle::coro
