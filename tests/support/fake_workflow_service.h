// A Temporal server that a test plays itself.
//
//   FakeWorkflowService server(loop);
//   server.on<rpc::StartWorkflowExecution>([](const auto& request, const auto& answer) { answer.with(response_for(request)); });
//   server.answer_next<rpc::PollWorkflowTaskQueue>(task);          // a poll that waits already, or the next one
//   EXPECT_EQ(server.requests<rpc::RespondWorkflowTaskCompleted>().size(), 1);
//
// Calls are told apart by their method's name. A call without a handler waits until answer_next() or fail_next() answers it, which is how a
// test holds long polls; it ends by itself only when it is cancelled or its time-out elapses on the loop's clock.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/event_loop.h"
#include "rpc/workflow_service.h"

namespace lifecycle::test {

// One call that the fake was asked to make. All members on the loop's thread.
class FakeCall final : public rpc::Call, public std::enable_shared_from_this<FakeCall> {
 public:
  FakeCall(EventLoop& loop, rpc::RequestPtr request, rpc::ResponsePtr response, rpc::CallOptions options, rpc::Done done)
      : loop_(loop), request_(std::move(request)), response_(std::move(response)), options_(options), done_(std::move(done)) {}

  void cancel() override { end({.code = rpc::StatusCode::kCancelled, .message = "cancelled by the caller"}); }
  // The first end counts; later ones do nothing. The caller hears of it in a task of its own.
  void end(rpc::Status status) {
    if (ended_) {
      return;
    }
    ended_ = true;
    loop_.cancel(timeout_);
    loop_.post([self = shared_from_this(), status = std::move(status)]() mutable {
      rpc::Done done = std::exchange(self->done_, nullptr);
      done(std::move(status));
    });
  }
  void start_timeout() {
    timeout_ = loop_.schedule(options_.timeout, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->end({.code = rpc::StatusCode::kDeadlineExceeded, .message = "the fake's time-out elapsed"});
      }
    });
  }

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const google::protobuf::MessageLite& request() const { return *request_; }
  [[nodiscard]] google::protobuf::MessageLite& response() { return *response_; }
  [[nodiscard]] rpc::CallOptions options() const { return options_; }

 private:
  EventLoop& loop_;
  rpc::RequestPtr request_;
  rpc::ResponsePtr response_;
  rpc::CallOptions options_;
  rpc::Done done_;
  TimerId timeout_ = TimerId::kNone;
  bool ended_ = false;
};

// Answers one call, now or later; may be copied and kept.
template <class Rpc>
class Answer {
 public:
  explicit Answer(std::shared_ptr<FakeCall> call) : call_(std::move(call)) {}

  void with(const typename Rpc::Response& response) const {
    if (!call_->ended()) {
      static_cast<typename Rpc::Response&>(call_->response()) = response;
      call_->end({});
    }
  }
  void fail(rpc::Status status) const { call_->end(std::move(status)); }
  // Also when it was cancelled or timed out.
  [[nodiscard]] bool ended() const { return call_->ended(); }
  [[nodiscard]] rpc::CallOptions options() const { return call_->options(); }

 private:
  std::shared_ptr<FakeCall> call_;
};

class FakeWorkflowService final : public rpc::WorkflowService {
 public:
  // `loop` outlives the service.
  explicit FakeWorkflowService(EventLoop& loop) : loop_(loop) {}

  // From now on each call of Rpc goes to `handler`, from inside start().
  template <class Rpc>
  void on(std::function<void(const typename Rpc::Request& request, const Answer<Rpc>& answer)> handler) {
    method<Rpc>().handler = [handler = std::move(handler)](const std::shared_ptr<FakeCall>& call) {
      handler(static_cast<const typename Rpc::Request&>(call->request()), Answer<Rpc>(call));
    };
  }
  // From now on each call of Rpc gets the same answer.
  template <class Rpc>
  void always_answer(typename Rpc::Response response = {}) {
    on<Rpc>([response = std::move(response)](const auto&, const Answer<Rpc>& answer) { answer.with(response); });
  }
  template <class Rpc>
  void always_fail(rpc::Status status) {
    on<Rpc>([status = std::move(status)](const auto&, const Answer<Rpc>& answer) { answer.fail(status); });
  }

  // Answers the oldest call of Rpc that waits, or else the next one that comes, before any handler sees it.
  template <class Rpc>
  void answer_next(typename Rpc::Response response) {
    next<Rpc>([response = std::move(response)](const std::shared_ptr<FakeCall>& call) { Answer<Rpc>(call).with(response); });
  }
  template <class Rpc>
  void fail_next(rpc::Status status) {
    next<Rpc>([status = std::move(status)](const std::shared_ptr<FakeCall>& call) { call->end(status); });
  }

  // All requests of Rpc so far, in order.
  template <class Rpc>
  [[nodiscard]] std::vector<typename Rpc::Request> requests() {
    std::vector<typename Rpc::Request> all;
    for (const rpc::RequestPtr& request : method<Rpc>().requests) {
      all.push_back(static_cast<const typename Rpc::Request&>(*request));
    }
    return all;
  }
  template <class Rpc>
  [[nodiscard]] typename Rpc::Request last_request() {
    check(!method<Rpc>().requests.empty(), "no such call was made");
    return static_cast<const typename Rpc::Request&>(*method<Rpc>().requests.back());
  }
  // Calls of Rpc that have no handler and no answer yet.
  template <class Rpc>
  [[nodiscard]] std::size_t waiting() {
    forget_ended(method<Rpc>());
    return method<Rpc>().waiting.size();
  }

  [[nodiscard]] rpc::CallHandle start(const rpc::Method& descriptor, rpc::RequestPtr request, rpc::ResponsePtr response,
                                      rpc::CallOptions options, rpc::Done done) override {
    FakeMethod& called = methods_[std::string(descriptor.name)];
    called.requests.push_back(request);
    auto call = std::make_shared<FakeCall>(loop_, std::move(request), std::move(response), options, std::move(done));
    call->start_timeout();
    if (!called.scripted.empty()) {
      const auto answer = std::move(called.scripted.front());
      called.scripted.pop_front();
      answer(call);
    } else if (called.handler) {
      called.handler(call);
    } else {
      called.waiting.push_back(call);
    }
    return call;
  }

 private:
  using Handler = std::function<void(const std::shared_ptr<FakeCall>&)>;

  struct FakeMethod {
    Handler handler;
    std::deque<Handler> scripted;  // for the next calls, one each
    std::deque<std::shared_ptr<FakeCall>> waiting;
    std::vector<rpc::RequestPtr> requests;
  };

  template <class Rpc>
  FakeMethod& method() {
    return methods_[std::string(Rpc::kMethod.name)];
  }

  static void forget_ended(FakeMethod& method) {
    std::erase_if(method.waiting, [](const std::shared_ptr<FakeCall>& call) { return call->ended(); });
  }

  template <class Rpc>
  void next(Handler answer) {
    FakeMethod& called = method<Rpc>();
    forget_ended(called);
    if (called.waiting.empty()) {
      called.scripted.push_back(std::move(answer));
      return;
    }
    const std::shared_ptr<FakeCall> call = called.waiting.front();
    called.waiting.pop_front();
    answer(call);
  }

  EventLoop& loop_;
  std::map<std::string, FakeMethod> methods_;
};

}  // namespace lifecycle::test
