// Reads a history into the spans, workflow tasks and marks of a story, event by event.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/api.h"
#include "cli/describe/story.h"
#include "cli/run_steps.h"

namespace lifecycle::cli {

class StoryReader {
 public:
  // Fills in what history tells. The story outlives the reader, and nobody else changes its spans and tasks meanwhile.
  explicit StoryReader(Story& story) : story_(story) {}

  // The events of a history, in order. An event that speaks of one which is not there (a history without its beginning) is left out.
  void apply(const api::HistoryEvent& event);
  // After the last event.
  void finish();

 private:
  [[nodiscard]] bool apply_run(const api::HistoryEvent& event);
  [[nodiscard]] bool apply_workflow_task(const api::HistoryEvent& event);
  [[nodiscard]] bool apply_activity(const api::HistoryEvent& event);
  [[nodiscard]] bool apply_timer(const api::HistoryEvent& event);
  [[nodiscard]] bool apply_child(const api::HistoryEvent& event);
  [[nodiscard]] bool apply_nexus(const api::HistoryEvent& event);
  [[nodiscard]] bool apply_update(const api::HistoryEvent& event);
  void apply_mark(const api::HistoryEvent& event);
  void apply_marker(const api::HistoryEvent& event);

  void begin(const api::HistoryEvent& event);
  void end(const api::HistoryEvent& event, WorkflowStatus status, const std::string& next_run_id);
  Span& add(const api::HistoryEvent& event, SpanKind kind, std::string id, std::string type);
  // Null when history does not hold the event.
  [[nodiscard]] Span* find(std::int64_t event_id);
  void close(std::int64_t event_id, const api::HistoryEvent& event, SpanStatus status, const api::Failure* failure = nullptr);
  [[nodiscard]] WorkflowTask& task(const api::HistoryEvent& event, std::int64_t scheduled_event_id);
  void mark(const api::HistoryEvent& event, MarkKind kind, std::string text, std::string by = {});

  Story& story_;
  RunSteps steps_;
  std::unordered_map<std::int64_t, std::size_t> spans_by_event_;  // index into story_.spans
  std::string last_version_;                                      // of the last workflow task that told one
};

// "NonDeterministicError" for WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR.
[[nodiscard]] std::string cause_name(api::WorkflowTaskFailedCause cause);

// "pinned", "auto-upgrade", or empty.
[[nodiscard]] std::string behavior_name(temporal::api::enums::v1::VersioningBehavior behavior);

// "pinned to v1.0.0", "auto-upgrade", or empty.
[[nodiscard]] std::string override_text(const temporal::api::workflow::v1::VersioningOverride& versioning_override);

}  // namespace lifecycle::cli
