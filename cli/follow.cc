#include "cli/follow.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "cli/run_feed.h"

namespace lifecycle::cli {

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
    feed_.emplace(service_, loop_,
                  RunFeed::Target{.name_space = target_.name_space, .workflow_id = target_.workflow_id, .run_id = target_.run_id},
                  RunFeed::Handlers{
                      .on_events =
                          [weak = weak_from_this()](const auto& events, bool at_end) {
                            const std::shared_ptr<Impl> self = weak.lock();
                            return self ? self->on_events(events, at_end) : RunFeed::Next::kStop;
                          },
                      .on_sample =
                          [weak = weak_from_this()](const auto& reply) {
                            const std::shared_ptr<Impl> self = weak.lock();
                            return self ? self->on_sample(reply) : Duration::zero();
                          },
                  });
  }

  void stop() {
    watch_.reset();
    feed_.reset();
    loop_.cancel(end_timer_);
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

  RunFeed::Next on_events(const google::protobuf::RepeatedPtrField<api::HistoryEvent>& events, bool at_end) {
    tell(changes_.apply_history(events));
    if (!at_end) {
      return RunFeed::Next::kPoll;
    }
    history_complete_ = true;
    if (outcome_) {
      end();
    }
    return RunFeed::Next::kStop;
  }

  Duration on_sample(const rpc::Reply<rpc::DescribeWorkflowExecution>& reply) {
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
    return options_.sample_interval;
  }

  void on_outcome(Result<client::WorkflowOutcome> outcome) {
    const bool known = outcome.has_value();
    outcome_ = std::move(outcome);
    if (!known || history_complete_) {
      end();
      return;
    }
    end_timer_ = loop_.schedule(options_.last_events_wait, guarded([](Impl& self) { self.end(); }));
  }

  // What is wrong with the calls for good ends the outcome's watch as well, and so the feed.
  void end() {
    ended_ = true;
    feed_->stop();
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
  std::optional<RunFeed> feed_;
  TimerId end_timer_ = TimerId::kNone;
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
