// A run's steps as its history tells them: which worker and version ran each one, at which attempt, and for how long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "cli/worker_identity.h"

namespace lifecycle::cli {

enum class StepStatus : std::uint8_t { kPending, kCompleted, kFailed, kTimedOut, kCancelled };

[[nodiscard]] std::string_view name_of(StepStatus status);

struct StepRecord {
  int step = 0;  // from the activity's input; for an activity of another contract, its place in history, from 0
  std::string activity_type;
  std::string activity_id;
  std::int64_t scheduled_event_id = 0;
  StepStatus status = StepStatus::kPending;
  // The last attempt's: history keeps no other once an activity has a retry policy. Empty and 1 until the step has ended.
  WorkerIdentity worker;
  int attempt = 1;
  std::string version;  // what the worker said of itself in the result, else what its identity says
  WallTime scheduled;
  WallTime started;     // of the last attempt; set as late as `worker` is
  WallTime closed;      // only where status is not kPending
  std::string failure;  // kFailed and kTimedOut: the messages of the failure and its causes

  // From the moment the workflow asked for it until it was over, all attempts and waits included; zero while pending.
  [[nodiscard]] Duration duration() const { return status == StepStatus::kPending ? Duration::zero() : closed - scheduled; }
};

// Reads a history event by event, in order, once each.
class RunSteps {
 public:
  void apply(const api::HistoryEvent& event);

  [[nodiscard]] const std::vector<StepRecord>& all() const { return steps_; }
  [[nodiscard]] int completed() const { return completed_; }
  // How many steps the workflow was asked for; zero when history's start is not read yet, or is not the contract's.
  [[nodiscard]] int total() const { return total_; }
  // When the workflow began and ended; nothing as long as history has not told.
  [[nodiscard]] std::optional<WallTime> began() const { return began_; }
  [[nodiscard]] std::optional<WallTime> ended() const { return ended_; }
  // Null when history has no such activity (yet).
  [[nodiscard]] const StepRecord* find_by_event(std::int64_t scheduled_event_id) const;
  [[nodiscard]] const StepRecord* find_by_id(std::string_view activity_id) const;

 private:
  void begin(const api::HistoryEvent& event);
  void add(const api::HistoryEvent& event);
  void start(const api::HistoryEvent& event);
  void complete(const api::HistoryEvent& event);
  void close(std::int64_t scheduled_event_id, StepStatus status, WallTime time, const api::Failure* failure);
  [[nodiscard]] StepRecord* find(std::int64_t scheduled_event_id);

  std::vector<StepRecord> steps_;
  int completed_ = 0;
  int total_ = 0;
  std::optional<WallTime> began_;
  std::optional<WallTime> ended_;
};

[[nodiscard]] std::vector<StepRecord> steps_of(const api::History& history);

// "v1.0.0" or, where a worker did not tell, "?".
[[nodiscard]] std::string_view version_text(const StepRecord& step);

}  // namespace lifecycle::cli
