// What a workflow sees: signals, conditions, time, randomness and itself.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "converter/payload.h"
#include "tests/support/run_driver.h"
#include "tests/support/sample_workflows.h"

namespace lifecycle::test {
namespace {

using converter::to_payloads;
using replay::HistoryBuilder;
using std::chrono::seconds;
using Commands = std::vector<std::string>;

// Keeps a journal of what its coroutines see; the query `journal` reads it.
class JournalWorkflow {
 public:
  Workflow<void> run(WorkflowContext ctx) {
    journal_.push_back(fmt::format("{} {} {} attempt {} on {}", ctx.info().workflow_type, ctx.info().workflow_id, ctx.info().run_id,
                                   ctx.info().attempt, ctx.info().task_queue));
    for (;;) {
      journal_.push_back(fmt::format("at {}{}{}", ctx.history_length(), ctx.is_replaying() ? ", replaying" : "",
                                     ctx.continue_as_new_suggested() ? ", long" : ""));
      seen_ = signals_;
      co_await ctx.wait_until(*this, &JournalWorkflow::has_news);
    }
  }
  void signal() { ++signals_; }
  [[nodiscard]] std::vector<std::string> journal() const { return journal_; }

 private:
  [[nodiscard]] bool has_news() const { return signals_ != seen_; }

  std::vector<std::string> journal_;
  int signals_ = 0;
  int seen_ = 0;
};

// Three coroutines wait for the one thing; whoever wakes takes it.
class OneThingWorkflow {
 public:
  Workflow<std::vector<std::string>> run(WorkflowContext ctx) {
    co_await ctx.wait_until(*this, &OneThingWorkflow::all_have_taken);
    co_return takers_;
  }
  Workflow<void> take(WorkflowContext ctx, std::string name) {
    co_await ctx.wait_until(*this, &OneThingWorkflow::is_there);
    if (things_ == 0) {
      throw ApplicationFailure("woken for nothing");
    }
    --things_;
    takers_.push_back(name);
  }
  void put(int things) { things_ += things; }

 private:
  [[nodiscard]] bool is_there() const { return things_ > 0; }
  [[nodiscard]] bool all_have_taken() const { return takers_.size() == 3; }

  std::vector<std::string> takers_;
  int things_ = 0;
};

// Its main coroutine and the handler of its signal both schedule activities: who comes first is seen in the commands.
class TwoVoicesWorkflow {
 public:
  Workflow<void> run(WorkflowContext ctx) {
    co_await ctx.activity(kGreet, {.start_to_close_timeout = seconds(10)}, std::string("first"));
    co_await ctx.activity(kGreet, {.start_to_close_timeout = seconds(10)}, std::string("second"));
  }
  Workflow<void> also(WorkflowContext ctx) {
    co_await ctx.activity(kGreet, {.start_to_close_timeout = seconds(10)}, std::string("from the signal"));
  }
};

class ContextTest : public ::testing::Test {
 protected:
  ContextTest() {
    register_samples(registry_);
    registry_.workflow("JournalWorkflow", &JournalWorkflow::run)
        .signal("signal", &JournalWorkflow::signal)
        .query("journal", &JournalWorkflow::journal);
    registry_.workflow("TwoVoicesWorkflow", &TwoVoicesWorkflow::run).signal("also", &TwoVoicesWorkflow::also);
    registry_.workflow("OneThingWorkflow", &OneThingWorkflow::run)
        .signal("take", &OneThingWorkflow::take)
        .signal("put", &OneThingWorkflow::put);
  }

  static std::string query(CachedRun& run, const std::string& type) {
    auto asked = std::make_shared<api::WorkflowQuery>();
    asked->set_query_type(type);
    const RunRequest request = run.on_workflow_task({.history = std::make_shared<api::History>(), .query = asked});
    return outcome_of(std::get<core::RespondQuery>(request).answer);
  }

