// What an activity's code is written against: a plain function on a thread of its own, which may block and do I/O.
//
//   StepOutput process_step(ActivityContext& ctx, StepInput input) {
//     const auto done = ctx.last_heartbeat<Progress>();   // where an earlier attempt got to
//     ...
//     ctx.heartbeat(Progress{.elapsed_ms = 500});
//
// An activity that never looks at cancelled(), sleeps with sleep_for() or beats its heart cannot be told to stop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>

#include "api/api.h"
#include "base/clock.h"
#include "converter/failure.h"
#include "converter/payload.h"

namespace lifecycle {

using converter::ApplicationFailure;
using converter::ApplicationFailureOptions;
using converter::CancelledFailure;

struct ActivityInfo {
  std::string name_space;
  std::string workflow_id;
  std::string run_id;
  std::string workflow_type;
  std::string activity_id;
  std::string activity_type;
  std::string task_queue;
  std::string identity;        // of this worker
  std::string worker_version;  // of this worker
  std::int32_t attempt = 1;    // counts from 1
  WallTime scheduled_time{};
  std::optional<Duration> heartbeat_timeout;
};

namespace activity {

// The half of an activity that the worker holds: heartbeats go out through it, and cancellation comes in. Thread-safe.
class Execution {
 public:
  // Called from the activity's thread with the newest details; decides itself when to send them.
  using SendHeartbeat = std::move_only_function<void(api::Payloads)>;

  Execution(ActivityInfo info, api::Payloads last_heartbeat, SendHeartbeat send)
      : info_(std::move(info)), last_heartbeat_(std::move(last_heartbeat)), send_(std::move(send)) {}

  [[nodiscard]] const ActivityInfo& info() const { return info_; }
  [[nodiscard]] const api::Payloads& last_heartbeat() const { return last_heartbeat_; }
  void heartbeat(api::Payloads details) { send_(std::move(details)); }

  // The first reason counts.
  void cancel(std::string reason);
  [[nodiscard]] std::optional<std::string> cancel_reason() const;
  // True when the whole time has passed, false as soon as the activity is cancelled.
  [[nodiscard]] bool sleep_for(Duration duration);

 private:
  ActivityInfo info_;
  api::Payloads last_heartbeat_;
  SendHeartbeat send_;
  mutable std::mutex mutex_;
  std::condition_variable cancelled_;
  std::optional<std::string> cancel_reason_;
};

}  // namespace activity

class ActivityContext {
 public:
  explicit ActivityContext(activity::Execution& execution) : execution_(&execution) {}

  [[nodiscard]] const ActivityInfo& info() const { return execution_->info(); }

  // Says that the activity is alive, and how far it got. Cheap: the worker sends the newest details at most every 0.8 heartbeat time-outs.
  template <class... Details>
  void heartbeat(const Details&... details) const {
    execution_->heartbeat(converter::to_payloads(details...));
  }
  // The details of the last heartbeat of an earlier attempt, as far as the server got it; nothing when there is none. Throws
  // ApplicationFailure when it cannot be read as T.
  template <class T>
  [[nodiscard]] std::optional<T> last_heartbeat() const {
    if (execution_->last_heartbeat().payloads_size() == 0) {
      return std::nullopt;
    }
    Result<T> read = converter::from_payloads<T>(&execution_->last_heartbeat());
    if (!read) {
      throw converter::ApplicationFailure("last heartbeat of an earlier attempt: " + read.error().message, {.type = "HeartbeatError"});
    }
    return *std::move(read);
  }

  // Whether the activity should stop: it was cancelled, timed out, or its worker is shutting down.
  [[nodiscard]] bool cancelled() const { return execution_->cancel_reason().has_value(); }
  // Throws CancelledFailure with the reason, if there is one.
  void throw_if_cancelled() const;
  // Sleeps, and throws CancelledFailure as soon as the activity is cancelled.
  void sleep_for(Duration duration) const;

 private:
  activity::Execution* execution_;
};

}  // namespace lifecycle
