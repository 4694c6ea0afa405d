#include <fmt/format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "rpc/grpc_event_loop_impl.h"
#include "rpc/grpc_health_messages.h"
#include "rpc/health_server.h"

namespace lifecycle::rpc {
namespace {

// How often the server looks for calls. It does not wait in gRPC for them: threads that wait there take turns at watching all connections
// of the process, so that a second one would wake up for the traffic of the worker's loop, and the loop for it.
constexpr Duration kLookInterval = std::chrono::milliseconds(100);
// Whoever watches more than this waits for others to stop.
constexpr std::size_t kOpenCallsMax = 100;
constexpr int kRequestBytesMax = 4096;

// Nothing for a service that is not known.
std::optional<HealthAnswer> answer_for(const Health& health, std::string_view service) {
  if (service.empty()) {
    return health.get(HealthService::kReady);
  }
  for (const HealthService each : kHealthServices) {
    if (name_of(each) == service) {
      return health.get(each);
    }
  }
  return std::nullopt;
}

ServingStatus status_of(const std::optional<HealthAnswer>& answer) {
  if (!answer) {
    return ServingStatus::kServiceUnknown;
  }
  return answer->serving ? ServingStatus::kServing : ServingStatus::kNotServing;
}

// One call, from waiting for it to its end. gRPC is given the addresses of its events as tags.
class ServedCall {
 public:
  enum class Step : std::uint8_t { kAccepted, kRead, kWritten, kFinished, kOver };
  struct Event {
    ServedCall* call;
    Step step;
  };

  ServedCall(const Health& health, grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue)
      : health_(health), stream_(&context_) {
    context_.AsyncNotifyWhenDone(&over_);  // comes only for a call that was accepted
    expect();
    service.RequestCall(&context_, &stream_, &queue, &queue, &accepted_);
  }

  void on(Step step, bool ok) {
    --expected_;
    switch (step) {
      case Step::kAccepted:
        if (ok) {
          expect();  // kOver
          accept();
        }
        return;
      case Step::kRead:
        read(ok);
        return;
      case Step::kWritten:
        writing_ = false;
        if (ok) {
          review();
        } else {
          finish(grpc::Status::CANCELLED);
        }
        return;
      case Step::kFinished:
        return;
      case Step::kOver:
        left_ = true;
        if (watching_) {
          finish(grpc::Status::CANCELLED);
        }
        return;
    }
  }
  // gRPC has no further event for it.
  [[nodiscard]] bool over() const { return expected_ == 0; }

  // Sends a watcher what is news to it.
  void review() {
    if (!watching_ || writing_ || finishing_) {
      return;
    }
    const ServingStatus status = status_of(answer_for(health_, service_));
    if (told_ == status) {
      return;
    }
    told_ = status;
    writing_ = true;
    expect();
    response_ = encode_health_response(status);
    stream_.Write(response_, &written_);
  }

 private:
  void expect() { ++expected_; }

  void accept() {
    if (context_.method() != kHealthCheckPath && context_.method() != kHealthWatchPath) {
      finish({grpc::StatusCode::UNIMPLEMENTED, "this is a worker's health service: it has Check and Watch of grpc.health.v1"});
      return;
    }
    expect();
    stream_.Read(&request_, &read_);
  }

  void read(bool ok) {
    std::optional<std::string> service = ok ? decode_health_request(request_) : std::nullopt;
    if (!service) {
      finish({grpc::StatusCode::INVALID_ARGUMENT, "not a HealthCheckRequest"});
      return;
    }
    service_ = *std::move(service);
    if (context_.method() == kHealthWatchPath) {
      if (left_) {
        finish(grpc::Status::CANCELLED);
        return;
      }
      watching_ = true;
      review();
      return;
    }
    const std::optional<HealthAnswer> answer = answer_for(health_, service_);
    if (!answer) {
      finish({grpc::StatusCode::NOT_FOUND, "services are startup, ready and live"});
      return;
    }
    if (!answer->reason.empty()) {
      context_.AddTrailingMetadata(kHealthReasonHeader, answer->reason);
    }
    finishing_ = true;
    expect();
    response_ = encode_health_response(status_of(answer));
    stream_.WriteAndFinish(response_, grpc::WriteOptions(), grpc::Status::OK, &finished_);
  }

