// Keeps a number of long polls of one queue open at all times, as far as there are slots for what they may bring.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/random.h"
#include "rpc/workflow_service.h"
#include "telemetry/log.h"
#include "worker/limits.h"
#include "worker/poll_backoff.h"
#include "worker/rate_limit.h"
#include "worker/readiness.h"
#include "worker/slots.h"

namespace lifecycle::worker {

struct PollerEnvironment {
  rpc::WorkflowService& service;
  EventLoop& loop;
  const Logger& log;
  std::function<void()> on_empty;  // a poll was answered, but with no task
};

template <class Rpc>
class Poller {
 public:
  using Response = std::shared_ptr<typename Rpc::Response>;

  // `what` names the queue in the log; `on_task` gets the tasks, each with the slot that was reserved for it. All outlive the poller.
  Poller(PollerEnvironment environment, std::string what, QueueReadiness& readiness, Slots& slots, std::size_t polls_max,
         typename Rpc::Request request, std::function<void(Response)> on_task, double tasks_per_second = 0)
      : environment_(std::move(environment)),
        what_(std::move(what)),
        readiness_(readiness),
        rate_(tasks_per_second),
        slots_(slots),
        polls_max_(polls_max),
        request_(std::move(request)),
        on_task_(std::move(on_task)) {}

  // Opens as many polls as may be open. Called at the start, and whenever a slot has become free.
  void fill() {
    while (!stopped_ && retry_ == TimerId::kNone && open_.size() < polls_max_) {
      const SteadyTime now = environment_.loop.clock().steady_now();
      if (const std::optional<Duration> wait = rate_.try_take(now)) {
        pause(*wait);
        return;
      }
      if (!slots_.try_reserve()) {
        rate_.give_back();
        return;
      }
      poll(now);
    }
  }

  // Opens no further poll. What is open may still bring tasks, until cancel_open().
  void stop() {
    stopped_ = true;
    environment_.loop.cancel(std::exchange(retry_, TimerId::kNone));
    environment_.loop.cancel(std::exchange(recovery_check_, TimerId::kNone));
  }
  void cancel_open() {
    for (const auto& call : std::vector(open_)) {
      call->handle->cancel();
    }
  }
  [[nodiscard]] bool idle() const { return open_.empty(); }
  [[nodiscard]] std::size_t open() const { return open_.size(); }

 private:
  struct OpenPoll {
    rpc::CallHandle handle;
    SteadyTime sent;
  };

  void poll(SteadyTime now) {
    auto open = std::make_shared<OpenPoll>(OpenPoll{.handle = nullptr, .sent = now});
    open_.push_back(open);
    readiness_.poll_sent(now);
    open->handle = environment_.service.call<Rpc>(request_, {.timeout = kPollTimeout}, [this, open](rpc::Reply<Rpc> reply) {
      std::erase(open_, open);
      if (reply) {
        take(std::move(*reply), open->sent);
      } else {
        back_off(reply.error(), open->sent);
      }
      fill();
    });
    if (backoff_.is_failing()) {
      check_recovery_in(kPollWorksAge);
    }
  }

  void take(Response response, SteadyTime sent) {
    const SteadyTime now = environment_.loop.clock().steady_now();
    if (!response->task_token().empty()) {
      backoff_.succeeded();
      tell_recovery();
      rate_.use();
      readiness_.poll_answered(now);
      on_task_(std::move(response));
      return;
    }
    environment_.on_empty();
    rate_.give_back();
    const Duration delay = backoff_.answered_empty(sent, now);
    if (delay == Duration::zero()) {
      tell_recovery();
      readiness_.poll_answered(now);
    } else {
      readiness_.poll_failed(
          {.code = rpc::StatusCode::kUnknown, .message = "answered at once and without a task: is that a Temporal server?"}, now);
    }
    pause(delay);
    slots_.release();
  }

  void back_off(const rpc::Status& status, SteadyTime sent) {
    const SteadyTime now = environment_.loop.clock().steady_now();
    rate_.give_back();
    if (!is_over_by_itself(status, sent, now)) {
      readiness_.poll_failed(status, now);
    }
    if (!stopped_ && retry_ == TimerId::kNone) {  // the others that fail with it wait for the same moment
      const Duration delay = backoff_.failed(status, sent, now);
      if (delay > Duration::zero() && backoff_.should_tell_failure(status.code, now)) {
        environment_.log.warn("polling fails; trying on until it works again",
                              {{"queue", what_}, {"status", rpc::name_of(status.code)}, {"error", std::string_view(status.message)}});
      }
      pause(delay);
    }
    slots_.release();
  }

  void tell_recovery() {
    environment_.loop.cancel(std::exchange(recovery_check_, TimerId::kNone));
    if (backoff_.should_tell_recovery()) {
      environment_.log.info("polling works again", {{"queue", what_}});
    }
  }

  // A server answers an empty poll after a minute, but that it has accepted one shows much earlier.
  void check_recovery_in(Duration delay) {
    if (recovery_check_ != TimerId::kNone || stopped_) {
      return;
    }
    recovery_check_ = environment_.loop.schedule(delay, [this] {
      recovery_check_ = TimerId::kNone;
      if (open_.empty()) {
        return;  // the next poll that is sent brings the next look
      }
      const Duration age = environment_.loop.clock().steady_now() - open_.front()->sent;  // the oldest
      if (age >= kPollWorksAge) {
        tell_recovery();
      } else {
        check_recovery_in(kPollWorksAge - age);
      }
    });
  }

  // Sends no poll for `delay`.
  void pause(Duration delay) {
    if (stopped_ || retry_ != TimerId::kNone || delay == Duration::zero() || delay == Duration::max()) {
      return;
    }
    retry_ = environment_.loop.schedule(delay, [this] {
      retry_ = TimerId::kNone;
      fill();
    });
  }

  PollerEnvironment environment_;
  std::string what_;
  QueueReadiness& readiness_;
  RateLimit rate_;
  Slots& slots_;
  std::size_t polls_max_;
  typename Rpc::Request request_;
  std::function<void(Response)> on_task_;
  std::vector<std::shared_ptr<OpenPoll>> open_;
  PollBackoff backoff_{entropy_stream()};
  TimerId retry_ = TimerId::kNone;
  TimerId recovery_check_ = TimerId::kNone;
  bool stopped_ = false;
};

}  // namespace lifecycle::worker
