// The recorded histories of tests/histories, by name, and what it takes to corrupt them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "history/history_file.h"

namespace lifecycle::test {

inline std::vector<std::string> recorded_history_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(LIFECYCLE_TEST_HISTORIES)) {
    if (entry.path().extension() == ".json") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

inline api::History recorded_history(const std::string& name) {
  Result<api::History> history = history::read_history_file(std::string(LIFECYCLE_TEST_HISTORIES) + "/" + name + ".json");
  EXPECT_TRUE(history) << (history ? "" : history.error().message);
  return history ? *std::move(history) : api::History();
}

// Event `id` of a history whose ids have no gap.
inline api::HistoryEvent& event_of(api::History& history, int id) { return *history.mutable_events(id - 1); }

// A run of a Worker Deployment: each completed workflow task on this version.
inline void put_on_version(api::History& history, const std::string& build_id, api::enums::VersioningBehavior behavior) {
  for (api::HistoryEvent& event : *history.mutable_events()) {
    if (event.has_workflow_task_completed_event_attributes()) {
      auto& completed = *event.mutable_workflow_task_completed_event_attributes();
      completed.set_versioning_behavior(behavior);
      completed.mutable_deployment_version()->set_deployment_name("lifecycle");
      completed.mutable_deployment_version()->set_build_id(build_id);
    }
  }
}

}  // namespace lifecycle::test
