#include "worker/server_watch.h"

#include <utility>

#include "worker/limits.h"

namespace lifecycle::worker {

ServerWatch::ServerWatch(Shared& shared, std::function<void()> on_described)
    : shared_(shared),
      tell_described_(std::move(on_described)),
      next_question_(shared.loop.clock().steady_now()),
      self_(std::make_shared<ServerWatch*>(this)) {
  shared_.readiness.on_change([this] { review(); });
}

ServerWatch::~ServerWatch() {
  shared_.readiness.on_change(nullptr);
  shared_.loop.cancel(next_review_);
}

void ServerWatch::start() {
  ask_system_info();
  describe_namespace();
  review();
}

void ServerWatch::stop() {
  shared_.readiness.stop();
  shared_.loop.cancel(std::exchange(next_review_, TimerId::kNone));
  shared_.health.set(HealthService::kReady, shared_.readiness.ready(shared_.loop.clock().steady_now()));
}

void ServerWatch::ask_system_info() {
  shared_.service.call<rpc::GetSystemInfo>({}, {}, [weak = std::weak_ptr(self_)](const rpc::Reply<rpc::GetSystemInfo>& reply) {
    const auto self = weak.lock();
    if (self == nullptr || !reply) {
      return;  // it is for the log alone, and an old server or a proxy may not know the call
    }
    (*self)->server_version_ = (*reply)->server_version();
    (*self)->log_connected();
  });
}

void ServerWatch::describe_namespace() {
  asking_ = true;
  const SteadyTime sent = shared_.loop.clock().steady_now();
  rpc::TryDescribeNamespace::Request request;
  request.set_namespace_(shared_.options.name_space);
  shared_.service.call<rpc::TryDescribeNamespace>(std::move(request), {.timeout = kDescribeNamespaceTimeout},
                                                  [weak = std::weak_ptr(self_), sent](const rpc::Reply<rpc::TryDescribeNamespace>& reply) {
                                                    if (const auto self = weak.lock()) {
                                                      (*self)->on_described(reply, sent);
                                                    }
                                                  });
}

void ServerWatch::on_described(const rpc::Reply<rpc::TryDescribeNamespace>& reply, SteadyTime sent) {
  asking_ = false;
  const SteadyTime now = shared_.loop.clock().steady_now();
  if (reply) {
    backoff_.succeeded();
    next_question_ = now;
    const auto& capabilities = (*reply)->namespace_info().capabilities();
    shared_.server = {.takes_worker_heartbeats = capabilities.worker_heartbeats(),
                      .ends_polls_of_stopping_workers = capabilities.worker_poll_complete_on_shutdown()};
    namespace_known_ = true;
    shared_.readiness.namespace_described(now);
    log_connected();
    if (!shared_.stopping) {
      tell_described_();
    }
  } else {
    const rpc::Status& status = reply.error();
    next_question_ = now + backoff_.failed(status, sent, now);
    shared_.readiness.namespace_not_described(status, now);
    if (status.code == rpc::StatusCode::kNotFound && backoff_.should_tell_failure(status.code, now)) {
      shared_.log.error("the namespace does not exist on this server; waiting for it",
                        {{"namespace", std::string_view(shared_.options.name_space)},
                         {"error", std::string_view(status.message)},
                         {"hint", "is it spelled right? `temporal operator namespace list` shows those that are there"}});
    }
  }
  review();
}

void ServerWatch::log_connected() {
  if (!namespace_known_ || server_version_.empty() || std::exchange(said_connected_, true)) {
    return;
  }
  shared_.log.info("connected", {{"server_version", std::string_view(server_version_)},
                                 {"namespace", std::string_view(shared_.options.name_space)},
                                 {"worker_heartbeats", shared_.server.takes_worker_heartbeats}});
}

void ServerWatch::review() {
  if (shared_.stopping) {
    return;
  }
  const SteadyTime now = shared_.loop.clock().steady_now();
  const HealthAnswer before = shared_.health.get(HealthService::kReady);
  HealthAnswer ready = shared_.readiness.ready(now);
  const bool is_ready = ready.serving;
  if (before.serving != is_ready) {
    if (is_ready) {
      shared_.log.info("ready: polls are accepted");
    } else {
      shared_.log.warn("not ready", {{"reason", std::string_view(ready.reason)}});
    }
  }
  shared_.health.set(HealthService::kReady, std::move(ready));
  shared_.health.set(HealthService::kStartup, shared_.readiness.startup());
  if (is_ready) {
    shared_.loop.cancel(std::exchange(next_review_, TimerId::kNone));
    return;
  }
  if (!asking_ && now >= next_question_ && shared_.readiness.waits_for_server(now)) {
    describe_namespace();
  }
  if (next_review_ == TimerId::kNone) {
    next_review_ = shared_.loop.schedule(kReadinessReviewInterval, [this] {
      next_review_ = TimerId::kNone;
      review();
    });
  }
}

}  // namespace lifecycle::worker
