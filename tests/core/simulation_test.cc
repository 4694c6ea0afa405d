// Random programs against a simulated server: what a worker answered while the history grew, it must answer again however that history
// reaches it, and no program may stand still while nothing is open that could wake it.
#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "converter/payload.h"
#include "tests/support/delivery.h"
#include "tests/support/sample_workflows.h"

namespace lifecycle::test {
namespace {

using converter::to_payloads;
using replay::HistoryBuilder;
using std::chrono::seconds;

// Does what its dice say: activities and timers in scopes that come and go, conditions, helpers, patches. The dice are the input's, so each
// seed is a program.
class ProgramWorkflow {
 public:
  Workflow<int> run(WorkflowContext ctx, std::uint64_t seed, int steps) {
    dice_ = RandomStream(seed);
    WorkflowContext scope = ctx.with_cancel();
    std::exception_ptr cancelled;
    for (int step = 0; step < steps && !cancelled; ++step) {
      try {
        switch (dice_.below(9)) {
          case 0:
          case 1:
            activities_.push_back((dice_.below(2) == 0 ? ctx : scope).activity(kGreet, any_options(), std::to_string(step)));
            break;
          case 2:
            timers_.push_back((dice_.below(2) == 0 ? ctx : scope).sleep(seconds(dice_.below(10))));
            break;
          case 3:
            co_await oldest_activity();
            break;
          case 4:
            co_await oldest_timer();
            break;
          case 5:
            wanted_pokes_ = pokes_ + 1;
            co_await ctx.wait_for(*this, &ProgramWorkflow::is_poked, seconds(5));
            break;
          case 6:
            scope.cancel();
            scope = ctx.with_cancel();
            break;
          case 7:
            take_a_patch(ctx);
            break;
          default:
            co_await one_greeting(scope);
            break;
        }
        ++done_;
      } catch (const TemporalFailure&) {
        cancelled = ctx.cancel_requested() ? std::current_exception() : nullptr;
      }
    }
    if (cancelled) {
      co_await ctx.detached().activity(kGreet, any_options(), std::string("clean up"));
      std::rethrow_exception(cancelled);
    }
    co_return done_;
  }

  void poke() { ++pokes_; }

  Workflow<void> work(WorkflowContext ctx) {
    try {
      take_a_patch(ctx);
      co_await one_greeting(ctx);
      co_await ctx.sleep(seconds(1));
    } catch (const ActivityFailure&) {
      ++done_;
    }
    ++pokes_;
  }

 private:
  Workflow<void> one_greeting(WorkflowContext ctx) {
    const std::string greeting = co_await ctx.activity(kGreet, any_options(), std::string("helper"));
    done_ += greeting.empty() ? 0 : 1;
  }
  // Few ids, so that they are asked for again; what depends on the answer shows in the commands.
  void take_a_patch(WorkflowContext ctx) {
    const std::string patch_id = "patch " + std::to_string(dice_.below(4));
    if (dice_.below(3) == 0) {
      ctx.deprecate_patch(patch_id);
    } else if (ctx.patched(patch_id)) {
      timers_.push_back(ctx.sleep(seconds(2)));
    }
  }
  Workflow<void> oldest_activity() {
    if (!activities_.empty()) {
      const Pending<std::string> oldest = activities_.front();
      activities_.erase(activities_.begin());
      co_await oldest;
    }
  }
  Workflow<void> oldest_timer() {
    if (!timers_.empty()) {
      const Pending<void> oldest = timers_.front();
      timers_.erase(timers_.begin());
      co_await oldest;
    }
  }
  ActivityOptions any_options() {
    return {.start_to_close_timeout = seconds(10), .cancellation_type = static_cast<CancellationType>(dice_.below(3))};
  }
  [[nodiscard]] bool is_poked() const { return pokes_ >= wanted_pokes_; }

  RandomStream dice_{0};
  std::vector<Pending<std::string>> activities_;
  std::vector<Pending<void>> timers_;
  int pokes_ = 0;
  int wanted_pokes_ = 0;
  int done_ = 0;
};

// Writes the history of one run as a server would: commands become events, and between two tasks happens what its dice say.
class SimulatedServer {
 public:
  SimulatedServer(const Registry& registry, std::uint64_t seed) : registry_(registry), dice_(seed) {
    history_.workflow_execution_started("ProgramWorkflow", to_payloads(seed, 5 + static_cast<int>(dice_.below(20))));
  }

