// What a worker counts, and what it logs of each workflow and activity.
#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/worker/worker_fixture.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Ends at once, in the way that its input says.
class Ending {
 public:
  Workflow<void> run(WorkflowContext ctx, std::string how) {
    if (how == "continue") {
      ctx.continue_as_new(how);
    }
    if (how == "fail") {
      throw converter::ApplicationFailure("out of luck", {.type = "Luck"});
    }
    co_return;
  }
};

class MetricsTest : public test::WorkerTest {
 protected:
  MetricsTest() {
    options_.metrics =
        SdkMetrics(registry_of_metrics_, MetricDialect::kCore, {.name_space = "ns", .task_queue = "queue-1", .worker_build_id = "v1"});
  }

  // The value of the one series of this metric with this label ("poller_type="workflow_task""); "none" when there is none.
  [[nodiscard]] std::string value_of(const std::string& metric, const std::string& label = "") const {
    const std::string text = registry_of_metrics_.text();
    for (std::size_t at = text.find("\n" + metric + "{"); at != std::string::npos; at = text.find("\n" + metric + "{", at + 1)) {
      const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
      if (line.contains(label)) {
        return line.substr(line.rfind(' ') + 1);
      }
    }
    return "none";
  }

  MetricRegistry registry_of_metrics_;
};

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST_F(MetricsTest, AnIdleWorkerShowsItsPollsSlotsAndStart) {
  start();
  EXPECT_EQ(value_of("temporal_worker_start", "WorkflowWorker"), "1");
  EXPECT_EQ(value_of("temporal_worker_start", "ActivityWorker"), "1");
  loop_.advance(kGaugeSampleInterval);
  EXPECT_EQ(value_of("temporal_num_pollers", "\"workflow_task"), "1");
  EXPECT_EQ(value_of("temporal_num_pollers", "\"sticky_workflow_task"), "4");
  EXPECT_EQ(value_of("temporal_num_pollers", "\"activity_task"), "5");
  EXPECT_EQ(value_of("temporal_worker_task_slots_used", "ActivityWorker"), "0");
  EXPECT_EQ(value_of("temporal_worker_task_slots_available", "ActivityWorker"), "100");
  EXPECT_EQ(value_of("temporal_worker_task_slots_used", "WorkflowWorker"), "0");
  EXPECT_EQ(value_of("temporal_worker_task_slots_available", "WorkflowWorker"), "1000");
  EXPECT_EQ(value_of("temporal_sticky_cache_size"), "0");
}

TEST_F(MetricsTest, ARunningActivityUsesASlotAndItsEndIsTimed) {
  start();
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  loop_.advance(kGaugeSampleInterval);
  EXPECT_EQ(value_of("temporal_worker_task_slots_used", "ActivityWorker"), "1");
  EXPECT_EQ(value_of("temporal_worker_task_slots_available", "ActivityWorker"), "99");
  EXPECT_EQ(value_of("temporal_activity_task_received", "eager=\"false\""), "1");
  EXPECT_EQ(value_of("temporal_activity_execution_latency_count"), "none");
  puppets_[0].release();
  wait_for<rpc::RespondActivityTaskCompleted>();
  EXPECT_EQ(value_of("temporal_activity_execution_latency_count", "activity_type=\"Puppet\",workflow_type=\"Greeting\""), "1");
  EXPECT_EQ(value_of("temporal_activity_succeed_endtoend_latency_count"), "1");
  EXPECT_EQ(value_of("temporal_activity_execution_failed"), "none");
  loop_.advance(kGaugeSampleInterval);
  EXPECT_EQ(value_of("temporal_worker_task_slots_used", "ActivityWorker"), "0");
}

TEST_F(MetricsTest, AnActivityOfAnUnknownTypeFails) {
  start();
  give(test::activity_task("Unheard"));
  EXPECT_EQ(value_of("temporal_activity_execution_failed", "activity_type=\"Unheard\""), "1");
}

TEST_F(MetricsTest, PollsAreCountedByWhatTheyBrought) {
  start();
  loop_.advance(30s);
  open_normal_polls().at(0).answer.with({});
  open_activity_polls().at(0).answer.with({});
  loop_.run_ready();
  give(test::workflow_task(test::begun("Waiting").build()));
  EXPECT_EQ(value_of("temporal_workflow_task_queue_poll_empty", "\"workflow_task"), "1");
  EXPECT_EQ(value_of("temporal_activity_poll_no_task"), "1");
  EXPECT_EQ(value_of("temporal_workflow_task_queue_poll_succeed", "\"workflow_task"), "1");
  EXPECT_EQ(value_of("temporal_workflow_task_replay_latency_count", "workflow_type=\"Waiting\""), "1");
  EXPECT_EQ(value_of("temporal_workflow_task_execution_latency_count", "workflow_type=\"Waiting\""), "1");
  loop_.advance(kGaugeSampleInterval);
  EXPECT_EQ(value_of("temporal_sticky_cache_size"), "1");
}

