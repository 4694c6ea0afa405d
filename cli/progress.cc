#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lifecycle::cli {
namespace {

constexpr int kBarWidth = 30;

std::string worker_text(const RunChange& change) {
  if (change.worker.text.empty()) {
    return "";
  }
  return fmt::format(" on {} ({})", change.worker.short_name(), change.version.empty() ? "version unknown" : change.version);
}

std::string attempt_text(const RunChange& change) { return change.attempt > 1 ? fmt::format(", attempt {}", change.attempt) : ""; }

Color color_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kStepCompleted:
      return Color::kGreen;
    case ChangeKind::kStepFailed:
    case ChangeKind::kWorkflowTaskFailed:
      return Color::kRed;
    case ChangeKind::kStepRetrying:
    case ChangeKind::kNoWorker:
    case ChangeKind::kServerAway:
      return Color::kYellow;
    default:
      return Color::kPlain;
  }
}

}  // namespace

std::string change_text(const RunChange& change) {
  switch (change.kind) {
    case ChangeKind::kStepStarted:
      return fmt::format("step {} started{}{}", change.step, worker_text(change), attempt_text(change));
    case ChangeKind::kStepRetrying:
      return fmt::format("step {} attempt {} failed{}, trying again: {}", change.step, change.attempt, worker_text(change), change.message);
    case ChangeKind::kStepCompleted:
      return fmt::format("step {} completed{}{}", change.step, worker_text(change), attempt_text(change));
    case ChangeKind::kStepFailed:
      return fmt::format("step {} failed for good{}{}: {}", change.step, worker_text(change), attempt_text(change), change.message);
    case ChangeKind::kPaused:
      return "paused by signal; it goes on when it is sent the signal 'resume'";
    case ChangeKind::kResumed:
      return "resumed by signal";
    case ChangeKind::kCancelRequested:
      return "cancellation requested";
    case ChangeKind::kWorkflowTaskFailed:
      return fmt::format("workflow task failed{}, the server tries again: {}", worker_text(change), change.message);
    case ChangeKind::kNoWorker:
      return change.message;
    case ChangeKind::kServerAway:
      return fmt::format("Temporal does not answer, still waiting: {}", change.message);
    case ChangeKind::kServerBack:
      return "Temporal answers again";
  }
  std::unreachable();
}

nlohmann::ordered_json change_json(const RunChange& change) {
  nlohmann::ordered_json object{{"event", name_of(change.kind)}, {"time", iso_time(change.time)}};
  if (change.step >= 0) {
    object["step"] = change.step;
    object["attempt"] = change.attempt;
  }
  if (!change.worker.text.empty()) {
    object["worker"] = change.worker.text;
    object["version"] = change.version;
  }
  if (!change.message.empty()) {
    object["message"] = change.message;
  }
  return object;
}

std::string progress_bar(int completed, int total, int width) {
  if (total <= 0) {
    return fmt::format("{} steps", completed);
  }
  const auto full = static_cast<std::size_t>(
      std::clamp(static_cast<std::int64_t>(completed) * width / total, std::int64_t{0}, static_cast<std::int64_t>(width)));
  return fmt::format("[{}{}] {}/{}", std::string(full, '#'), std::string(static_cast<std::size_t>(width) - full, '.'), completed, total);
}

ProgressDisplay::ProgressDisplay(Output& output, ProgressOptions options) : output_(output), options_(std::move(options)) {}

ProgressDisplay::~ProgressDisplay() { output_.clear_status_line(); }

void ProgressDisplay::on_change(const RunChange& change) {
  if (output_.format() == OutputFormat::kJsonl) {
    output_.document(change_json(change));
  }
  if (change.kind == ChangeKind::kNoWorker) {
    output_.warning(fmt::format("{}; start a worker with: {} (still waiting)", change_text(change), options_.worker_command));
  } else if (!output_.animated() || is_notable(change)) {
    show_line(change);
  }
  if (change.step >= 0) {
    last_step_change_ = change;
    last_version_ = change.version.empty() ? last_version_ : change.version;
  }
}

bool ProgressDisplay::is_notable(const RunChange& change) const {
  const bool new_version = !last_version_.empty() && !change.version.empty() && change.version != last_version_;
  const bool ordinary = change.kind == ChangeKind::kStepCompleted || (change.kind == ChangeKind::kStepStarted && change.attempt == 1);
  return new_version || !ordinary;
}

void ProgressDisplay::show_line(const RunChange& change) {
  const std::string when = time_text(options_.time_format, change.time, options_.origin);
  output_.note(fmt::format("{} {}", painted(fmt::format("{:>8}", when), Color::kDim, output_.error_colored()),
                           painted(change_text(change), color_of(change.kind), output_.error_colored())));
}

void ProgressDisplay::on_sample(const RunSteps& steps, WallTime now) {
  if (!output_.animated()) {
    return;
  }
  const Duration elapsed = std::max(now - options_.origin, Duration::zero());
  std::string line = fmt::format("{} {}", progress_bar(steps.completed(), steps.total(), kBarWidth), short_duration(elapsed));
  if (last_step_change_.step >= 0) {
    line += "  " + change_text(last_step_change_);
  }
  output_.set_status_line(line);
}

}  // namespace lifecycle::cli