  // The history from the start of the run to its end.
  HistoryPtr run_to_the_end() {
    constexpr int kTasksMax = 500;
    std::optional<CachedRun> run;
    std::int64_t previous = 0;
    for (int task = 0; task < kTasksMax && !closed_; ++task) {
      const std::int64_t first = start_task() && previous > 0 ? previous + 1 : 1;
      if (!run || dice_.below(5) == 0) {
        run.emplace(fresh_run(registry_));  // the worker was killed, and another takes over
      }
      previous = history_.last_event_id();
      const RunRequest begun = run->on_workflow_task({.history = history_.slice(first, previous), .started_event_id = previous});
      const RunRequest answer = serve(*run, begun, StoredHistory(history_.build(), 7));
      const auto* completed = std::get_if<core::RespondWorkflowTaskCompleted>(&answer);
      if (completed == nullptr) {
        ADD_FAILURE() << ::testing::PrintToString(commands_of(answer));
        break;
      }
      history_.workflow_task_completed();
      record(completed->commands);
      let_things_happen();
    }
    EXPECT_TRUE(closed_) << "the workflow stands still";
    return history_.build();
  }

 private:
  struct Activity {
    bool is_started = false;
    bool cancel_requested = false;
  };

  // False when the tasks before the one that is started now failed or were lost, so that a worker is sent everything.
  bool start_task() {
    bool is_first_attempt = true;
    history_.workflow_task_scheduled();
    while (dice_.below(10) == 0) {
      is_first_attempt = false;
      if (dice_.below(2) == 0) {
        history_.workflow_task_started();
        history_.workflow_task_failed(api::enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND);
      } else {
        history_.workflow_task_timed_out();
      }
      history_.workflow_task_scheduled();
    }
    history_.workflow_task_started();
    return is_first_attempt;
  }

  void record(const std::vector<api::Command>& commands) {
    for (const api::Command& command : commands) {
      EXPECT_FALSE(closed_) << "a command after the terminal one";
      record(command);
    }
    // What no worker has taken yet is cancelled by the server itself.
    std::erase_if(activities_, [this](const auto& entry) {
      if (entry.second.cancel_requested && !entry.second.is_started && !closed_) {
        history_.activity_task_canceled(entry.first);
        return true;
      }
      return false;
    });
  }

  void record(const api::Command& command) {
    if (command.has_schedule_activity_task_command_attributes()) {
      const auto& schedule = command.schedule_activity_task_command_attributes();
      EXPECT_EQ(schedule.activity_id(), std::to_string(history_.last_event_id() + 1));
      activities_[history_.activity_task_scheduled(schedule.activity_type().name(), schedule.input())] = {};
    } else if (command.has_request_cancel_activity_task_command_attributes()) {
      const std::int64_t scheduled = command.request_cancel_activity_task_command_attributes().scheduled_event_id();
      EXPECT_TRUE(activities_.contains(scheduled)) << "nothing is open at event " << scheduled;
      history_.activity_task_cancel_requested(scheduled);
      activities_[scheduled].cancel_requested = true;
    } else if (command.has_start_timer_command_attributes()) {
      const auto& start = command.start_timer_command_attributes();
      EXPECT_EQ(start.timer_id(), std::to_string(history_.last_event_id() + 1));
      timers_.insert(history_.timer_started(api::to_duration(start.start_to_fire_timeout())));
    } else if (command.has_cancel_timer_command_attributes()) {
      const std::int64_t started = std::stoll(command.cancel_timer_command_attributes().timer_id());
      EXPECT_EQ(timers_.erase(started), 1U) << "no timer is open at event " << started;
      history_.timer_canceled(started);
    } else if (command.has_record_marker_command_attributes()) {
      auto& recorded = *history_.add(api::enums::EVENT_TYPE_MARKER_RECORDED).mutable_marker_recorded_event_attributes();
      recorded.set_marker_name(command.record_marker_command_attributes().marker_name());
      *recorded.mutable_details() = command.record_marker_command_attributes().details();
    } else if (command.has_upsert_workflow_search_attributes_command_attributes()) {
      const auto& upsert = command.upsert_workflow_search_attributes_command_attributes();
      *history_.add(api::enums::EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES)
           .mutable_upsert_workflow_search_attributes_event_attributes()
           ->mutable_search_attributes() = upsert.search_attributes();
    } else {
      record_end(command);
    }
  }

