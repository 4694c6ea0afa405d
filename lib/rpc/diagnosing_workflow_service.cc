#include "rpc/diagnosing_workflow_service.h"

#include <fmt/format.h>

#include <thread>
#include <utility>
#include <vector>

namespace lifecycle::rpc {
namespace {

constexpr Duration kDiagnosisAgeMax = std::chrono::seconds(10);

void attach(Status& status, const std::optional<Error>& diagnosis) {
  status.diagnosis = diagnosis;
  if (diagnosis) {
    status.message = fmt::format("{} (gRPC: {})", diagnosis->message, status.message);
  }
}

}  // namespace

// Outlived by calls that are under way: they find out that it is gone, and pass their status on as it is.
class DiagnosingWorkflowService::State : public std::enable_shared_from_this<State> {
 public:
  State(EventLoop& loop, Diagnose diagnose) : loop_(loop), diagnose_(std::move(diagnose)) {}

  void on_end(Status status, Done done) {
    if (status.code == StatusCode::kUnavailable) {
      on_unavailable(std::move(status), std::move(done));
      return;
    }
    if (status.ok()) {
      made_at_.reset();
    }
    done(std::move(status));
  }

 private:
  void on_unavailable(Status status, Done done) {
    const SteadyTime now = loop_.clock().steady_now();
    if (made_at_ && now - *made_at_ < kDiagnosisAgeMax) {
      attach(status, diagnosis_);
      done(std::move(status));
      return;
    }
    waiting_.push_back({.status = std::move(status), .done = std::move(done)});
    if (waiting_.size() == 1) {
      begin();
    }
  }

  void begin() {
    thread_ = std::jthread([this, &loop = loop_, weak = weak_from_this()](const std::stop_token& stop) {
      std::optional<Error> diagnosis = diagnose_(stop);  // the service's destructor waits for this thread
      loop.post([weak, diagnosis = std::move(diagnosis)]() mutable {
        if (const std::shared_ptr<State> self = weak.lock()) {
          self->finish(std::move(diagnosis));
        }
      });
    });
  }

  void finish(std::optional<Error> diagnosis) {
    diagnosis_ = std::move(diagnosis);
    made_at_ = loop_.clock().steady_now();
    for (EndedCall& call : std::exchange(waiting_, {})) {
      attach(call.status, diagnosis_);
      call.done(std::move(call.status));
    }
  }

  struct EndedCall {
    Status status;
    Done done;
  };

  friend class DiagnosingWorkflowService;

  EventLoop& loop_;
  Diagnose diagnose_;
  std::optional<Error> diagnosis_;
  std::optional<SteadyTime> made_at_;
  std::vector<EndedCall> waiting_;  // not empty while a diagnosis is being made
  std::jthread thread_;
};

DiagnosingWorkflowService::DiagnosingWorkflowService(std::unique_ptr<WorkflowService> inner, EventLoop& loop, Diagnose diagnose)
    : inner_(std::move(inner)), state_(std::make_shared<State>(loop, std::move(diagnose))) {}

DiagnosingWorkflowService::~DiagnosingWorkflowService() {
  if (state_->thread_.joinable()) {
    state_->thread_.request_stop();
    state_->thread_.join();
  }
  for (State::EndedCall& call : std::exchange(state_->waiting_, {})) {
    state_->loop_.post([call = std::move(call)]() mutable { call.done(std::move(call.status)); });
  }
}

CallHandle DiagnosingWorkflowService::start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options,
                                            Done done) {
  return inner_->start(method, std::move(request), std::move(response), options,
                       [weak = std::weak_ptr<State>(state_), done = std::move(done)](Status status) mutable {
                         if (const std::shared_ptr<State> state = weak.lock()) {
                           state->on_end(std::move(status), std::move(done));
                         } else {
                           done(std::move(status));
                         }
                       });
}

}  // namespace lifecycle::rpc
