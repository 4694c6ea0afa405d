// Stories for tests: from recorded histories and from events written by hand.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/describe/story.h"
#include "tests/cli/history_events.h"
#include "tests/support/history_corpus.h"

namespace lifecycle::cli::test {

using Description = temporal::api::workflowservice::v1::DescribeWorkflowExecutionResponse;

inline std::string read_text(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

using lifecycle::test::recorded_history;

inline WallTime last_time_of(const api::History& history) {
  return api::to_wall_time(history.events(history.events_size() - 1).event_time());
}

// Three seconds after its last event.
inline Story recorded_story(const std::string& name, const std::vector<Fault>& faults = {}) {
  const api::History history = recorded_history(name);
  return make_story(history, nullptr, faults, last_time_of(history) + std::chrono::seconds(3));
}

// A description of a run that goes on.
inline Description running_description(const api::History& history) {
  Description description;
  auto& info = *description.mutable_workflow_execution_info();
  info.mutable_execution()->set_workflow_id("order-1");
  info.mutable_execution()->set_run_id("run-1");
  info.mutable_type()->set_name("LifecycleWorkflow");
  info.set_task_queue("lifecycle-queue");
  info.set_status(temporal::api::enums::v1::WORKFLOW_EXECUTION_STATUS_RUNNING);
  info.set_history_length(history.events_size());
  return description;
}

}  // namespace lifecycle::cli::test
