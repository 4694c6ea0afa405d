#include "core/patch_marker.h"
#include "core/workflow_machines.h"
#include "tests/worker/worker_fixture.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using test::WorkerTest;
using test::workflow_task;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class WorkflowTaskTest : public WorkerTest {
 protected:
  // The run of Greeting up to the task that brings what Greet said.
  static replay::HistoryBuilder greeted() {
    replay::HistoryBuilder history = test::begun("Greeting", converter::to_payloads(test::GreetingInput{.name = "ann"}));
    history.workflow_task_completed();
    const std::int64_t greet = history.activity_task_scheduled("Greet", converter::to_payloads("ann"));
    history.activity_task_started(greet);
    history.activity_task_completed(greet, converter::to_payloads("hello ann"));
    history.polled_workflow_task();
    return history;
  }
  static constexpr std::int64_t kFirstStarted = 3;
};

TEST_F(WorkflowTaskTest, AWorkflowRunsFromItsStartToItsEnd) {
  start();
  const replay::HistoryBuilder history = greeted();
  give(workflow_task(history.slice(1, kFirstStarted), "run-1", "Greeting"));
  const auto first = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  ASSERT_THAT(first.commands(), SizeIs(1));
  EXPECT_EQ(first.commands(0).command_type(), api::enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK);
  const auto& schedule = first.commands(0).schedule_activity_task_command_attributes();
  EXPECT_EQ(schedule.activity_type().name(), "Greet");
  EXPECT_EQ(test::text_of(schedule.input()), "ann");

  test::ActivityTask greet = test::activity_task("Greet", schedule.input());
  give(greet);
  const auto result = wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_EQ(result.task_token(), greet.task_token());
  EXPECT_EQ(result.identity(), "me");
  EXPECT_EQ(result.namespace_(), "ns");
  EXPECT_EQ(test::text_of(result.result()), "hello ann");

  give_to_sticky_queue(workflow_task(history.slice(kFirstStarted + 1, history.last_event_id()), "run-1", "Greeting"));
  const auto last = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  ASSERT_THAT(last.commands(), SizeIs(1));
  EXPECT_EQ(test::text_of(last.commands(0).complete_workflow_execution_command_attributes().result()), "hello ann");
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 2);
  EXPECT_EQ(count<rpc::GetWorkflowExecutionHistory>(), 0);
  EXPECT_EQ(worker_->stats().workflow_tasks_completed, 2);
  EXPECT_EQ(worker_->stats().activities_completed, 1);
  EXPECT_EQ(worker_->stats().sticky_cache_hits, 1);
}

TEST_F(WorkflowTaskTest, TheCompletionNamesTaskIdentityAndNamespace) {
  start();
  give(workflow_task(test::begun("Waiting").build()));
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  EXPECT_EQ(completed.task_token(), "run-1 at 3");
  EXPECT_EQ(completed.identity(), "me");
  EXPECT_EQ(completed.namespace_(), "ns");
  EXPECT_THAT(completed.commands(), IsEmpty());
}

TEST_F(WorkflowTaskTest, TheCompletionAsksForTheNextTaskOnThisProcessesQueue) {
  options_.sticky_schedule_to_start_timeout = 3s;
  start();
  give(workflow_task(test::begun("Waiting").build()));
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  EXPECT_TRUE(completed.return_new_workflow_task());
  const auto& sticky = completed.sticky_attributes();
  EXPECT_EQ(sticky.worker_task_queue().name(), open_sticky_polls().at(0).request.task_queue().name());
  EXPECT_EQ(sticky.worker_task_queue().kind(), api::enums::TASK_QUEUE_KIND_STICKY);
  EXPECT_EQ(sticky.worker_task_queue().normal_name(), "queue-1");
  EXPECT_EQ(api::to_duration(sticky.schedule_to_start_timeout()), 3s);
}

TEST_F(WorkflowTaskTest, WithoutACacheTheNextTaskIsAnybodys) {
  options_.max_cached_workflows = 0;
  start();
  give(workflow_task(test::begun("Waiting").build()));
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  EXPECT_FALSE(completed.has_sticky_attributes());
  EXPECT_FALSE(completed.return_new_workflow_task());
  EXPECT_EQ(worker_->stats().cached_workflows, 0);
}

