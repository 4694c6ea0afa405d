#include "tests/support/delivery.h"

#include <gtest/gtest.h>

#include "replay/replayer.h"

namespace lifecycle::test {
namespace {

using Commands = std::vector<std::string>;

bool is_open_at(const api::History& history, std::int64_t started_event_id) { return started_event_id == history.events_size(); }

Commands expected_commands(const Registry& registry, const api::History& history, std::int64_t started_event_id) {
  return is_open_at(history, started_event_id) ? commands_of(answer_to(registry, slice(history, 1, started_event_id)))
                                               : recorded_commands(history, started_event_id);
}

// True when a worker that answered the task of `previous_started_event_id` would be thought to have lost the run since then.
bool begins_again(const api::History& history, std::int64_t previous_started_event_id, std::int64_t started_event_id) {
  for (std::int64_t index = previous_started_event_id; index < started_event_id; ++index) {
    const api::EventType type = history.events(static_cast<int>(index)).event_type();
    if (type == api::enums::EVENT_TYPE_WORKFLOW_TASK_FAILED || type == api::enums::EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT) {
      return true;
    }
  }
  return previous_started_event_id == 0;
}

}  // namespace

void expect_replay_of_the_whole(const Registry& registry, const HistoryPtr& history) {
  const Result<replay::ReplayResult> result = replay::Replayer(registry).replay(history);
  ASSERT_TRUE(result) << result.error().message;
  const std::vector<std::int64_t> tasks = workflow_tasks(*history);
  const bool last_task_fails = !tasks.empty() && is_open_at(*history, tasks.back()) &&
                               std::holds_alternative<core::RespondWorkflowTaskFailed>(answer_to(registry, history));
  EXPECT_EQ(result->verdict == replay::Verdict::kMismatch, last_task_fails) << result->failure.failure.message();
}

void expect_same_commands_task_by_task(const Registry& registry, const HistoryPtr& history) {
  CachedRun run = fresh_run(registry);
  std::int64_t previous = 0;
  for (const std::int64_t started : workflow_tasks(*history)) {
    const std::int64_t first = begins_again(*history, previous, started) ? 1 : previous + 1;
    const RunRequest answer = run.on_workflow_task({.history = slice(*history, first, started), .started_event_id = started});
    ASSERT_EQ(commands_of(answer), expected_commands(registry, *history, started)) << "task started by event " << started;
    previous = started;
  }
}

void expect_same_commands_with_evictions(const Registry& registry, const HistoryPtr& history) {
  for (const std::int64_t started : workflow_tasks(*history)) {
    EXPECT_EQ(commands_of(answer_to(registry, slice(*history, 1, started))), expected_commands(registry, *history, started))
        << "task started by event " << started;
  }
}

void expect_same_commands_in_pages(const Registry& registry, const HistoryPtr& history) {
  for (const std::int64_t started : workflow_tasks(*history)) {
    const Commands expected = expected_commands(registry, *history, started);
    for (std::int64_t events_per_page = 1; events_per_page < started; ++events_per_page) {
      const StoredHistory stored(slice(*history, 1, started), events_per_page);
      StoredHistory::Page first = stored.page("");
      CachedRun run = fresh_run(registry);
      const RunRequest begun = run.on_workflow_task(
          {.history = std::move(first.events), .next_page_token = std::move(first.next_page_token), .started_event_id = started});
      ASSERT_EQ(commands_of(serve(run, begun, stored)), expected)
          << "task started by event " << started << ", in pages of " << events_per_page;
    }
  }
}

void expect_same_commands_after_cache_misses(const Registry& registry, const HistoryPtr& history) {
  std::int64_t previous = 0;
  for (const std::int64_t started : workflow_tasks(*history)) {
    const std::int64_t first = begins_again(*history, previous, started) ? 1 : previous + 1;
    previous = started;
    if (first == 1) {
      continue;
    }
    const Commands expected = expected_commands(registry, *history, started);
    for (const std::int64_t stored_up_to : {started - 2, started}) {
      for (std::int64_t events_per_page = 1; events_per_page <= stored_up_to; ++events_per_page) {
        CachedRun run = fresh_run(registry);
        const RunRequest begun = run.on_workflow_task({.history = slice(*history, first, started), .started_event_id = started});
        const auto* fetch = std::get_if<core::FetchHistoryPage>(&begun);
        ASSERT_TRUE(fetch != nullptr && fetch->page_token.empty()) << "task started by event " << started;
        const StoredHistory stored(slice(*history, 1, stored_up_to), events_per_page);
        ASSERT_EQ(commands_of(serve(run, begun, stored)), expected)
            << "task started by event " << started << ", in pages of " << events_per_page << ", stored up to event " << stored_up_to;
      }
    }
  }
}

}  // namespace lifecycle::test
