#include "rpc/diagnosing_workflow_service.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

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
    } else if (waiting_ != nullptr) {
      done(std::move(status));
    } else {
      begin(std::move(status), std::move(done));
    }
  }

  void begin(Status status, Done done) {
    status_ = std::move(status);
    waiting_ = std::move(done);
    thread_ = std::jthread([this, &loop = loop_, weak = weak_from_this()](const std::stop_token& stop) {
      std::optional<Error> diagnosis = diagnose_(stop);  // the destructor waits for this thread
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
    attach(status_, diagnosis_);
    Done done = std::exchange(waiting_, nullptr);
    done(std::move(status_));
  }

  friend class DiagnosingWorkflowService;

  EventLoop& loop_;
  Diagnose diagnose_;
  std::optional<Error> diagnosis_;
  std::optional<SteadyTime> made_at_;
  Status status_;  // of the call that waits
  Done waiting_;   // its end, or null
  std::jthread thread_;
};

DiagnosingWorkflowService::DiagnosingWorkflowService(std::unique_ptr<WorkflowService> inner, EventLoop& loop, Diagnose diagnose)
    : inner_(std::move(inner)), state_(std::make_shared<State>(loop, std::move(diagnose))) {}

DiagnosingWorkflowService::~DiagnosingWorkflowService() {
  if (state_->thread_.joinable()) {
    state_->thread_.request_stop();
    state_->thread_.join();
  }
  if (state_->waiting_ != nullptr) {
    state_->loop_.post([done = std::move(state_->waiting_), status = std::move(state_->status_)]() mutable { done(std::move(status)); });
    state_->waiting_ = nullptr;
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
