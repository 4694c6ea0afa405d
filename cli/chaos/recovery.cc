#include "cli/chaos/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/duration.h"
#include "verify/history_index.h"
#include "worker/last_will_executor.h"

namespace lifecycle::cli::chaos {
namespace {

// history.timerProcessorMaxTimeShift: by so much a timer of the server may be late.
constexpr Duration kServerTimerSlack = std::chrono::seconds(1);

// A worker that is told to stop has the time that its pod was given for that, unless somebody says another.
bool is_left_time(const Fault& fault) {
  return fault.kind != FaultKind::kSigkill && fault.kind != FaultKind::kPause && !fault.grace_period;
}

// What the end of the attempt that the fault met says.
RecoveryKind kind_of_end(const api::HistoryEvent& event) {
  return event.has_activity_task_completed_event_attributes()  ? RecoveryKind::kFinishedByVictim
         : event.has_activity_task_canceled_event_attributes() ? RecoveryKind::kCancelled
                                                               : RecoveryKind::kGivenUp;
}

}  // namespace

RecoveryBound recovery_bound(const HeldWork& work, const Fault& fault, const Target& target) {
  if (!work.retry_interval) {
    return {.total = std::nullopt, .parts = "its retry policy allows no further attempt"};
  }
  const std::string retry = fmt::format("retry {}", format_duration(*work.retry_interval));
  if (fault.kind == FaultKind::kSigkill && target.supervised) {
    const std::optional<Duration> delay = worker::retry_delay_after_death(work.attempt);
    return {.total = delay.value_or(*work.retry_interval) + kServerTimerSlack,
            .parts = fmt::format("its supervisor tells the server at once{} + timer {}", delay ? "" : " + " + retry,
                                 format_duration(kServerTimerSlack))};
  }
  if (is_left_time(fault)) {
    return {.total = *work.retry_interval + kServerTimerSlack,
            .parts = fmt::format("the worker ends the attempt or hands it back within its grace period, then {} + timer {}", retry,
                                 format_duration(kServerTimerSlack))};
  }
  const bool heartbeats = work.heartbeat_timeout > Duration::zero();
  const Duration silence = heartbeats ? work.heartbeat_timeout : work.start_to_close_timeout;
  if (silence <= Duration::zero()) {
    return {.total = std::nullopt, .parts = "the activity has no time-out that is known"};
  }
  std::string parts = fmt::format("{} time-out {} + {} + timers {}", heartbeats ? "heartbeat" : "start-to-close", format_duration(silence),
                                  retry, format_duration(2 * kServerTimerSlack));
  if (fault.kind == FaultKind::kPause) {
    return {.total = std::nullopt, .parts = std::move(parts) + ", and again for each attempt that its open polls take"};
  }
  if (fault.grace_period) {
    parts += ", unless the worker ends the attempt within its grace period";
  }
  return {.total = silence + *work.retry_interval + 2 * kServerTimerSlack, .parts = std::move(parts)};
}

std::string_view name_of(RecoveryKind kind) {
  switch (kind) {
    case RecoveryKind::kAwaited:
      return "not seen";
    case RecoveryKind::kTakenOver:
      return "taken over";
    case RecoveryKind::kFinishedByVictim:
      return "finished by the victim";
    case RecoveryKind::kGivenUp:
      return "given up";
    case RecoveryKind::kCancelled:
      return "cancelled";
    case RecoveryKind::kWorkflowEnded:
      return "workflow ended";
  }
  std::unreachable();
}

RecoveryWatch::RecoveryWatch(HeldWork work, const Fault& fault, const Target& target, WallTime injected) : target_(target) {
  recovery_.bound = recovery_bound(work, fault, target);
  recovery_.last_sign_of_life = std::max(work.last_heartbeat, injected);
  recovery_.work = std::move(work);
}

void RecoveryWatch::sample(TemporalView& temporal) {
  if (settled()) {
    return;
  }
  const HeldWork& work = recovery_.work;
  const auto description = temporal.client().describe(work.workflow_id, work.run_id);
  if (!description) {
    return;
  }
  apply(*description);
  if (settled() || is_pending(*description)) {
    return;
  }
  if (const Result<api::History> history = temporal.client().fetch_history(work.workflow_id, work.run_id)) {
    apply(*history, description->workflow_execution_info().status() != api::enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
  }
}

bool RecoveryWatch::is_pending(const client::service::DescribeWorkflowExecutionResponse& description) const {
  return std::ranges::any_of(description.pending_activities(),
                             [&](const auto& each) { return each.activity_id() == recovery_.work.activity_id; });
}

void RecoveryWatch::apply(const client::service::DescribeWorkflowExecutionResponse& description) {
  for (const auto& activity : description.pending_activities()) {
    if (activity.activity_id() != recovery_.work.activity_id) {
      continue;
    }
    if (activity.attempt() == recovery_.work.attempt) {
      recovery_.last_sign_of_life = std::max(recovery_.last_sign_of_life, api::to_wall_time(activity.last_heartbeat_time()));
    } else if (activity.attempt() > recovery_.work.attempt && activity.state() == api::enums::PENDING_ACTIVITY_STATE_STARTED) {
      const WallTime heartbeat = api::to_wall_time(activity.last_heartbeat_time());
      if (activity.last_worker_identity() == recovery_.work.worker_identity) {
        if (continued_ && heartbeat > *continued_) {
          take_over_again(activity.attempt(), heartbeat);
        }
        continue;
      }
      take_over(activity.last_worker_identity(), activity.attempt(), api::to_wall_time(activity.last_started_time()));
    }
  }
}

void RecoveryWatch::apply(const api::History& history, bool workflow_ended) {
  std::set<std::int64_t> scheduled;    // event ids: an id may be used again by a later activity of the workflow
  std::int64_t started_by_victim = 0;  // the event of the attempt that the fault met; history has it once the attempt has ended
  for (const api::HistoryEvent& event : history.events()) {
    if (event.has_activity_task_scheduled_event_attributes() &&
        event.activity_task_scheduled_event_attributes().activity_id() == recovery_.work.activity_id) {
      scheduled.insert(event.event_id());
    }
    const std::optional<verify::Link> link = verify::link_of(event);
    if (!link || link->kind != verify::OperationKind::kActivity || !scheduled.contains(link->begun_id)) {
      continue;
    }
    if (link->is_end && started_by_victim != 0 && link->started_id == started_by_victim) {
      recovery_.kind = kind_of_end(event);
    }
    if (link->is_end) {
      continue;
    }
    const auto& started = event.activity_task_started_event_attributes();
    const bool by_victim = started.identity() == recovery_.work.worker_identity;
    if (started.attempt() > recovery_.work.attempt && by_victim) {
      take_over_again(started.attempt(), std::max(api::to_wall_time(event.event_time()), continued_.value_or(WallTime())));
    } else if (started.attempt() > recovery_.work.attempt) {
      take_over(started.identity(), started.attempt(), api::to_wall_time(event.event_time()));
    } else if (started.attempt() == recovery_.work.attempt && by_victim) {
      started_by_victim = event.event_id();
    }
  }
  if (!settled() && workflow_ended) {
    recovery_.kind = RecoveryKind::kWorkflowEnded;
  }
}

void RecoveryWatch::take_over(const std::string& identity, int attempt, WallTime started) {
  recovery_.kind = RecoveryKind::kTakenOver;
  recovery_.taken_over_by = identity;
  recovery_.attempt = attempt;
  recovery_.standstill = std::max(Duration::zero(), started - recovery_.last_sign_of_life);
}

void RecoveryWatch::take_over_again(int attempt, WallTime alive) {
  take_over(recovery_.work.worker_identity, attempt, alive);
  recovery_.by_the_victim = true;
}

}  // namespace lifecycle::cli::chaos
