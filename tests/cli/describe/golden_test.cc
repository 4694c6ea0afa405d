// Every view of a story as it was last looked at by a person: tests/cli/describe/golden. After a change that is meant,
//   LIFECYCLE_WRITE_GOLDEN=1 build/dev/tests/cli/describe/describe_test --gtest_filter='Golden*'
// writes them anew; read the difference before it is committed.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <functional>

#include "cli/describe/story_html.h"
#include "cli/describe/story_json.h"
#include "cli/describe/story_mermaid.h"
#include "cli/describe/story_svg.h"
#include "cli/describe/story_text.h"
#include "tests/cli/describe/stories.h"

namespace lifecycle::cli {
namespace {

using test::at;
using test::HistoryEvents;
namespace enums = temporal::api::enums::v1;

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

// A worker was killed, and its run went on in another version. The kill is in the journal.
Story killed_worker() {
  const api::History history = test::recorded_history("python_killed_worker");
  const WallTime began = api::to_wall_time(history.events(0).event_time());
  const Fault fault{.time = began + std::chrono::milliseconds(1800),
                    .action = "sigkill",
                    .target = "process 1234",
                    .node = "host",
                    .version = "v1.0.0",
                    .outcome = "proven",
                    .workflow_ids = {history.events(0).workflow_execution_started_event_attributes().workflow_id()}};
  return make_story(history, nullptr, std::vector{fault}, test::last_time_of(history));
}

// One step backs off, one runs in a pod, and names are what users may call things.
Story pending_steps() {
  HistoryEvents events;
  events.started(2).workflow_task_scheduled(0).workflow_task_started("lifecycle-workers-v1-x7k@node-1/v1.0.0#aa", 0.1);
  events.workflow_task_completed({.deployment_name = "lifecycle", .build_id = "v1.0.0"}, 0.2).scheduled(0, 0.2);
  const std::int64_t first = events.scheduled_event_id();
  events.scheduled(1, 0.2);
  api::History history = events.history();
  history.mutable_events(static_cast<int>(first) - 1)
      ->mutable_activity_task_scheduled_event_attributes()
      ->mutable_activity_type()
      ->set_name("charge <&> \"注文\"");
  test::Description description = test::running_description(history);
  auto& versioning = *description.mutable_workflow_execution_info()->mutable_versioning_info();
  versioning.set_behavior(enums::VERSIONING_BEHAVIOR_PINNED);
  *versioning.mutable_deployment_version() = client::to_api({.deployment_name = "lifecycle", .build_id = "v1.0.0"});
  auto& retried = *description.add_pending_activities();
  retried.set_activity_id(std::to_string(first));
  retried.set_state(enums::PENDING_ACTIVITY_STATE_SCHEDULED);
  retried.set_attempt(3);
  retried.set_maximum_attempts(5);
  retried.set_last_worker_identity("lifecycle-workers-v2-p2q@node-2/v2.0.0#bb");
  retried.mutable_last_failure()->set_message("card refused;\nask the bank");
  api::set(*retried.mutable_next_attempt_schedule_time(), at(14));
  auto& running = *description.add_pending_activities();
  running.set_activity_id(std::to_string(events.scheduled_event_id()));
  running.set_state(enums::PENDING_ACTIVITY_STATE_STARTED);
  running.set_attempt(1);
  running.set_last_worker_identity("lifecycle-workers-v1-x7k@node-1/v1.0.0#aa");
  api::set(*running.mutable_last_started_time(), at(2));
  api::set(*running.mutable_last_heartbeat_time(), at(9));
  return make_story(history, &description, {}, at(10));
}

// The code does not fit the history, and the workflow stands still.
Story failing_task() {
  api::History history = test::recorded_history("go_open");
  const WallTime failed_at = test::last_time_of(history) + std::chrono::seconds(2);
  const auto add = [&](enums::EventType type) -> api::HistoryEvent& {
    api::HistoryEvent& event = *history.add_events();
    event.set_event_id(history.events_size());
    event.set_event_type(type);
    api::set(*event.mutable_event_time(), failed_at);
    return event;
  };
  add(enums::EVENT_TYPE_WORKFLOW_TASK_SCHEDULED).mutable_workflow_task_scheduled_event_attributes()->set_attempt(1);
  const std::int64_t scheduled = history.events_size();
  auto& started = *add(enums::EVENT_TYPE_WORKFLOW_TASK_STARTED).mutable_workflow_task_started_event_attributes();
  started.set_scheduled_event_id(scheduled);
  started.set_identity("77@host/v2.0.0#cc");
  auto& failed = *add(enums::EVENT_TYPE_WORKFLOW_TASK_FAILED).mutable_workflow_task_failed_event_attributes();
  failed.set_scheduled_event_id(scheduled);
  failed.set_identity("77@host/v2.0.0#cc");
  failed.set_cause(enums::WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR);
  failed.mutable_failure()->set_message("event 5 has activity ProcessStep, the code wants a timer");
  test::Description description = test::running_description(history);
  description.mutable_pending_workflow_task()->set_attempt(4);
  description.mutable_pending_workflow_task()->set_state(enums::PENDING_WORKFLOW_TASK_STATE_SCHEDULED);
  api::set(*description.mutable_pending_workflow_task()->mutable_scheduled_time(), failed_at + std::chrono::seconds(5));
  return make_story(history, &description, {}, failed_at + std::chrono::seconds(7));
}

struct GoldenCase {
  std::string file;
  std::function<Story()> story;
  std::function<std::string(const Story&)> view;
};

void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.file; }

std::string text_view(const Story& story) { return joined(story_lines(story, {})); }

std::vector<GoldenCase> golden_cases() {
  return {
      {.file = "killed_worker.txt", .story = killed_worker, .view = text_view},
      {.file = "killed_worker.color.txt",
       .story = killed_worker,
       .view = [](const Story& story) { return joined(story_lines(story, {.color = true})); }},
      {.file = "killed_worker.80.iso.txt",
       .story = killed_worker,
       .view = [](const Story& story) { return joined(story_lines(story, {.width = 80, .time_format = TimeFormat::kIso})); }},
      {.file = "killed_worker.json", .story = killed_worker, .view = [](const Story& story) { return story_json(story).dump(2) + "\n"; }},
      {.file = "killed_worker.jsonl",
       .story = killed_worker,
       .view =
           [](const Story& story) {
             std::string text;
             for (const auto& line : story_json_lines(story)) {
               text += line.dump() + "\n";
             }
             return text;
           }},
      {.file = "killed_worker.mermaid", .story = killed_worker, .view = story_mermaid},
      {.file = "killed_worker.svg", .story = killed_worker, .view = [](const Story& story) { return story_svg(story); }},
      {.file = "killed_worker.html", .story = killed_worker, .view = story_html},
      {.file = "pending.txt", .story = pending_steps, .view = text_view},
      {.file = "pending.html", .story = pending_steps, .view = story_html},
      {.file = "pending.mermaid", .story = pending_steps, .view = story_mermaid},
      {.file = "failing_task.txt", .story = failing_task, .view = text_view},
      {.file = "failing_task.svg", .story = failing_task, .view = [](const Story& story) { return story_svg(story); }},
      {.file = "order.txt", .story = [] { return test::recorded_story("python_order"); }, .view = text_view},
      {.file = "order.svg",
       .story = [] { return test::recorded_story("python_order"); },
       .view = [](const Story& story) { return story_svg(story); }},
      {.file = "order.mermaid", .story = [] { return test::recorded_story("python_order"); }, .view = story_mermaid},
  };
}

class Golden : public testing::TestWithParam<GoldenCase> {};

TEST_P(Golden, is_as_it_was_when_it_was_looked_at) {
  const std::string path = std::string(LIFECYCLE_TEST_GOLDEN) + "/" + GetParam().file;
  const std::string now = GetParam().view(GetParam().story());
  if (std::getenv("LIFECYCLE_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path) << now;
  }
  EXPECT_EQ(now, test::read_text(path)) << "LIFECYCLE_WRITE_GOLDEN=1 writes " << path << " anew";
}

INSTANTIATE_TEST_SUITE_P(Views, Golden, testing::ValuesIn(golden_cases()), [](const auto& info) {
  std::string name = info.param.file;
  std::ranges::replace(name, '.', '_');
  return name;
});

}  // namespace
}  // namespace lifecycle::cli