TEST_F(MetricsTest, ATaskThatFailsSaysWhy) {
  start();
  give(test::workflow_task(test::begun("Unheard").build(), "run-1", "Unheard"));
  EXPECT_EQ(value_of("temporal_workflow_task_execution_failed", "workflow_type=\"Unheard\",failure_reason=\"WorkflowError\""), "1");
  EXPECT_EQ(value_of("temporal_sticky_cache_total_forced_eviction"), "1");
}

TEST_F(MetricsTest, WorkflowsThatGoToMakeRoomAreForcedOut) {
  options_.max_cached_workflows = 1;
  start();
  give(test::workflow_task(test::begun("Waiting").build(), "run-1"));
  give(test::workflow_task(test::begun("Waiting").build(), "run-2"));
  EXPECT_EQ(value_of("temporal_sticky_cache_total_forced_eviction"), "1");
}

TEST_F(MetricsTest, EachWayToEndIsCountedAndLogged) {
  log_level_ = LogLevel::kInfo;
  registry_.workflow("Ending", &Ending::run);
  testing::internal::CaptureStderr();
  start();
  for (const std::string how : {"complete", "continue", "fail"}) {
    give(test::workflow_task(test::begun("Ending", converter::to_payloads(how)).build(), how, "Ending"));
  }
  const std::string log = testing::internal::GetCapturedStderr();
  for (const char* metric : {"temporal_workflow_completed", "temporal_workflow_continue_as_new", "temporal_workflow_failed"}) {
    EXPECT_EQ(value_of(metric, "workflow_type=\"Ending\""), "1") << metric;
  }
  EXPECT_EQ(value_of("temporal_workflow_endtoend_latency_count", "workflow_type=\"Ending\""), "3");
  EXPECT_EQ(value_of("temporal_sticky_cache_total_forced_eviction"), "none");
  EXPECT_EQ(count_of(log,
                     "INFO  workflow completed version=v1 workflow_id=\"workflow of complete\" run_id=complete workflow_type=Ending "
                     "attempt=1 duration_ms=0\n"),
            1U)
      << log;
  EXPECT_EQ(count_of(log, "INFO  workflow continued as new version=v1"), 1U) << log;
  EXPECT_EQ(count_of(log, "INFO  workflow failed version=v1"), 1U) << log;
  EXPECT_EQ(count_of(log, "error=\"out of luck\"\n"), 1U) << log;
  EXPECT_EQ(std::ranges::count(log, '\n'), 6) << log;
}

TEST_F(MetricsTest, AWorkflowsStartIsLoggedOnceAlthoughItsCodeRunsAgain) {
  log_level_ = LogLevel::kInfo;
  options_.max_cached_workflows = 0;
  testing::internal::CaptureStderr();
  start();
  give(test::workflow_task(test::begun("Waiting").build()));
  test::WorkflowTask again = test::workflow_task(test::begun("Waiting").build());
  again.set_previous_started_event_id(3);
  give(again);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(
      count_of(log, "INFO  workflow started version=v1 workflow_id=\"workflow of run-1\" run_id=run-1 workflow_type=Waiting attempt="), 1U)
      << log;
}

TEST_F(MetricsTest, AStartThatTheServerDidNotTakeIsNotLogged) {
  log_level_ = LogLevel::kInfo;
  testing::internal::CaptureStderr();
  start();
  server_.fail_next<rpc::RespondWorkflowTaskCompleted>({.code = rpc::StatusCode::kNotFound, .message = "timed out"});
  give(test::workflow_task(test::begun("Waiting").build()));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), Not(HasSubstr("workflow started")));
}

TEST_F(MetricsTest, AnActivitysStartAndEndAreLoggedOnceEach) {
  log_level_ = LogLevel::kInfo;
  testing::internal::CaptureStderr();
  start();
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  loop_.advance(1500ms);
  puppets_[0].release();
  wait_for<rpc::RespondActivityTaskCompleted>();
  const std::string log = testing::internal::GetCapturedStderr();
  const std::string who = " version=v1 workflow_id=workflow-1 run_id=run-1 activity_type=Puppet activity_id=5 attempt=1";
  EXPECT_EQ(count_of(log, "INFO  activity started" + who + "\n"), 1U) << log;
  EXPECT_EQ(count_of(log, "INFO  activity completed" + who + " duration_ms=1500\n"), 1U) << log;
  EXPECT_EQ(std::ranges::count(log, '\n'), 2) << log;
}

}  // namespace
}  // namespace lifecycle::worker
