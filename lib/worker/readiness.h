// Whether the server accepts this worker's polls: what is behind "startup" and "ready" of the health service. Pure: it is told what
// happened, and when.
//
// A long poll that is open says little: while the connection is being made, or nothing answers any more, it is open, too. So a queue counts
// as served once a poll of it was answered, or once a poll has been open for a second and the server has answered some other call since the
// queue's last failure.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "rpc/status.h"
#include "telemetry/health.h"

namespace lifecycle::worker {

// One queue that is polled.
class QueueReadiness {
 public:
  // `what` names the queue in reasons; `on_change` runs when a queue that was served is not any more, or the other way round.
  QueueReadiness(std::string what, std::function<void()> on_change) : what_(std::move(what)), on_change_(std::move(on_change)) {}

  void poll_sent(SteadyTime now);
  // With a task or without one.
  void poll_answered(SteadyTime now);
  void poll_failed(const rpc::Status& status, SteadyTime now);

  // Empty when the queue is served. `server_answered` is when the server has last answered a call that is no poll.
  [[nodiscard]] std::string complaint(SteadyTime now, std::optional<SteadyTime> server_answered) const;
  // Whether all that is missing is an answer of the server to some other call.
  [[nodiscard]] bool waits_for_server(SteadyTime now, std::optional<SteadyTime> server_answered) const;
  [[nodiscard]] std::optional<SteadyTime> last_answer() const { return last_answer_; }

 private:
  [[nodiscard]] bool is_open(SteadyTime now) const;
  [[nodiscard]] bool is_newer_than_failure(std::optional<SteadyTime> server_answered) const;

  std::string what_;
  std::function<void()> on_change_;
  bool served_ = false;                     // the last that was heard of it was an answer
  std::string failure_;                     // the last failure since then
  std::optional<SteadyTime> failed_;        // when that was
  std::optional<SteadyTime> trying_since_;  // the first poll since then
  std::optional<SteadyTime> last_answer_;
};

class Readiness {
 public:
  // The reference is good for as long as this object.
  QueueReadiness& add_queue(std::string what);
  // Runs when a queue begins or ceases to be served.
  void on_change(std::function<void()> notify) { on_change_ = std::move(notify); }

  // The answer to a call that describes the namespace.
  void namespace_described(SteadyTime now);
  void namespace_not_described(const rpc::Status& status, SteadyTime now);
  void stop() { stopping_ = true; }

  [[nodiscard]] HealthAnswer startup() const;
  [[nodiscard]] HealthAnswer ready(SteadyTime now);
  // Whether it is time to ask the server to describe the namespace.
  [[nodiscard]] bool waits_for_server(SteadyTime now) const;

 private:
  std::deque<QueueReadiness> queues_;  // a deque does not move them
  std::function<void()> on_change_;
  std::optional<SteadyTime> server_answered_;
  std::string namespace_failure_ = "the server was not reached yet";
  bool started_ = false;
  bool stopping_ = false;
};

// What failed, and what to do about it, for logs and health answers.
[[nodiscard]] std::string explain(const rpc::Status& status);

}  // namespace lifecycle::worker