  void record_end(const api::Command& command) {
    closed_ = true;
    if (command.has_complete_workflow_execution_command_attributes()) {
      history_.completed(command.complete_workflow_execution_command_attributes().result());
    } else if (command.has_fail_workflow_execution_command_attributes()) {
      history_.failed(command.fail_workflow_execution_command_attributes().failure());
    } else {
      ASSERT_TRUE(command.has_cancel_workflow_execution_command_attributes()) << command.ShortDebugString();
      history_.canceled();
    }
  }

  // Some things, at least one of which is for the workflow to know. Now and then nothing at all: a task that follows at once.
  void let_things_happen() {
    if (closed_ || dice_.below(10) == 0) {
      return;
    }
    bool is_news = false;
    for (int tries = 0; tries < 200 && (!is_news || dice_.below(2) == 0); ++tries) {
      const bool happened = let_one_thing_happen();
      is_news = is_news || happened;
    }
  }

  // True when the workflow must know of it.
  bool let_one_thing_happen() {
    switch (dice_.below(8)) {
      case 0:
      case 1:
      case 2:
        return advance_an_activity();
      case 3:
      case 4:
        return fire_a_timer();
      case 5:
        history_.signaled(signals_++ < 20 ? "work" : "poke");
        return true;
      case 6:
        history_.signaled("poke");
        return true;
      default:
        if (dice_.below(10) != 0) {
          return false;
        }
        history_.cancel_requested();
        return true;
    }
  }

  bool advance_an_activity() {
    if (activities_.empty()) {
      return false;
    }
    const auto chosen = std::next(activities_.begin(), static_cast<std::ptrdiff_t>(dice_.below(activities_.size())));
    const std::int64_t scheduled = chosen->first;
    if (!chosen->second.is_started) {
      history_.activity_task_started(scheduled);
      chosen->second.is_started = true;
      return false;
    }
    const std::uint64_t ending = dice_.below(chosen->second.cancel_requested ? 4 : 3);
    if (ending == 0) {
      history_.activity_task_failed(scheduled, {});
    } else if (ending == 1) {
      history_.activity_task_timed_out(scheduled, api::enums::TIMEOUT_TYPE_HEARTBEAT);
    } else if (ending == 2) {
      history_.activity_task_completed(scheduled, to_payloads("hello"));
    } else {
      history_.activity_task_canceled(scheduled);
    }
    activities_.erase(chosen);
    return true;
  }

  bool fire_a_timer() {
    if (timers_.empty()) {
      return false;
    }
    const auto chosen = std::next(timers_.begin(), static_cast<std::ptrdiff_t>(dice_.below(timers_.size())));
    history_.timer_fired(*chosen);
    timers_.erase(chosen);
    return true;
  }

  const Registry& registry_;
  RandomStream dice_;
  HistoryBuilder history_;
  std::map<std::int64_t, Activity> activities_;  // open ones by the id of their scheduled event
  std::set<std::int64_t> timers_;                // open ones by the id of their started event
  int signals_ = 0;
  bool closed_ = false;
};

class SimulationTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  SimulationTest() {
    registry_.workflow("ProgramWorkflow", &ProgramWorkflow::run)
        .signal("poke", &ProgramWorkflow::poke)
        .signal("work", &ProgramWorkflow::work);
  }

  Registry registry_;
};

TEST_P(SimulationTest, EveryDeliveryOfARandomRunLeadsToItsCommands) {
  constexpr std::uint64_t kRunsPerTest = 10;
  for (std::uint64_t run = 0; run < kRunsPerTest; ++run) {
    const std::uint64_t seed = GetParam() * kRunsPerTest + run;
    SCOPED_TRACE(seed);
    const HistoryPtr history = SimulatedServer(registry_, seed).run_to_the_end();
    expect_replay_of_the_whole(registry_, history);
    expect_same_commands_task_by_task(registry_, history);
    expect_same_commands_with_evictions(registry_, history);
    if (history->events_size() < 40) {
      expect_same_commands_in_pages(registry_, history);
      expect_same_commands_after_cache_misses(registry_, history);
    }
    ASSERT_FALSE(HasFailure());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulationTest, ::testing::Range<std::uint64_t>(0, 10));

}  // namespace
}  // namespace lifecycle::test
