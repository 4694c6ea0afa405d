#include "cli/describe/story_watch.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/check.h"
#include "history/history_reader.h"
#include "rpc/status.h"

namespace lifecycle::cli {
namespace {

constexpr Duration kSampleInterval = std::chrono::milliseconds(250);
constexpr Duration kSampleIntervalOfLargeHistory = std::chrono::seconds(1);
constexpr int kLargeHistoryEvents = 5000;  // from here on telling the story anew costs milliseconds

}  // namespace

class StoryWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(rpc::WorkflowService& service, EventLoop& loop, RunFeed::Target target, WatchHandlers handlers)
      : service_(service), loop_(loop), target_(std::move(target)), handlers_(std::move(handlers)) {}

  void start() {
    feed_.emplace(service_, loop_, target_,
                  RunFeed::Handlers{
                      .on_events =
                          [weak = weak_from_this()](const auto& events, bool) {
                            const std::shared_ptr<Impl> self = weak.lock();
                            return self ? self->on_events(events) : RunFeed::Next::kStop;
                          },
                      .on_sample =
                          [weak = weak_from_this()](const auto& reply) {
                            const std::shared_ptr<Impl> self = weak.lock();
                            return self ? self->on_sample(reply) : Duration::zero();
                          },
                  });
  }

  void stop() { feed_.reset(); }

  [[nodiscard]] const std::optional<Result<Story>>& end() const { return end_; }

 private:
  RunFeed::Next on_events(const google::protobuf::RepeatedPtrField<api::HistoryEvent>& events) {
    for (const api::HistoryEvent& event : events) {
      if (event.event_id() > last_event_id_) {
        last_event_id_ = event.event_id();
        *history_.add_events() = event;
      }
    }
    if (!is_over()) {
      return RunFeed::Next::kPoll;
    }
    tell();
    return RunFeed::Next::kStop;
  }

  Duration on_sample(const rpc::Reply<rpc::DescribeWorkflowExecution>& reply) {
    if (!reply && !is_away(reply.error())) {
      end(std::unexpected(rpc::to_error(reply.error(), fmt::format("describe workflow '{}'", target_.workflow_id))));
      return Duration::zero();
    }
    if (const bool away = !reply; away != server_away_) {
      server_away_ = away;
      handlers_.on_server(away ? reply.error().message : "");
    }
    if (reply) {
      description_ = **reply;
      tell();
    }
    return history_.events_size() > kLargeHistoryEvents ? kSampleIntervalOfLargeHistory : kSampleInterval;
  }

  [[nodiscard]] bool is_over() const {
    return history_.events_size() > 0 && history::is_final_event(history_.events(history_.events_size() - 1).event_type());
  }

  // Both are needed, and history to its present end: a story of its first page would tell of what is long over.
  void tell() {
    if (!description_ || history_.events_size() == 0 || history_.events_size() < description_->workflow_execution_info().history_length()) {
      return;
    }
    Story story = make_story(history_, &*description_, handlers_.faults(), loop_.clock().wall_now());
    story.name_space = target_.name_space;
    handlers_.on_story(story);
    if (is_over()) {
      end(std::move(story));
    }
  }

  void end(Result<Story> how) {
    end_ = std::move(how);
    feed_->stop();
  }

  rpc::WorkflowService& service_;
  EventLoop& loop_;
  RunFeed::Target target_;
  WatchHandlers handlers_;

  api::History history_;
  std::int64_t last_event_id_ = 0;
  std::optional<rpc::DescribeWorkflowExecution::Response> description_;
  std::optional<Result<Story>> end_;
  std::optional<RunFeed> feed_;
  bool server_away_ = false;
};

StoryWatch::StoryWatch(rpc::WorkflowService& service, EventLoop& loop, RunFeed::Target target, WatchHandlers handlers)
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
