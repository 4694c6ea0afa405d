// How the parts of a story are called, the same in text, in charts and in pages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/describe/story.h"
#include "cli/time_text.h"

namespace lifecycle::cli {

// "A v1.0.0", or "?" where nobody told.
[[nodiscard]] std::string version_label(const Story& story, std::string_view version);

// Pod and node of a worker, or process and host; the whole identity as the first where it has no such parts.
struct Place {
  std::string process;
  std::string machine;
};
[[nodiscard]] Place place_of(const WorkerIdentity& worker);
// True when the story's workers are pods rather than processes.
[[nodiscard]] bool has_pods(const Story& story);

// "completed", "fired", "running (cancel requested)": the status as people call it for this kind of span.
[[nodiscard]] std::string status_text(const Span& span);

// "COMPLETED in 48.2s", "RUNNING for 3.0s".
[[nodiscard]] std::string status_line(const Story& story);

// "lifecycle, pinned to v1.0.0"; empty where the run is unversioned.
[[nodiscard]] std::string versioning_line(const Story& story);

// Why a run that goes on does not get on, most urgent first: a workflow task that keeps failing, no worker. One sentence each.
[[nodiscard]] std::vector<std::string> problems_of(const Story& story, TimeFormat format);

// What happened, in the order of time: signals, version changes, faults, gaps.
struct Happening {
  WallTime time;
  std::string kind;  // "signal", "fault", "no_worker" and so on
  std::string text;
};
[[nodiscard]] std::vector<Happening> happenings_of(const Story& story);

// "sigkill on process 4711 (v1.0.0), proven".
[[nodiscard]] std::string fault_text(const Fault& fault);

// Workflow tasks of one worker and version.
struct TaskGroup {
  std::string version;
  std::string behavior;
  WorkerIdentity worker;
  int completed = 0;
  int failed = 0;
  int timed_out = 0;
  Duration longest_wait = {};  // from its scheduling to its start
};
// In the order of their first task; those that nobody took are a group without worker.
[[nodiscard]] std::vector<TaskGroup> task_groups_of(const Story& story);

}  // namespace lifecycle::cli
