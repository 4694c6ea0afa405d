#include "cli/describe/story_watch.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/check.h"
#include "history/history_reader.h"
#include "rpc/methods.h"
#include "rpc/status.h"

namespace lifecycle::cli {
namespace {

using rpc::DescribeWorkflowExecution;
using rpc::WaitForWorkflowExecutionHistory;

constexpr Duration kLongPollTimeout = std::chrono::seconds(70);  // the server answers after 60 at the latest
constexpr Duration kSampleTimeout = std::chrono::seconds(5);
constexpr Duration kRetryDelay = std::chrono::seconds(1);
constexpr Duration kSampleInterval = std::chrono::milliseconds(250);
constexpr Duration kSampleIntervalOfLargeHistory = std::chrono::seconds(1);
constexpr int kLargeHistoryEvents = 5000;  // from here on telling the story anew costs milliseconds

bool is_away(const rpc::Status& status) {
  return status.code == rpc::StatusCode::kUnavailable || status.code == rpc::StatusCode::kDeadlineExceeded;
}

}  // namespace

class StoryWatch::Impl : public std::enable_shared_from_this<Impl> {
  // A callback that does nothing once this object is gone, or has ended.
  template <class Function>
  auto guarded(Function function) {
    return [weak = weak_from_this(), function = std::move(function)](auto... arguments) mutable {
      if (const std::shared_ptr<Impl> self = weak.lock(); self && !self->end_) {
        function(*self, std::move(arguments)...);
      }
    };
  }

 public:
  Impl(rpc::WorkflowService& service, EventLoop& loop, WatchTarget target, WatchHandlers handlers)
      : service_(service), loop_(loop), target_(std::move(target)), handlers_(std::move(handlers)) {}

  void start() {
    poll_history();
    sample();
  }

  void stop() {
    loop_.cancel(sample_timer_);
    loop_.cancel(history_timer_);
    for (const rpc::CallHandle& call : {sample_call_, history_call_}) {
      if (call != nullptr) {
        call->cancel();
      }
    }
  }

  [[nodiscard]] const std::optional<Result<Story>>& end() const { return end_; }

 private:
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
      // From the start again: a page token may not survive a restart of the server. Events that are there already are not taken twice.
      history_token_.clear();
      history_timer_ = loop_.schedule(kRetryDelay, guarded([](Impl& self) { self.poll_history(); }));
      return;
    }
    for (const api::HistoryEvent& event : (*reply)->history().events()) {
      if (event.event_id() > last_event_id_) {
        last_event_id_ = event.event_id();
        *history_.add_events() = event;
      }
    }
    history_token_ = (*reply)->next_page_token();
    const bool over = history_.events_size() > 0 && history::is_final_event(history_.events(history_.events_size() - 1).event_type());
    if (over) {
      tell();
    } else if (history_token_.empty()) {
      history_timer_ = loop_.schedule(kRetryDelay, guarded([](Impl& self) { self.poll_history(); }));
    } else {
      poll_history();
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
    if (!reply && !is_away(reply.error())) {
      end_ = std::unexpected(rpc::to_error(reply.error(), fmt::format("describe workflow '{}'", target_.workflow_id)));
      return;
    }
    if (const bool away = !reply; away != server_away_) {
      server_away_ = away;
      handlers_.on_server(away ? reply.error().message : "");
    }
    if (reply) {
      description_ = **reply;
      tell();
    }
    if (!end_) {
      const Duration interval = history_.events_size() > kLargeHistoryEvents ? kSampleIntervalOfLargeHistory : kSampleInterval;
      sample_timer_ = loop_.schedule(interval, guarded([](Impl& self) { self.sample(); }));
    }
  }

  // Both are needed, and history to its present end: a story of its first page would tell of what is long over.
  void tell() {
    if (!description_ || history_.events_size() == 0 || history_.events_size() < description_->workflow_execution_info().history_length()) {
      return;
    }
    Story story = make_story(history_, &*description_, handlers_.faults(), loop_.clock().wall_now());
    story.name_space = target_.name_space;
    const bool over = history::is_final_event(history_.events(history_.events_size() - 1).event_type());
    handlers_.on_story(story);
    if (over) {
      end_ = std::move(story);
    }
  }

  rpc::WorkflowService& service_;
  EventLoop& loop_;
  WatchTarget target_;
  WatchHandlers handlers_;

  api::History history_;
  std::int64_t last_event_id_ = 0;
  std::optional<DescribeWorkflowExecution::Response> description_;
  std::optional<Result<Story>> end_;
  rpc::CallHandle sample_call_;
  rpc::CallHandle history_call_;
  TimerId sample_timer_ = TimerId::kNone;
  TimerId history_timer_ = TimerId::kNone;
  std::string history_token_;
  bool server_away_ = false;
};

StoryWatch::StoryWatch(rpc::WorkflowService& service, EventLoop& loop, WatchTarget target, WatchHandlers handlers)
    : impl_(std::make_shared<Impl>(service, loop, std::move(target), std::move(handlers))) {
  impl_->start();
}

StoryWatch::~StoryWatch() { impl_->stop(); }

bool StoryWatch::ended() const { return impl_->end().has_value(); }

const Result<Story>& StoryWatch::story() const {
  check(impl_->end().has_value(), "the story is asked for before its end");
  return *impl_->end();
}

}  // namespace lifecycle::cli
