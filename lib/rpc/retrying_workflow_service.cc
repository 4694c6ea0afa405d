#include "rpc/retrying_workflow_service.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;

constexpr int kTriesMax = 10;
constexpr double kJitter = 0.2;

struct Backoff {
  Duration initial;
  double coefficient;
  Duration maximum;

  // The wait before try number `tries_so_far` + 1, without jitter.
  [[nodiscard]] Duration after(int tries_so_far) const {
    const double wanted = static_cast<double>(initial.count()) * std::pow(coefficient, tries_so_far - 1);
    return Duration(static_cast<Duration::rep>(std::min(wanted, static_cast<double>(maximum.count()))));
  }
};
constexpr Backoff kNormalBackoff{.initial = 100ms, .coefficient = 1.7, .maximum = 5s};
constexpr Backoff kResourceExhaustedBackoff{.initial = 1s, .coefficient = 2.0, .maximum = 10s};

// One call and its tries. It owns what it needs of the service above, so that it may outlive it.
class RetryingCall final : public Call, public std::enable_shared_from_this<RetryingCall> {
 public:
  struct Target {
    std::shared_ptr<WorkflowService> service;
    Method method;
    RequestPtr request;
    ResponsePtr response;
  };

  RetryingCall(Target target, EventLoop& loop, RandomStream random, Duration timeout, Done done)
      : target_(std::move(target)), loop_(loop), random_(random), deadline_(loop.clock().steady_now() + timeout), done_(std::move(done)) {}

  void try_now() {
    waiting_ = TimerId::kNone;
    ++tries_;
    attempt_ = target_.service->start(target_.method, target_.request, target_.response, {.timeout = time_left()},
                                      [self = shared_from_this()](Status status) { self->on_attempt(std::move(status)); });
  }

  void cancel() override {
    if (cancelled_ || done_ == nullptr) {
      return;
    }
    cancelled_ = true;
    if (waiting_ == TimerId::kNone) {
      attempt_->cancel();
      return;
    }
    loop_.cancel(std::exchange(waiting_, TimerId::kNone));
    loop_.post([self = shared_from_this()] { self->finish({.code = StatusCode::kCancelled, .message = "cancelled between two tries"}); });
  }

 private:
  void on_attempt(Status status) {
    attempt_.reset();
    if (cancelled_ || !is_transient(status) || tries_ == kTriesMax) {
      finish(std::move(status));
      return;
    }
    const Duration wait = wait_after(status);
    if (wait >= time_left()) {
      finish(std::move(status));
      return;
    }
    waiting_ = loop_.schedule(wait, [self = shared_from_this()] { self->try_now(); });
  }

  Duration wait_after(const Status& status) {
    Duration wait = kNormalBackoff.after(tries_);
    if (status.code == StatusCode::kResourceExhausted) {
      wait = std::max(wait, kResourceExhaustedBackoff.after(++refusals_));
    }
    const double factor = 1.0 - kJitter + 2.0 * kJitter * random_.unit();
    return Duration(static_cast<Duration::rep>(static_cast<double>(wait.count()) * factor));
  }

  [[nodiscard]] Duration time_left() const { return deadline_ - loop_.clock().steady_now(); }

  void finish(Status status) {
    Done done = std::exchange(done_, nullptr);
    done(std::move(status));
  }

  Target target_;
  EventLoop& loop_;
  RandomStream random_;
  SteadyTime deadline_;
  Done done_;
  CallHandle attempt_;  // under way, or null
  TimerId waiting_ = TimerId::kNone;
  int tries_ = 0;
  int refusals_ = 0;  // RESOURCE_EXHAUSTED so far
  bool cancelled_ = false;
};

}  // namespace

CallHandle RetryingWorkflowService::start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) {
  if (method.retry != RetryClass::kNormal) {
    return inner_->start(method, std::move(request), std::move(response), options, std::move(done));
  }
  auto call = std::make_shared<RetryingCall>(
      RetryingCall::Target{.service = inner_, .method = method, .request = std::move(request), .response = std::move(response)}, loop_,
      RandomStream(random_.next()), options.timeout, std::move(done));
  call->try_now();
  return call;
}

}  // namespace lifecycle::rpc
