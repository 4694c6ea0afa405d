#include "rpc/rotating_workflow_service.h"

#include <utility>

#include "rpc/credential_files.h"

namespace lifecycle::rpc {
namespace {

constexpr Duration kLookInterval = std::chrono::seconds(10);

bool is_refusal(StatusCode code) { return code == StatusCode::kUnauthenticated || code == StatusCode::kPermissionDenied; }

}  // namespace

// The connection in use. Calls that end after the service find it gone.
class RotatingWorkflowService::State {
 public:
  State(ConnectionOptions options, std::shared_ptr<WorkflowService> first, Connect connect, const Clock& clock, Logger logger)
      : options_(std::move(options)),
        service_(std::move(first)),
        connect_(std::move(connect)),
        clock_(clock),
        logger_(std::move(logger)),
        next_look_(clock.steady_now() + kLookInterval) {}

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] WorkflowService& service() const { return *service_; }
  // Counts the connections, so that a call can tell whether it was refused over the newest.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  void look_if_due() {
    if (clock_.steady_now() >= next_look_) {
      look();
    }
  }
  void look_soon() { next_look_ = clock_.steady_now(); }

  void look() {
    next_look_ = clock_.steady_now() + kLookInterval;
    Result<ConnectionOptions> now = with_current_files(options_);
    if (!now) {
      complain(now.error());
      return;
    }
    complaint_.clear();
    if (same_credentials(options_, *now)) {
      return;
    }
    Result<std::unique_ptr<WorkflowService>> service = connect_(*now);
    if (!service) {
      complain(service.error());
      return;
    }
    options_ = *std::move(now);
    service_ = *std::move(service);
    ++generation_;
    logger_.info("certificates or API key have changed in their files: new calls use a new connection");
  }

 private:
  // Once for each reason, not at each look.
  void complain(const Error& error) {
    if (error.message != complaint_) {
      complaint_ = error.message;
      logger_.warn("credentials cannot be read again, those before stay in use", {{"error", std::string_view(complaint_)}});
    }
  }

  ConnectionOptions options_;
  std::shared_ptr<WorkflowService> service_;
  Connect connect_;
  const Clock& clock_;
  Logger logger_;
  SteadyTime next_look_;
  std::uint64_t generation_ = 0;
  std::string complaint_;
};

// A call that is made a second time when it was refused with credentials that are no longer those of the files.
class RotatingWorkflowService::RefusedOnceCall final : public Call, public std::enable_shared_from_this<RefusedOnceCall> {
 public:
  RefusedOnceCall(const std::shared_ptr<State>& state, const Method& method, RequestPtr request, ResponsePtr response, Duration timeout,
                  Done done)
      : state_(state),
        method_(method),
        request_(std::move(request)),
        response_(std::move(response)),
        clock_(state->clock()),
        deadline_(clock_.steady_now() + timeout),
        done_(std::move(done)) {}

  void begin(State& state) {
    generation_ = state.generation();
    attempt_ = state.service().start(method_, request_, response_, {.timeout = deadline_ - clock_.steady_now()},
                                     [self = shared_from_this()](Status status) { self->on_end(std::move(status)); });
  }

  void cancel() override {
    cancelled_ = true;
    if (attempt_) {
      attempt_->cancel();
    }
  }

 private:
  void on_end(Status status) {
    attempt_.reset();
    const std::shared_ptr<State> state = state_.lock();
    if (state && !cancelled_) {
      if (status.code == StatusCode::kUnavailable) {
        state->look_soon();
      }
      if (is_refusal(status.code) && !tried_again_ && has_newer_credentials(*state) && clock_.steady_now() < deadline_) {
        tried_again_ = true;
        begin(*state);
        return;
      }
    }
    Done done = std::exchange(done_, nullptr);
    done(std::move(status));
  }

  [[nodiscard]] bool has_newer_credentials(State& state) const {
    if (state.generation() == generation_) {
      state.look();
    }
    return state.generation() != generation_;
  }

  std::weak_ptr<State> state_;
  Method method_;
  RequestPtr request_;
  ResponsePtr response_;
  const Clock& clock_;
  SteadyTime deadline_;
  Done done_;
  CallHandle attempt_;  // under way, or null
  std::uint64_t generation_ = 0;
  bool tried_again_ = false;
  bool cancelled_ = false;
};

RotatingWorkflowService::RotatingWorkflowService(ConnectionOptions options, std::shared_ptr<WorkflowService> first, Connect connect,
                                                 const Clock& clock, Logger logger)
    : state_(std::make_shared<State>(std::move(options), std::move(first), std::move(connect), clock, std::move(logger))) {}

RotatingWorkflowService::~RotatingWorkflowService() = default;

CallHandle RotatingWorkflowService::start(const Method& method, RequestPtr request, ResponsePtr response, CallOptions options, Done done) {
  state_->look_if_due();
  auto call = std::make_shared<RefusedOnceCall>(state_, method, std::move(request), std::move(response), options.timeout, std::move(done));
  call->begin(*state_);
  return call;
}

}  // namespace lifecycle::rpc