  void finish(const grpc::Status& status) {
    if (!std::exchange(finishing_, true)) {
      expect();
      stream_.Finish(status, &finished_);
    }
  }

  const Health& health_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  Event accepted_{.call = this, .step = Step::kAccepted};
  Event read_{.call = this, .step = Step::kRead};
  Event written_{.call = this, .step = Step::kWritten};
  Event finished_{.call = this, .step = Step::kFinished};
  Event over_{.call = this, .step = Step::kOver};
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::string service_;
  std::optional<ServingStatus> told_;  // to a watcher
  int expected_ = 0;                   // events that gRPC will give yet
  bool left_ = false;                  // nobody is there any more
  bool watching_ = false;
  bool writing_ = false;
  bool finishing_ = false;
};

// gRPC takes no queue back before it is empty.
void drain(grpc::ServerCompletionQueue& queue) {
  queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
  }
}

}  // namespace

struct HealthServer::Impl {
  explicit Impl(const Health& the_health) : health(the_health) {}

  void run() {
    expect_call();
    std::unique_lock lock(mutex);
    while (!stop.wait_for(lock, kLookInterval, [this] { return stopping; })) {
      lock.unlock();
      look();
      lock.lock();
    }
    lock.unlock();
    server->Shutdown(gpr_time_0(GPR_CLOCK_MONOTONIC));  // cancels what is open
    void* tag = nullptr;
    bool ok = false;
    while (!calls.empty() && queue->Next(&tag, &ok)) {
      handle(tag, ok);
    }
    drain(*queue);  // not before the last call is over: it may have something to send to the end
  }

  void look() {
    for (const auto& [address, call] : calls) {
      call->review();
    }
    void* tag = nullptr;
    bool ok = false;
    while (queue->AsyncNext(&tag, &ok, time_span(Duration::zero())) == grpc::CompletionQueue::GOT_EVENT) {
      handle(tag, ok);
    }
  }

  void handle(void* tag, bool ok) {
    const ServedCall::Event event = *static_cast<ServedCall::Event*>(tag);
    event.call->on(event.step, ok);
    waiting_for_call = waiting_for_call && event.step != ServedCall::Step::kAccepted;
    if (event.call->over()) {
      calls.erase(event.call);
    }
    if (!waiting_for_call && calls.size() < kOpenCallsMax) {
      expect_call();
    }
  }

  void expect_call() {
    {
      const std::scoped_lock lock(mutex);
      if (stopping) {
        return;
      }
    }
    waiting_for_call = true;
    auto call = std::make_unique<ServedCall>(health, service, *queue);
    ServedCall* const address = call.get();
    calls.emplace(address, std::move(call));
  }

  const Health& health;
  grpc::AsyncGenericService service;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  std::unordered_map<ServedCall*, std::unique_ptr<ServedCall>> calls;
  bool waiting_for_call = false;
  std::mutex mutex;
  std::condition_variable stop;
  bool stopping = false;  // guarded by mutex
  std::thread thread;
};

Result<std::unique_ptr<HealthServer>> HealthServer::start(const std::string& address, const Health& health) {
  if (const Result<void> valid = check_health_address(address); !valid) {
    return std::unexpected(valid.error());
  }
  auto impl = std::make_unique<Impl>(health);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &impl->port);
  // Otherwise a second worker takes the same port without a word, and each answers half of the probes.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kRequestBytesMax);
  builder.RegisterAsyncGenericService(&impl->service);
  impl->queue = builder.AddCompletionQueue();
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || impl->port == 0) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("health address {}: cannot be listened on", address),
                "is the port taken by another process, or the address not this machine's?");
  }
  impl->thread = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<HealthServer>(new HealthServer(std::move(impl)));
}

HealthServer::HealthServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HealthServer::~HealthServer() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->stop.notify_one();
  impl_->thread.join();
}

int HealthServer::port() const { return impl_->port; }

}  // namespace lifecycle::rpc
