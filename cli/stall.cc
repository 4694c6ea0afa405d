#include "cli/stall.h"

#include <fmt/format.h>

#include <utility>

#include "api/api.h"

namespace lifecycle::cli {
namespace {

// A workflow task that failed this often waits for a back-off (server: workflowTaskRetryBackoffMinAttempts), so that not being taken means
// nothing.
constexpr int kWorkflowTaskBackoffAttempt = 3;

struct WaitingTask {
  std::string key;   // differs for each dispatch
  std::string name;  // for people
};

// The task that is dispatched and not taken, if there is one.
std::optional<WaitingTask> waiting_task_of(const StallDetector::Description& description) {
  if (description.has_pending_workflow_task()) {
    const auto& task = description.pending_workflow_task();
    if (task.state() == api::enums::PENDING_WORKFLOW_TASK_STATE_SCHEDULED && task.attempt() < kWorkflowTaskBackoffAttempt) {
      return WaitingTask{
          .key = fmt::format("workflow task {} {}.{}", task.attempt(), task.scheduled_time().seconds(), task.scheduled_time().nanos()),
          .name = "the workflow task"};
    }
    return std::nullopt;
  }
  for (const auto& activity : description.pending_activities()) {
    const bool backing_off = activity.has_next_attempt_schedule_time();
    if (activity.state() == api::enums::PENDING_ACTIVITY_STATE_SCHEDULED && !backing_off) {
      return WaitingTask{.key = fmt::format("activity {} {}", activity.activity_id(), activity.attempt()),
                         .name = fmt::format("the task of activity {}", activity.activity_type().name())};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> StallDetector::apply(const Description& description, SteadyTime now) {
  std::optional<WaitingTask> waiting = waiting_task_of(description);
  if (!waiting || waiting->key != waiting_task_) {
    waiting_task_ = waiting ? waiting->key : "";
    waiting_since_ = now;
    told_ = false;
    return std::nullopt;
  }
  if (told_ || now - waiting_since_ <= patience_) {
    return std::nullopt;
  }
  told_ = true;
  return std::move(waiting->name);
}

}  // namespace lifecycle::cli
