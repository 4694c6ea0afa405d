#include "worker/readiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

constexpr std::size_t kReasonBytesMax = 500;

// The statuses that gRPC makes up when nobody answered. All others come from a server, or from something that stands in front of it.
bool was_answered(const rpc::Status& status) {
  return status.code != rpc::StatusCode::kUnavailable && status.code != rpc::StatusCode::kDeadlineExceeded &&
         status.code != rpc::StatusCode::kCancelled;
}

std::string_view advice(rpc::StatusCode code) {
  switch (code) {
    case rpc::StatusCode::kNotFound:
      return "; is the namespace spelled right and registered on this server?";
    case rpc::StatusCode::kUnauthenticated:
    case rpc::StatusCode::kPermissionDenied:
      return "; check the API key or the client certificate, and what they may do in this namespace";
    case rpc::StatusCode::kUnavailable:
      return "; is the address right, and is the server up?";
    default:
      return "";
  }
}

}  // namespace

std::string explain(const rpc::Status& status) {
  // A proxy may answer with a whole page of text.
  return fmt::format("{}: {}{}", rpc::name_of(status.code), shortened(valid_utf8(status.message), kReasonBytesMax), advice(status.code));
}

void QueueReadiness::poll_sent(SteadyTime now) {
  if (!trying_since_) {
    trying_since_ = now;
  }
}

void QueueReadiness::poll_answered(SteadyTime now) {
  last_answer_ = now;
  if (!std::exchange(served_, true)) {
    failure_.clear();
    failed_.reset();
    on_change_();
  }
}

void QueueReadiness::poll_failed(const rpc::Status& status, SteadyTime now) {
  const bool was_fine = failure_.empty();
  served_ = false;
  failure_ = explain(status);
  failed_ = now;
  trying_since_.reset();
  if (was_fine) {
    on_change_();
  }
}

std::string QueueReadiness::complaint(SteadyTime now, std::optional<SteadyTime> server_answered) const {
  if (served_) {
    return {};
  }
  if (is_open(now) && is_newer_than_failure(server_answered)) {
    return {};
  }
  return failure_.empty() ? fmt::format("no poll for {} was accepted yet", what_) : fmt::format("polls for {} fail: {}", what_, failure_);
}

bool QueueReadiness::waits_for_server(SteadyTime now, std::optional<SteadyTime> server_answered) const {
  return !served_ && is_open(now) && !is_newer_than_failure(server_answered);
}

bool QueueReadiness::is_open(SteadyTime now) const { return trying_since_ && now - *trying_since_ >= kAcceptedPollAgeMin; }

bool QueueReadiness::is_newer_than_failure(std::optional<SteadyTime> server_answered) const {
  return server_answered && (!failed_ || *server_answered > *failed_);
}

QueueReadiness& Readiness::add_queue(std::string what) {
  return queues_.emplace_back(std::move(what), [this] {
    if (on_change_) {
      on_change_();
    }
  });
}

void Readiness::namespace_described(SteadyTime now) {
  server_answered_ = now;
  started_ = true;
}

void Readiness::namespace_not_described(const rpc::Status& status, SteadyTime now) {
  namespace_failure_ = "the namespace cannot be described: " + explain(status);
  if (was_answered(status)) {
    server_answered_ = now;
  }
}

HealthAnswer Readiness::startup() const {
  return started_ ? HealthAnswer{.serving = true, .reason = {}} : HealthAnswer{.serving = false, .reason = namespace_failure_};
}

HealthAnswer Readiness::ready(SteadyTime now) {
  if (stopping_) {
    return {.serving = false, .reason = "the worker is stopping"};
  }
  for (const QueueReadiness& queue : queues_) {
    if (std::string complaint = queue.complaint(now, server_answered_); !complaint.empty()) {
      return {.serving = false, .reason = std::move(complaint)};
    }
  }
  started_ = true;  // somebody who may poll but not describe the namespace has started, too
  return {.serving = true, .reason = {}};
}

bool Readiness::waits_for_server(SteadyTime now) const {
  return !started_ ||
         std::ranges::any_of(queues_, [&](const QueueReadiness& queue) { return queue.waits_for_server(now, server_answered_); });
}

}  // namespace lifecycle::worker