TEST_F(WorkflowTaskTest, ARunIsSignedWithTheSdksNameOnce) {
  start();
  replay::HistoryBuilder history = test::begun("Waiting");
  give(workflow_task(history.build()));
  const auto first = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  EXPECT_EQ(first.sdk_metadata().sdk_name(), core::kSdkName);
  EXPECT_NE(first.sdk_metadata().sdk_version(), "");
  EXPECT_THAT(first.sdk_metadata().lang_used_flags(), IsEmpty());
  history.workflow_task_completed();
  history.signaled("nudge");
  history.polled_workflow_task();
  give_to_sticky_queue(workflow_task(history.slice(4, history.last_event_id())));
  EXPECT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 2);
  EXPECT_FALSE(server_.last_request<rpc::RespondWorkflowTaskCompleted>().has_sdk_metadata());
}

TEST_F(WorkflowTaskTest, APatchIsDeclaredWithTheFlagThatCoreExpects) {
  start();
  give(workflow_task(test::begun("Patched").build()));
  const auto completed = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  ASSERT_EQ(completed.commands_size(), 3);
  EXPECT_EQ(completed.commands(0).command_type(), api::enums::COMMAND_TYPE_RECORD_MARKER);
  EXPECT_EQ(completed.commands(1).command_type(), api::enums::COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES);
  EXPECT_EQ(completed.commands(2).command_type(), api::enums::COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK);
  EXPECT_THAT(completed.sdk_metadata().core_used_flags(), ElementsAre(core::kUpsertSearchAttributeOnPatch));
}

TEST_F(WorkflowTaskTest, ATaskInTheCompletionsAnswerIsRunWithoutAPoll) {
  start();
  const replay::HistoryBuilder history = greeted();
  rpc::RespondWorkflowTaskCompleted::Response with_task;
  *with_task.mutable_workflow_task() = workflow_task(history.slice(kFirstStarted + 1, history.last_event_id()), "run-1", "Greeting");
  server_.answer_next<rpc::RespondWorkflowTaskCompleted>(with_task);
  give(workflow_task(history.slice(1, kFirstStarted), "run-1", "Greeting"));
  ASSERT_EQ(count<rpc::RespondWorkflowTaskCompleted>(), 2);
  const auto last = server_.last_request<rpc::RespondWorkflowTaskCompleted>();
  EXPECT_EQ(last.task_token(), "run-1 at 9");
  EXPECT_EQ(test::text_of(last.commands(0).complete_workflow_execution_command_attributes().result()), "hello ann");
  EXPECT_EQ(workflow_polls_sent(), 6);  // the five of the start, and the one after the first task
}

TEST_F(WorkflowTaskTest, ManyTasksAreUnderWayAtOnce) {
  const auto completions = hold<rpc::RespondWorkflowTaskCompleted>();
  start();
  for (int i = 0; i < 100; ++i) {
    give(workflow_task(test::begun("Waiting").build(), "run-" + std::to_string(i)));
  }
  EXPECT_THAT(*completions, SizeIs(100));
  EXPECT_THAT(open_normal_polls(), SizeIs(1));
}

class EagerActivitiesTest : public WorkerTest {
 protected:
  void run_fan_out(int activities) {
    give(workflow_task(test::begun("FanOut", converter::to_payloads(activities)).build(), "run-1", "FanOut"));
  }
  // How many of the last completion's activities were asked for eagerly.
  std::size_t asked_for() {
    std::size_t eager = 0;
    for (const api::Command& command : server_.last_request<rpc::RespondWorkflowTaskCompleted>().commands()) {
      eager += command.schedule_activity_task_command_attributes().request_eager_execution() ? 1 : 0;
    }
    return eager;
  }
};

TEST_F(EagerActivitiesTest, AreNotAskedForByDefault) {
  start();
  run_fan_out(5);
  EXPECT_THAT(server_.last_request<rpc::RespondWorkflowTaskCompleted>().commands(), SizeIs(5));
  EXPECT_EQ(asked_for(), 0);
}

