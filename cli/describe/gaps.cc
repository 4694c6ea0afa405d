#include "cli/describe/gaps.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace lifecycle::cli {
namespace {

// The server sends a workflow task that failed this often after a back-off, so that its not being taken means nothing.
constexpr int kWorkflowTaskBackoffAttempt = 3;

struct Interval {
  WallTime from;
  WallTime to;
};

class GapFinder {
 public:
  explicit GapFinder(const Story& story) : story_(story) {}

  std::vector<Gap> find() {
    for (const WorkflowTask& task : story_.workflow_tasks) {
      add(task);
    }
    for (const Span& span : story_.spans) {
      if (span.kind == SpanKind::kActivity) {
        add(span);
      }
    }
    std::ranges::sort(running_, {}, &Interval::from);
    std::ranges::sort(waiting_, {}, [](const Gap& gap) { return std::tie(gap.from, gap.waiting); });
    for (const Gap& wait : waiting_) {
      cut(wait);
    }
    std::erase_if(gaps_, [](const Gap& gap) { return gap.to - gap.from < kGapMin; });
    return std::move(gaps_);
  }

 private:
  void wait(WallTime from, std::optional<WallTime> to, const std::string& what) {
    waiting_.push_back({.from = from, .to = to.value_or(story_.now), .waiting = what, .open = !to.has_value() && !story_.ended});
  }
  void run(WallTime from, std::optional<WallTime> to) { running_.push_back({.from = from, .to = to.value_or(story_.now)}); }

  void add(const WorkflowTask& task) {
    if (task.attempt < kWorkflowTaskBackoffAttempt) {
      wait(task.scheduled, task.started ? task.started : task.closed, "workflow task");
    }
    if (task.started && task.status == TaskStatus::kTimedOut) {
      wait(*task.started, task.closed, "workflow task");  // its worker was gone, or stuck
    } else if (task.started) {
      run(*task.started, task.closed);
    }
  }

  void add(const Span& activity) {
    const std::optional<WallTime> taken = activity.started ? activity.started : activity.closed;
    if (activity.started) {
      run(*activity.started, activity.closed);
    }
    if (activity.attempt <= 1) {
      wait(activity.scheduled, taken, title_of(activity));
      return;
    }
    std::optional<WallTime> idle_from = activity.status == SpanStatus::kScheduled ? activity.last_attempt_ended : std::nullopt;
    for (const Fault& fault : story_.faults) {
      if (activity.lost && fault.time > activity.scheduled && fault.time < taken.value_or(story_.now)) {
        idle_from = std::max(idle_from.value_or(fault.time), fault.time);
      }
    }
    run(activity.scheduled, idle_from ? idle_from : taken);
    if (idle_from) {
      wait(*idle_from, taken, title_of(activity));
    }
  }

  // Takes out of a wait the times in which something ran, and joins what is left with the gap before it.
  void cut(const Gap& wait) {
    WallTime from = std::max(wait.from, joined_until());
    while (next_running_ < running_.size() && running_[next_running_].to <= from) {
      ++next_running_;
    }
    for (std::size_t i = next_running_; i < running_.size() && running_[i].from < wait.to && from < wait.to; ++i) {
      join({.from = from, .to = running_[i].from, .waiting = wait.waiting});
      from = std::max(from, running_[i].to);
    }
    join({.from = from, .to = wait.to, .waiting = wait.waiting, .open = wait.open});
  }

  [[nodiscard]] WallTime joined_until() const { return gaps_.empty() ? WallTime::min() : gaps_.back().to; }

  void join(const Gap& gap) {
    if (gap.from >= gap.to) {
      return;
    }
    if (!gaps_.empty() && gaps_.back().to == gap.from) {
      gaps_.back().to = gap.to;
      gaps_.back().open = gap.open;
    } else {
      gaps_.push_back(gap);
    }
  }

  const Story& story_;
  std::vector<Gap> waiting_;
  std::vector<Interval> running_;
  std::size_t next_running_ = 0;  // those before it end before every wait that is left
  std::vector<Gap> gaps_;
};

}  // namespace

std::vector<Gap> gaps_of(const Story& story) { return GapFinder(story).find(); }

}  // namespace lifecycle::cli
