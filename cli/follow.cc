#include "cli/follow.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "rpc/methods.h"

namespace lifecycle::cli {
namespace {

using rpc::DescribeWorkflowExecution;
using rpc::WaitForWorkflowExecutionHistory;

constexpr Duration kLongPollTimeout = std::chrono::seconds(70);  // the server answers after 60 at the latest
constexpr Duration kSampleTimeout = std::chrono::seconds(5);
constexpr Duration kRetryDelay = std::chrono::seconds(1);

bool is_away(const rpc::Status& status) {
  return status.code == rpc::StatusCode::kUnavailable || status.code == rpc::StatusCode::kDeadlineExceeded;
}

}  // namespace

class RunFollower::Impl : public std::enable_shared_from_this<Impl> {
  // A callback that does nothing once this object is gone.
  template <class Function>
  auto guarded(Function function) {
    return [weak = weak_from_this(), function = std::move(function)](auto... arguments) mutable {
      if (const std::shared_ptr<Impl> self = weak.lock(); self && !self->ended_) {
        function(*self, std::move(arguments)...);
      }
    };
  }

 public:
  Impl(rpc::WorkflowService& service, EventLoop& loop, FollowTarget target, RunObserver& observer, FollowOptions options)
      : service_(service),
        loop_(loop),
        target_(std::move(target)),
        observer_(observer),
        options_(options),
        stall_(options.stall_patience) {}

  void start() {
    watch_.emplace(
        service_, loop_,
        client::OutcomeWatch::Target{.name_space = target_.name_space, .workflow_id = target_.workflow_id, .run_id = target_.run_id},
        Duration::zero(), guarded([](Impl& self, Result<client::WorkflowOutcome> outcome) { self.on_outcome(std::move(outcome)); }));
    poll_history();
    sample();
  }

  void stop() {
    watch_.reset();
    loop_.cancel(sample_timer_);
    loop_.cancel(history_timer_);
    loop_.cancel(end_timer_);
    for (const rpc::CallHandle& call : {sample_call_, history_call_}) {
      if (call != nullptr) {
        call->cancel();
      }
    }
  }

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const std::optional<Result<client::WorkflowOutcome>>& outcome() const { return outcome_; }
  [[nodiscard]] const RunSteps& steps() const { return changes_.steps(); }

 private:
  void tell(const std::vector<RunChange>& changes) {
    for (const RunChange& change : changes) {
      observer_.on_change(change);
    }
  }

  void tell(ChangeKind kind, std::string message = {}) {
    observer_.on_change({.kind = kind, .time = loop_.clock().wall_now(), .message = std::move(message)});
  }

  void poll_history() {
    WaitForWorkflowExecutionHistory::Request request;
    request.set_namespace_(target_.name_space);
    request.mutable_execution()->set_workflow_id(target_.workflow_id);
    request.mutable_execution()->set_run_id(target_.run_id);
    request.set_wait_new_event(true);
    request.set_next_page_token(history_token_);
    history_call_ = service_.call<WaitForWorkflowExecutionHistory>(
        std::move(request), {.timeout = kLongPollTimeout},
        guarded([](Impl& self, rpc::Reply<WaitForWorkflowExecutionHistory> reply) { self.on_history(reply); }));
  }

  void on_history(const rpc::Reply<WaitForWorkflowExecutionHistory>& reply) {
    if (!reply) {
      // From the start again: a page token may not survive a restart of the server, and events that were told already are not told twice.
      // What is wrong for good ends the outcome's watch as well.
      history_token_.clear();
      history_timer_ = loop_.schedule(kRetryDelay, guarded([](Impl& self) { self.poll_history(); }));
      return;
    }
    tell(changes_.apply_history((*reply)->history().events()));
    history_token_ = (*reply)->next_page_token();
    if (!history_token_.empty()) {
      poll_history();
      return;
    }
    history_complete_ = true;
    if (outcome_) {
      ended_ = true;
    }
  }

  void sample() {
    DescribeWorkflowExecution::Request request;
    request.set_namespace_(target_.name_space);
    request.mutable_execution()->set_workflow_id(target_.workflow_id);
    request.mutable_execution()->set_run_id(target_.run_id);
    sample_call_ = service_.call<DescribeWorkflowExecution>(
        std::move(request), {.timeout = kSampleTimeout},
        guarded([](Impl& self, rpc::Reply<DescribeWorkflowExecution> reply) { self.on_sample(reply); }));
  }

  void on_sample(const rpc::Reply<DescribeWorkflowExecution>& reply) {
    if (const bool away = !reply && is_away(reply.error()); away != server_away_) {
      server_away_ = away;
      tell(away ? ChangeKind::kServerAway : ChangeKind::kServerBack, away ? reply.error().message : "");
    }
    const WallTime now = loop_.clock().wall_now();
    if (reply) {
      tell(changes_.apply_sample((*reply)->pending_activities(), now));
      if (const std::optional<std::string> stalled = stall_.apply(**reply, loop_.clock().steady_now())) {
        tell(ChangeKind::kNoWorker, fmt::format("no worker has taken {} from task queue '{}' yet", *stalled, target_.task_queue));
      }
    }
    observer_.on_sample(changes_.steps(), now);
    sample_timer_ = loop_.schedule(options_.sample_interval, guarded([](Impl& self) { self.sample(); }));
  }

  void on_outcome(Result<client::WorkflowOutcome> outcome) {
    const bool known = outcome.has_value();
    outcome_ = std::move(outcome);
    if (!known || history_complete_) {
      ended_ = true;
      return;
    }
    end_timer_ = loop_.schedule(options_.last_events_wait, guarded([](Impl& self) { self.ended_ = true; }));
  }

  rpc::WorkflowService& service_;
  EventLoop& loop_;
  FollowTarget target_;
  RunObserver& observer_;
  FollowOptions options_;

  RunChanges changes_;
  StallDetector stall_;
  std::optional<client::OutcomeWatch> watch_;
  std::optional<Result<client::WorkflowOutcome>> outcome_;
  rpc::CallHandle sample_call_;
  rpc::CallHandle history_call_;
  TimerId sample_timer_ = TimerId::kNone;
  TimerId history_timer_ = TimerId::kNone;
  TimerId end_timer_ = TimerId::kNone;
  std::string history_token_;
  bool history_complete_ = false;
  bool server_away_ = false;
  bool ended_ = false;
};

RunFollower::RunFollower(rpc::WorkflowService& service, EventLoop& loop, FollowTarget target, RunObserver& observer, FollowOptions options)
    : impl_(std::make_shared<Impl>(service, loop, std::move(target), observer, options)) {
  impl_->start();
}

RunFollower::~RunFollower() { impl_->stop(); }

bool RunFollower::ended() const { return impl_->ended(); }

const Result<client::WorkflowOutcome>& RunFollower::outcome() const {
  check(impl_->outcome().has_value(), "the outcome is asked for before the run has ended");
  return *impl_->outcome();
}

const RunSteps& RunFollower::steps() const { return impl_->steps(); }

}  // namespace lifecycle::cli