TEST_F(EagerActivitiesTest, AreAskedForThreeAtATime) {
  options_.eager_activities = true;
  start();
  run_fan_out(5);
  EXPECT_EQ(asked_for(), 3);
}

TEST_F(EagerActivitiesTest, AreAskedForAsFarAsThereAreFreeSlots) {
  options_.eager_activities = true;
  options_.max_concurrent_activities = 3;
  options_.max_concurrent_activity_task_polls = 1;
  start();  // the open poll holds one slot
  run_fan_out(5);
  EXPECT_EQ(asked_for(), 2);
}

TEST_F(EagerActivitiesTest, AreNotAskedForWhenAllSlotsAreTaken) {
  options_.eager_activities = true;
  options_.max_concurrent_activities = 5;
  start();
  run_fan_out(2);
  EXPECT_EQ(asked_for(), 0);
}

TEST_F(EagerActivitiesTest, RunWhenTheServerGivesThem) {
  options_.eager_activities = true;
  start();
  rpc::RespondWorkflowTaskCompleted::Response with_activities;
  *with_activities.add_activity_tasks() = test::activity_task("Greet", converter::to_payloads("0"));
  *with_activities.add_activity_tasks() = test::activity_task("Greet", converter::to_payloads("1"));
  server_.answer_next<rpc::RespondWorkflowTaskCompleted>(with_activities);
  run_fan_out(2);
  wait_for<rpc::RespondActivityTaskCompleted>(2);
  EXPECT_EQ(activity_polls_sent(), 5);
}

TEST_F(EagerActivitiesTest, SlotsThatTheServerDoesNotUseAreFreeAgain) {
  options_.eager_activities = true;
  options_.max_concurrent_activities = 4;
  options_.max_concurrent_activity_task_polls = 2;
  start();
  const auto completions = hold<rpc::RespondWorkflowTaskCompleted>();
  run_fan_out(3);
  EXPECT_EQ(asked_for(), 2);
  give(test::puppet_task(0));
  puppets_[0].wait_until_performing();
  EXPECT_THAT(open_activity_polls(), SizeIs(1));
  loop_.advance(30s);  // the completion's time-out: whoever takes the task now, it is not this worker
  EXPECT_THAT(open_activity_polls(), SizeIs(2));
}

TEST_F(EagerActivitiesTest, SlotsAreFreeAgainWhenTheAnswerBringsFewer) {
  options_.eager_activities = true;
  options_.max_concurrent_activities = 3;
  options_.max_concurrent_activity_task_polls = 1;
  start();
  rpc::RespondWorkflowTaskCompleted::Response with_one;
  *with_one.add_activity_tasks() = test::puppet_task(0);
  server_.answer_next<rpc::RespondWorkflowTaskCompleted>(with_one);
  run_fan_out(3);
  EXPECT_EQ(asked_for(), 2);
  puppets_[0].wait_until_performing();
  give(test::puppet_task(1));
  puppets_[1].wait_until_performing();
  EXPECT_THAT(open_activity_polls(), SizeIs(1));
  give(test::puppet_task(2));
  puppets_[2].wait_until_performing();
  EXPECT_THAT(open_activity_polls(), IsEmpty());
}

TEST_F(EagerActivitiesTest, MoreThanWereAskedForAreNotTaken) {
  options_.eager_activities = true;
  options_.max_concurrent_activities = 2;
  options_.max_concurrent_activity_task_polls = 1;
  start();
  rpc::RespondWorkflowTaskCompleted::Response with_two;
  *with_two.add_activity_tasks() = test::puppet_task(0);
  *with_two.add_activity_tasks() = test::puppet_task(1);
  server_.answer_next<rpc::RespondWorkflowTaskCompleted>(with_two);
  run_fan_out(1);
  EXPECT_EQ(asked_for(), 1);
  puppets_[0].wait_until_performing();
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  give(test::puppet_task(2));
  give(test::puppet_task(3));
  puppets_[2].wait_until_performing();
  puppets_[3].wait_until_performing();
  EXPECT_THAT(open_activity_polls(), IsEmpty());
}

}  // namespace
}  // namespace lifecycle::worker
