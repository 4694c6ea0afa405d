#include "cli/run_feed.h"

#include <utility>

namespace lifecycle::cli {
namespace {

using rpc::DescribeWorkflowExecution;
using rpc::WaitForWorkflowExecutionHistory;

constexpr Duration kLongPollTimeout = std::chrono::seconds(70);  // the server answers after 60 at the latest
constexpr Duration kSampleTimeout = std::chrono::seconds(5);
constexpr Duration kRetryDelay = std::chrono::seconds(1);

}  // namespace

bool is_away(const rpc::Status& status) {
  return status.code == rpc::StatusCode::kUnavailable || status.code == rpc::StatusCode::kDeadlineExceeded;
}

class RunFeed::Impl : public std::enable_shared_from_this<Impl> {
  // A callback that does nothing once this object is gone, or was stopped.
  template <class Function>
  auto guarded(Function function) {
    return [weak = weak_from_this(), function = std::move(function)](auto... arguments) mutable {
      if (const std::shared_ptr<Impl> self = weak.lock(); self && !self->stopped_) {
        function(*self, std::move(arguments)...);
      }
    };
  }

 public:
  Impl(rpc::WorkflowService& service, EventLoop& loop, Target target, Handlers handlers)
      : service_(service), loop_(loop), target_(std::move(target)), handlers_(std::move(handlers)) {}

  void start() {
    poll_history();
    sample();
  }

  void stop() {
    stopped_ = true;
    loop_.cancel(sample_timer_);
    loop_.cancel(history_timer_);
    for (const rpc::CallHandle& call : {sample_call_, history_call_}) {
      if (call != nullptr) {
        call->cancel();
      }
    }
  }

 private:
  template <class Request>
  Request request_for_run() const {
    Request request;
    request.set_namespace_(target_.name_space);
    request.mutable_execution()->set_workflow_id(target_.workflow_id);
    request.mutable_execution()->set_run_id(target_.run_id);
    return request;
  }

  void poll_history() {
    auto request = request_for_run<WaitForWorkflowExecutionHistory::Request>();
    request.set_wait_new_event(true);
    request.set_next_page_token(history_token_);
    history_call_ = service_.call<WaitForWorkflowExecutionHistory>(
        std::move(request), {.timeout = kLongPollTimeout},
        guarded([](Impl& self, rpc::Reply<WaitForWorkflowExecutionHistory> reply) { self.on_history(reply); }));
  }

  void poll_history_later() {
    history_timer_ = loop_.schedule(kRetryDelay, guarded([](Impl& self) { self.poll_history(); }));
  }

  void on_history(const rpc::Reply<WaitForWorkflowExecutionHistory>& reply) {
    if (!reply) {
      history_token_.clear();
      poll_history_later();
      return;
    }
    history_token_ = (*reply)->next_page_token();
    const bool at_end = history_token_.empty();
    if (handlers_.on_events((*reply)->history().events(), at_end) == Next::kStop || stopped_) {
      return;
    }
    if (at_end) {
      poll_history_later();
    } else {
      poll_history();
    }
  }

  void sample() {
    sample_call_ = service_.call<DescribeWorkflowExecution>(
        request_for_run<DescribeWorkflowExecution::Request>(), {.timeout = kSampleTimeout},
        guarded([](Impl& self, rpc::Reply<DescribeWorkflowExecution> reply) { self.on_sample(reply); }));
  }

  void on_sample(const rpc::Reply<DescribeWorkflowExecution>& reply) {
    const Duration interval = handlers_.on_sample(reply);
    if (!stopped_) {
      sample_timer_ = loop_.schedule(interval, guarded([](Impl& self) { self.sample(); }));
    }
  }

  rpc::WorkflowService& service_;
  EventLoop& loop_;
  Target target_;
  Handlers handlers_;

  rpc::CallHandle sample_call_;
  rpc::CallHandle history_call_;
  TimerId sample_timer_ = TimerId::kNone;
  TimerId history_timer_ = TimerId::kNone;
  std::string history_token_;
  bool stopped_ = false;
};

RunFeed::RunFeed(rpc::WorkflowService& service, EventLoop& loop, Target target, Handlers handlers)
    : impl_(std::make_shared<Impl>(service, loop, std::move(target), std::move(handlers))) {
  impl_->start();
}

RunFeed::~RunFeed() { impl_->stop(); }

void RunFeed::stop() { impl_->stop(); }

}  // namespace lifecycle::cli
