// What the server is told of a worker, and when.
#include "worker/worker_heartbeat.h"

#include "tests/worker/worker_fixture.h"
#include "worker/limits.h"

namespace lifecycle::worker {
namespace {

using namespace std::chrono_literals;
using rpc::StatusCode;
using test::WorkerTest;
using testing::IsEmpty;
using testing::SizeIs;

using Message = temporal::api::worker::v1::WorkerHeartbeat;

class WorkerHeartbeatTest : public WorkerTest {
 protected:
  void let_server_take_heartbeats(bool takes = true) {
    rpc::DescribeNamespace::Response response;
    response.mutable_namespace_info()->mutable_capabilities()->set_worker_heartbeats(takes);
    server_.always_answer<rpc::DescribeNamespace>(response);
    server_.always_answer<rpc::GetSystemInfo>();
    server_.always_answer<rpc::RecordWorkerHeartbeat>();
  }
  [[nodiscard]] std::size_t beats() { return count<rpc::RecordWorkerHeartbeat>(); }
  [[nodiscard]] Message last() { return server_.last_request<rpc::RecordWorkerHeartbeat>().worker_heartbeat(0); }
};

TEST_F(WorkerHeartbeatTest, BeginsAtOnceAndGoesOnAtTheInterval) {
  let_server_take_heartbeats();
  options_.worker_heartbeat_interval = 10s;
  start();
  EXPECT_EQ(beats(), 1);
  loop_.advance(10s - 1ms);
  EXPECT_EQ(beats(), 1);
  loop_.advance(1ms);
  EXPECT_EQ(beats(), 2);
  loop_.advance(100s);
  EXPECT_EQ(beats(), 12);
  EXPECT_EQ(last().elapsed_since_last_heartbeat().seconds(), 10);
}

TEST_F(WorkerHeartbeatTest, AServerThatTakesNoneGetsNone) {
  let_server_take_heartbeats(false);
  start();
  loop_.advance(10min);
  EXPECT_EQ(beats(), 0);
  worker_->begin_shutdown();
  loop_.run_ready();
  EXPECT_FALSE(server_.last_request<rpc::ShutdownWorker>().has_worker_heartbeat());
}

TEST_F(WorkerHeartbeatTest, AnIntervalOfZeroSwitchesThemOff) {
  let_server_take_heartbeats();
  options_.worker_heartbeat_interval = 0s;
  start();
  loop_.advance(10min);
  EXPECT_EQ(beats(), 0);
}

TEST_F(WorkerHeartbeatTest, SaysWhoAndWhereTheWorkerIs) {
  let_server_take_heartbeats();
  options_.deployment = WorkerDeployment{.name = "lifecycle"};
  options_.host_name = "host-1";
  options_.process_id = "42";
  start();
  const auto request = server_.last_request<rpc::RecordWorkerHeartbeat>();
  EXPECT_EQ(request.namespace_(), "ns");
  EXPECT_EQ(request.identity(), "me");
  ASSERT_EQ(request.worker_heartbeat_size(), 1);
  const Message& beat = request.worker_heartbeat(0);
  EXPECT_THAT(beat.worker_instance_key(), SizeIs(36));
  EXPECT_EQ(beat.worker_identity(), "me");
  EXPECT_EQ(beat.host_info().host_name(), "host-1");
  EXPECT_EQ(beat.host_info().process_id(), "42");
  EXPECT_EQ(beat.task_queue(), "queue-1");
  EXPECT_EQ(beat.deployment_version().deployment_name(), "lifecycle");
  EXPECT_EQ(beat.deployment_version().build_id(), "v1");
  EXPECT_EQ(beat.sdk_name(), "temporal-cpp-lifecycle");
  EXPECT_THAT(beat.sdk_version(), testing::Not(IsEmpty()));
  EXPECT_EQ(beat.status(), api::enums::WORKER_STATUS_RUNNING);
  EXPECT_EQ(api::to_wall_time(beat.start_time()), loop_.clock().wall_now());
  EXPECT_EQ(api::to_wall_time(beat.heartbeat_time()), loop_.clock().wall_now());
}

TEST_F(WorkerHeartbeatTest, TheInstanceKeyIsTheSameInPollsAndAtTheEnd) {
  let_server_take_heartbeats();
  start();
  const std::string key = last().worker_instance_key();
  EXPECT_EQ(open_normal_polls().at(0).request.worker_instance_key(), key);
  EXPECT_EQ(open_sticky_polls().at(0).request.worker_instance_key(), key);
  EXPECT_EQ(open_activity_polls().at(0).request.worker_instance_key(), key);
  worker_->begin_shutdown();
  const auto request = server_.last_request<rpc::ShutdownWorker>();
  EXPECT_EQ(request.worker_instance_key(), key);
  EXPECT_EQ(request.task_queue(), "queue-1");
  EXPECT_THAT(request.task_queue_types(), testing::ElementsAre(api::enums::TASK_QUEUE_TYPE_WORKFLOW, api::enums::TASK_QUEUE_TYPE_ACTIVITY));
  EXPECT_EQ(request.worker_heartbeat().status(), api::enums::WORKER_STATUS_SHUTTING_DOWN);
}

TEST_F(WorkerHeartbeatTest, CountsSlotsPollsAndTasks) {
  let_server_take_heartbeats();
  options_.max_concurrent_activities = 10;
  start();
  give(test::puppet_task(0));
  puppets_[0].wait_until_performing();
  puppets_[0].returns("done");
  wait_for<rpc::RespondActivityTaskCompleted>();
  give(test::puppet_task(1));
  puppets_[1].wait_until_performing();
  give(test::workflow_task(test::begun("Waiting").build()));
  loop_.advance(60s);
  const Message beat = last();
  EXPECT_EQ(beat.activity_task_slots_info().current_used_slots(), 1) << "open polls hold slots, but use none";
  EXPECT_EQ(beat.activity_task_slots_info().current_available_slots(), 9);
  EXPECT_EQ(beat.activity_task_slots_info().total_processed_tasks(), 1);
  EXPECT_EQ(beat.activity_task_slots_info().last_interval_processed_tasks(), 1);
  EXPECT_EQ(beat.workflow_task_slots_info().total_processed_tasks(), 1);
  EXPECT_EQ(beat.workflow_task_slots_info().current_used_slots(), 0);
  EXPECT_EQ(beat.workflow_poller_info().current_pollers(), 1);
  EXPECT_EQ(beat.workflow_sticky_poller_info().current_pollers(), 4);
  EXPECT_EQ(beat.activity_poller_info().current_pollers(), 5);
  EXPECT_EQ(api::to_wall_time(beat.activity_poller_info().last_successful_poll_time()), loop_.clock().wall_now() - 60s);
  EXPECT_FALSE(beat.workflow_sticky_poller_info().has_last_successful_poll_time());
  EXPECT_EQ(beat.current_sticky_cache_size(), 1);
  loop_.advance(60s);
  EXPECT_EQ(last().activity_task_slots_info().total_processed_tasks(), 1);
  EXPECT_EQ(last().activity_task_slots_info().last_interval_processed_tasks(), 0);
}

TEST_F(WorkerHeartbeatTest, WhileActivitiesEndTheStatusIsShuttingDown) {
  let_server_take_heartbeats();
  options_.worker_heartbeat_interval = 5s;
  start();
  give(test::puppet_task());
  puppets_[0].wait_until_performing();
  worker_->begin_shutdown();
  loop_.advance(5s);
  EXPECT_EQ(beats(), 2);
  EXPECT_EQ(last().status(), api::enums::WORKER_STATUS_SHUTTING_DOWN);
}

TEST_F(WorkerHeartbeatTest, ARefusedHeartbeatIsFollowedByTheNext) {
  let_server_take_heartbeats();
  server_.always_fail<rpc::RecordWorkerHeartbeat>({.code = StatusCode::kResourceExhausted});
  start();
  loop_.advance(3min);
  EXPECT_EQ(beats(), 4);
}

TEST_F(WorkerHeartbeatTest, AServerThatEndsPollsByItselfIsGivenTimeToDoSo) {
  rpc::DescribeNamespace::Response response;
  response.mutable_namespace_info()->mutable_capabilities()->set_worker_poll_complete_on_shutdown(true);
  server_.always_answer<rpc::DescribeNamespace>(response);
  start();
  worker_->begin_shutdown();
  loop_.run_ready();
  EXPECT_THAT(open_activity_polls(), SizeIs(5)) << "a poll that is cancelled could take a task with it";
  EXPECT_FALSE(worker_->stopped());
  loop_.advance(kPollsEndByThemselves);
  EXPECT_THAT(open_activity_polls(), IsEmpty());
  EXPECT_TRUE(worker_->stopped());
}

TEST(HostUsageTest, IsWhatHappenedSinceTheLastLook) {
  std::string stat = "cpu  100 0 100 700 100 0 0 0 55 55\ncpu0 1 1 1 1\n";
  HostUsageMeter meter([&stat](const std::string& path) {
    return path == "/proc/stat" ? stat : "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 250 kB\n";
  });
  const HostUsage first = meter.look();
  EXPECT_DOUBLE_EQ(first.cpu, 0.2);
  EXPECT_DOUBLE_EQ(first.memory, 0.75);
  stat = "cpu  150 0 125 725 100 0 0 0 55 55\n";
  EXPECT_DOUBLE_EQ(meter.look().cpu, 0.75);
}

TEST(HostUsageTest, WhatCannotBeReadIsZero) {
  HostUsageMeter meter([](const std::string&) { return std::string("nonsense"); });
  EXPECT_EQ(meter.look().cpu, 0);
  EXPECT_EQ(meter.look().memory, 0);
}

TEST(HostUsageTest, TheRealFilesCanBeRead) {
  const HostUsage usage = HostUsageMeter(read_proc_file).look();
  EXPECT_GT(usage.memory, 0);
  EXPECT_LT(usage.memory, 1);
}

}  // namespace
}  // namespace lifecycle::worker