  Registry registry_;
};

TEST_F(ContextTest, SeesWhoItIsHowLongItsHistoryIsAndWhetherItReplays) {
  HistoryBuilder history;
  history.workflow_execution_started("JournalWorkflow");
  history.full_workflow_task();
  history.signaled("signal");
  const std::int64_t started = history.polled_workflow_task();
  CachedRun run = fresh_run(registry_);
  EXPECT_EQ(commands_of(run.on_workflow_task({.history = history.build(), .started_event_id = started})), Commands{});
  EXPECT_EQ(query(run, "journal"), "answered: [[\"JournalWorkflow workflow-1 run-1 attempt 1 on queue-1\",\"at 3, replaying\",\"at 7\"]]");
}

TEST_F(ContextTest, IsToldWhenTheServerSuggestsAFreshHistory) {
  HistoryBuilder history;
  history.workflow_execution_started("JournalWorkflow");
  history.workflow_task_scheduled();
  api::HistoryEvent& started = history.add(api::enums::EVENT_TYPE_WORKFLOW_TASK_STARTED);
  started.mutable_workflow_task_started_event_attributes()->set_suggest_continue_as_new(true);
  CachedRun run = fresh_run(registry_);
  EXPECT_EQ(commands_of(run.on_workflow_task({.history = history.build(), .started_event_id = 3})), Commands{});
  EXPECT_EQ(query(run, "journal"), "answered: [[\"JournalWorkflow workflow-1 run-1 attempt 1 on queue-1\",\"at 3, long\"]]");
}

TEST_F(ContextTest, ASignalWithoutHandlerIsDroppedWithAWarning) {
  HistoryBuilder history;
  history.workflow_execution_started("ConfirmWorkflow");
  history.signaled("nonsense");
  const std::int64_t started = history.polled_workflow_task();
  CachedRun run = fresh_run(registry_);
  EXPECT_EQ(commands_of(run.on_workflow_task({.history = history.build(), .started_event_id = started})),
            Commands{"StartTimer(id 6, 30s)"});
  EXPECT_EQ(run.take_warnings(), Commands{"signal 'nonsense' dropped: ConfirmWorkflow has no handler for it"});
  EXPECT_EQ(run.take_warnings(), Commands{});
}

TEST_F(ContextTest, ASignalThatCannotBeReadIsDroppedWithAWarningAndTheWorkflowGoesOn) {
  HistoryBuilder history;
  history.workflow_execution_started("ConfirmWorkflow");
  history.signaled("rename", to_payloads(7));
  history.signaled("confirm");
  const std::int64_t started = history.polled_workflow_task();
  CachedRun run = fresh_run(registry_);
  EXPECT_EQ(commands_of(run.on_workflow_task({.history = history.build(), .started_event_id = started})),
            Commands{"CompleteWorkflowExecution([true])"});
  const Commands warnings = run.take_warnings();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_TRUE(warnings.front().starts_with("signal 'rename' dropped: input of rename: ")) << warnings.front();
}

TEST_F(ContextTest, AConditionWakesOneWaiterAtATimeInTheOrderInWhichTheyBeganToWait) {
  HistoryBuilder history;
  history.workflow_execution_started("OneThingWorkflow");
  for (const std::string name : {"ann", "bob", "cem"}) {
    history.signaled("take", to_payloads(name));
  }
  history.signaled("put", to_payloads(1));
  history.full_workflow_task();
  history.signaled("put", to_payloads(2));
  history.polled_workflow_task();
  EXPECT_EQ(commands_of(answer_to(registry_, history.build())), Commands{"CompleteWorkflowExecution([[\"ann\",\"bob\",\"cem\"]])"});
}

TEST_F(ContextTest, SignalsReachTheCodeBeforeWhatElseHappenedInTheSameTask) {
  HistoryBuilder history;
  history.workflow_execution_started("TwoVoicesWorkflow");
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads("first"));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, to_payloads("hello"));
  history.signaled("also");
  history.polled_workflow_task();
  EXPECT_EQ(commands_of(answer_to(registry_, history.build())),
            (Commands{"ScheduleActivityTask(id 12, Greet, [\"from the signal\"])", "ScheduleActivityTask(id 13, Greet, [\"second\"])"}));
}

TEST_F(ContextTest, TheSameSeedDrawsTheSameAfterAnEviction) {
  HistoryBuilder history;
  history.workflow_execution_started("RandomWorkflow");
  history.polled_workflow_task();
  EXPECT_EQ(commands_of(answer_to(registry_, history.build())), commands_of(answer_to(registry_, history.build())));
}

// A run that was reset to its second task: what was drawn before stays, and what comes is drawn from the stream of the new run.
HistoryBuilder reset_run(const std::string& new_run_id) {
  RandomStream stream(stable_hash(HistoryBuilder::kRunId));
  const std::string id = uuid_from(stream);
  HistoryBuilder history;
  history.workflow_execution_started("RandomWorkflow");
  history.full_workflow_task();
  const std::int64_t scheduled = history.activity_task_scheduled("Greet", to_payloads(fmt::format("{} {}", id, stream.below(1'000'000))));
  history.activity_task_started(scheduled);
  history.activity_task_completed(scheduled, to_payloads("x"));
  history.polled_workflow_task();
  if (!new_run_id.empty()) {
    history.workflow_task_failed(api::enums::WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW, new_run_id);
    history.polled_workflow_task();
  }
  return history;
}

// The command with the draw of that number, counted from 1, of a stream.
std::string drawn_by(std::uint64_t seed, int draw, std::int64_t event_id) {
  RandomStream stream(seed);
  std::string input;
  for (int i = 0; i < draw; ++i) {
    const std::string id = uuid_from(stream);
    input = fmt::format("{} {}", id, stream.below(1'000'000));
  }
  return fmt::format("ScheduleActivityTask(id {}, Greet, [\"{}\"])", event_id, input);
}

TEST_F(ContextTest, ARunDrawsFromTheStreamOfItsOwnIdAndAfterAResetFromAnother) {
  EXPECT_EQ(commands_of(answer_to(registry_, reset_run("").build())), Commands{drawn_by(stable_hash("run-1"), 2, 11)});
  EXPECT_EQ(commands_of(answer_to(registry_, reset_run("run-2").build())), Commands{drawn_by(stable_hash("run-2"), 1, 14)});
  EXPECT_EQ(commands_of(answer_to(registry_, reset_run("run-3").build())), Commands{drawn_by(stable_hash("run-3"), 1, 14)});
}

TEST_F(ContextTest, ATaskThatFailedForAnotherReasonLeavesTheStreamAlone) {
  HistoryBuilder history = reset_run("");
  history.workflow_task_failed(api::enums::WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND, "run-2");
  history.polled_workflow_task();
  EXPECT_EQ(commands_of(answer_to(registry_, history.build())), Commands{drawn_by(stable_hash("run-1"), 2, 14)});
}

}  // namespace
}  // namespace lifecycle::test
