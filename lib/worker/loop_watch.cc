#include "worker/loop_watch.h"

#include <fmt/format.h>

#include <atomic>
#include <string_view>

#include "base/duration.h"
#include "worker/limits.h"

namespace lifecycle::worker {

StuckDetector::Finding StuckDetector::look(std::optional<std::uint64_t> sequence, bool moved) {
  Finding finding;
  if (sequence && sequence == sequence_) {
    running_ += kLoopLookInterval;
    finding.warn = running_ >= options_.warn_after && !std::exchange(warned_, true);
  } else {
    sequence_ = sequence;
    running_ = Duration::zero();
    warned_ = false;
  }
  silent_ = moved ? Duration::zero() : silent_ + kLoopLookInterval;
  finding.running = running_;
  finding.live = silent_ < options_.stuck_after;
  finding.silent = silent_;
  return finding;
}

struct LoopWatch::Pulse {
  std::atomic<bool> answered = true;  // the last sign of life that was asked for has come
};

LoopWatch::LoopWatch(EventLoop& loop, Health& health, const RunningCode& code, const Logger& log, LoopWatchOptions options)
    : loop_(loop),
      health_(health),
      code_(code),
      log_(log),
      detector_(options),
      pulse_(std::make_shared<Pulse>()),
      since_ping_(kLoopPingInterval) {
  thread_ = std::thread([this] { run(); });
}

LoopWatch::~LoopWatch() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

void LoopWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kLoopLookInterval, [this] { return stopping_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

void LoopWatch::look() {
  const RunningCode::Snapshot running = code_.snapshot();
  const bool moved = pulse_->answered.load(std::memory_order_acquire);
  const StuckDetector::Finding finding = detector_.look(running.task == nullptr ? std::nullopt : std::optional(running.sequence), moved);
  if (finding.warn) {
    log_.warn("a workflow's code does not yield, and holds up all others of this worker; workflow code must not block",
              {{"workflow_id", std::string_view(running.task->workflow_execution().workflow_id())},
               {"run_id", std::string_view(running.task->workflow_execution().run_id())},
               {"workflow_type", std::string_view(running.task->workflow_type().name())},
               {"attempt", std::int64_t{running.task->attempt()}},
               {"seconds", std::chrono::duration<double>(finding.running).count()}});
  }
  if (finding.live) {
    if (health_.set(HealthService::kLive, {.serving = true, .reason = {}})) {
      log_.info("live: the worker's loop moves again");
    }
  } else if (health_.get(HealthService::kLive).serving) {
    std::string reason = fmt::format("the worker's loop has not moved for {}", format_duration(finding.silent));
    if (running.task != nullptr) {
      reason += fmt::format(": code of workflow '{}' ({}) does not yield", running.task->workflow_execution().workflow_id(),
                            running.task->workflow_type().name());
    }
    log_.error("not live", {{"reason", std::string_view(reason)}});
    health_.set(HealthService::kLive, {.serving = false, .reason = std::move(reason)});
  }
  since_ping_ += kLoopLookInterval;
  if (moved && since_ping_ >= kLoopPingInterval) {
    ping();
  }
}

void LoopWatch::ping() {
  since_ping_ = Duration::zero();
  pulse_->answered.store(false, std::memory_order_release);
  loop_.post([pulse = pulse_] { pulse->answered.store(true, std::memory_order_release); });
}

}  // namespace lifecycle::worker
