// What happens to a run, told as it happens. History alone cannot tell it: an activity with a retry policy writes its start only when it
// has ended, and of its attempts only the last. So two sources are put together here: history's events, and samples of
// DescribeWorkflowExecution's pending activities, taken several times a second.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <temporal/api/workflow/v1/message.pb.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "cli/run_steps.h"
#include "cli/worker_identity.h"

namespace lifecycle::cli {

enum class ChangeKind : std::uint8_t {
  kStepStarted,   // an attempt runs on a worker
  kStepRetrying,  // an attempt failed, and another one follows
  kStepCompleted,
  kStepFailed,  // for good: failed, timed out or cancelled
  kPaused,
  kResumed,
  kCancelRequested,
  kWorkflowTaskFailed,  // a worker could not go on (nondeterminism, a payload it cannot read) or did not answer; the server tries again
  kNoWorker,            // nobody takes the next task
  kServerAway,          // Temporal does not answer
  kServerBack,
};

// "step_started" and so on: the `event` of -o jsonl.
[[nodiscard]] std::string_view name_of(ChangeKind kind);

// `step`, `attempt`, `worker` and `version` are set for the kStep kinds: those of the attempt that the change is about.
struct RunChange {
  ChangeKind kind = ChangeKind::kStepStarted;
  WallTime time;
  int step = -1;
  int attempt = 0;
  WorkerIdentity worker;
  std::string version;
  std::string message;  // why: the failure of kStepRetrying, kStepFailed and kWorkflowTaskFailed; what to do for kNoWorker
};

// Whether a worker has the activity now. A cancelled one runs on until it notices, so its state says nothing of whether it was ever
// started: its start time does.
[[nodiscard]] bool is_running(const temporal::api::workflow::v1::PendingActivityInfo& activity);

class RunChanges {
 public:
  using PendingActivities = google::protobuf::RepeatedPtrField<temporal::api::workflow::v1::PendingActivityInfo>;

  // The next events of the history, each once and in order; those that were given already are ignored.
  [[nodiscard]] std::vector<RunChange> apply_history(const google::protobuf::RepeatedPtrField<api::HistoryEvent>& events);
  // The pending activities as they are at `now`. An activity that history has not told of yet is left for the next sample.
  [[nodiscard]] std::vector<RunChange> apply_sample(const PendingActivities& activities, WallTime now);

  [[nodiscard]] const RunSteps& steps() const { return steps_; }
  [[nodiscard]] std::int64_t last_event_id() const { return last_event_id_; }

 private:
  // What has been told of an activity that is not over.
  struct Told {
    int started_attempt = 0;
    int failed_attempt = 0;
    WorkerIdentity worker;  // of started_attempt
  };

  void on_event(const api::HistoryEvent& event, std::vector<RunChange>& changes);
  void on_signal(const api::HistoryEvent& event, std::vector<RunChange>& changes) const;
  void on_step_over(std::int64_t scheduled_event_id, std::vector<RunChange>& changes);
  void on_pending(const temporal::api::workflow::v1::PendingActivityInfo& activity, WallTime now, std::vector<RunChange>& changes);

  RunSteps steps_;
  std::map<std::int64_t, Told> told_;   // by scheduled event id
  std::string workflow_task_identity_;  // who took the latest workflow task
  std::int64_t last_event_id_ = 0;
};

}  // namespace lifecycle::cli
