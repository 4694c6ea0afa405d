#include "client/outcome_watch.h"

#include <fmt/format.h>

#include <utility>

#include "base/duration.h"
#include "rpc/methods.h"

namespace lifecycle::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLongPollTimeout = 70s;  // the server answers after 60 s at the latest
constexpr Duration kServerAwayWait = 1s;    // on top of the retries of a single call

// The end of one run, and the run that goes on from there, if any.
struct RunEnd {
  WorkflowOutcome outcome;
  std::string next_run_id = {};
};

// What a close event says, or nothing if `event` is not one.
std::optional<RunEnd> run_end_of(const api::HistoryEvent& event) {
  namespace enums = temporal::api::enums::v1;
  switch (event.event_type()) {
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED: {
      const auto& attributes = event.workflow_execution_completed_event_attributes();
      return RunEnd{.outcome = {.status = enums::WORKFLOW_EXECUTION_STATUS_COMPLETED, .result = attributes.result()},
                    .next_run_id = attributes.new_execution_run_id()};
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_FAILED: {
      const auto& attributes = event.workflow_execution_failed_event_attributes();
      return RunEnd{.outcome = {.status = enums::WORKFLOW_EXECUTION_STATUS_FAILED, .failure = attributes.failure()},
                    .next_run_id = attributes.new_execution_run_id()};
    }
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
      return RunEnd{.outcome = {.status = enums::WORKFLOW_EXECUTION_STATUS_TIMED_OUT},
                    .next_run_id = event.workflow_execution_timed_out_event_attributes().new_execution_run_id()};
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
      return RunEnd{.outcome = {.status = enums::WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW},
                    .next_run_id = event.workflow_execution_continued_as_new_event_attributes().new_execution_run_id()};
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
      return RunEnd{.outcome = {.status = enums::WORKFLOW_EXECUTION_STATUS_CANCELED}};
    case enums::EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED: {
      RunEnd end{.outcome = {.status = enums::WORKFLOW_EXECUTION_STATUS_TERMINATED}};
      // The reason stands in the event alone, and a failure is how outcomes tell reasons.
      end.outcome.failure.emplace().set_message(event.workflow_execution_terminated_event_attributes().reason());
      end.outcome.failure->mutable_terminated_failure_info();
      return end;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

// Shared with the callbacks of its calls and timers, which hold it weakly: with the watch gone they have nothing left to do.
class OutcomeWatch::Poller : public std::enable_shared_from_this<Poller> {
 public:
  Poller(rpc::WorkflowService& service, EventLoop& loop, Target target, Done done)
      : service_(service), loop_(loop), target_(std::move(target)), done_(std::move(done)) {}

  void begin(Duration timeout) {
    if (timeout > Duration::zero()) {
      timeout_timer_ = loop_.schedule(timeout, [weak = weak_from_this(), timeout] {
        if (const auto self = weak.lock()) {
          self->finish(fail(ErrorCode::kDeadlineExceeded, fmt::format("{}: not ended after {}", self->name(), format_duration(timeout)),
                            "the workflow goes on; wait longer, or describe it to see where it stands"));
        }
      });
    }
    poll();
  }

  void cancel() {
    if (done_ != nullptr) {
      loop_.post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
          self->finish(fail(ErrorCode::kCancelled, self->name() + ": no longer waited for"));
        }
      });
    }
  }

  void stop() {
    done_ = nullptr;
    loop_.cancel(timeout_timer_);
    loop_.cancel(wait_timer_);
    if (call_) {
      std::exchange(call_, nullptr)->cancel();
    }
  }

 private:
  using Poll = rpc::WaitForWorkflowExecutionHistory;

  void poll() {
    Poll::Request request;
    request.set_namespace_(target_.name_space);
    request.mutable_execution()->set_workflow_id(target_.workflow_id);
    request.mutable_execution()->set_run_id(target_.run_id);
    request.set_wait_new_event(true);
    request.set_history_event_filter_type(temporal::api::enums::v1::HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT);
    request.set_skip_archival(true);
    request.set_next_page_token(next_page_token_);
    call_ = service_.call<Poll>(std::move(request), {.timeout = kLongPollTimeout}, [weak = weak_from_this()](rpc::Reply<Poll> reply) {
      if (const auto self = weak.lock(); self && self->done_ != nullptr) {
        self->on_reply(reply);
      }
    });
  }

  void on_reply(const rpc::Reply<Poll>& reply) {
    call_ = nullptr;
    if (!reply) {
      on_failure(reply.error());
      return;
    }
    server_has_answered_ = true;
    const Poll::Response& response = **reply;
    next_page_token_ = response.next_page_token();
    if (response.history().events().empty()) {
      poll();  // nothing new within the server's minute
      return;
    }
    std::optional<RunEnd> end = run_end_of(*response.history().events().rbegin());
    if (!end) {
      poll();
      return;
    }
    if (!end->next_run_id.empty()) {
      target_.run_id = end->next_run_id;
      next_page_token_.clear();
      poll();
      return;
    }
    end->outcome.run_id = target_.run_id;
    finish(std::move(end->outcome));
  }

  void on_failure(const rpc::Status& status) {
    const bool may_pass = rpc::is_transient(status) || status.code == rpc::StatusCode::kDeadlineExceeded;
    if (!server_has_answered_ || !may_pass) {
      finish(std::unexpected(rpc::to_error(status, name())));
      return;
    }
    wait_timer_ = loop_.schedule(kServerAwayWait, [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && self->done_ != nullptr) {
        self->poll();
      }
    });
  }

  void finish(Result<WorkflowOutcome> outcome) {
    if (done_ == nullptr) {
      return;
    }
    Done done = std::move(done_);
    stop();
    done(std::move(outcome));
  }

  [[nodiscard]] std::string name() const { return fmt::format("wait for workflow '{}'", target_.workflow_id); }

  rpc::WorkflowService& service_;
  EventLoop& loop_;
  Target target_;
  Done done_;  // null once it has run, or is not to run any more
  std::string next_page_token_;
  bool server_has_answered_ = false;
  rpc::CallHandle call_;  // under way, or null
  TimerId timeout_timer_ = TimerId::kNone;
  TimerId wait_timer_ = TimerId::kNone;
};

OutcomeWatch::OutcomeWatch(rpc::WorkflowService& service, EventLoop& loop, Target target, Duration timeout, Done done)
    : poller_(std::make_shared<Poller>(service, loop, std::move(target), std::move(done))) {
  poller_->begin(timeout);
}

OutcomeWatch::~OutcomeWatch() { poller_->stop(); }

void OutcomeWatch::cancel() { poller_->cancel(); }

}  // namespace lifecycle::client
