// A worker over a server that the test plays. Polls are held until the test gives them a task; everything that the worker reports is
// accepted, unless the test says otherwise.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "converter/payload.h"
#include "replay/history_builder.h"
#include "rpc/methods.h"
#include "tests/support/fake_workflow_service.h"
#include "tests/support/manual_event_loop.h"
#include "tests/worker/puppet.h"
#include "tests/worker/sample_workflows.h"
#include "worker/worker.h"

namespace lifecycle::test {

using WorkflowTask = rpc::service::PollWorkflowTaskQueueResponse;
using ActivityTask = rpc::service::PollActivityTaskQueueResponse;

template <class Rpc>
struct HeldPoll {
  typename Rpc::Request request;
  Answer<Rpc> answer;
};
using WorkflowPoll = HeldPoll<rpc::PollWorkflowTaskQueue>;
using ActivityPoll = HeldPoll<rpc::PollActivityTaskQueue>;

// The task whose history is `history`, as a worker polls it. It ends with the WorkflowTaskStarted of that task.
[[nodiscard]] WorkflowTask workflow_task(const std::shared_ptr<const api::History>& history, const std::string& run_id = "run-1",
                                         const std::string& workflow_type = "Waiting");
[[nodiscard]] ActivityTask activity_task(const std::string& activity_type, const api::Payloads& input = {});
[[nodiscard]] ActivityTask puppet_task(int which = 0);
// The text of a payload, without JSON's quotes.
[[nodiscard]] std::string text_of(const api::Payloads& payloads);

// The first history of a run: its start and its first workflow task.
[[nodiscard]] replay::HistoryBuilder begun(const std::string& workflow_type, const api::Payloads& input = {});

class WorkerTest : public testing::Test {
 protected:
  WorkerTest();
  // Stops the worker as a program does, and sees that it does stop.
  void TearDown() override;

  // With `options_`, which a test may change before.
  void start();

  [[nodiscard]] std::vector<WorkflowPoll> open_normal_polls() const;
  [[nodiscard]] std::vector<WorkflowPoll> open_sticky_polls() const;
  [[nodiscard]] std::vector<ActivityPoll> open_activity_polls() const;
  // How many polls of each kind were sent so far.
  [[nodiscard]] std::size_t workflow_polls_sent() const { return workflow_polls_.size(); }
  [[nodiscard]] std::size_t activity_polls_sent() const { return activity_polls_.size(); }

  // Answers an open poll, and lets the worker do what it can do at once.
  void give(const WorkflowTask& task);
  void give_to_sticky_queue(const WorkflowTask& task);
  void give(const ActivityTask& task);
  void fail_open_polls(const rpc::Status& status);
  // From now on the calls of Rpc wait for the test to answer them.
  template <class Rpc>
  std::shared_ptr<std::vector<Answer<Rpc>>> hold() {
    auto held = std::make_shared<std::vector<Answer<Rpc>>>();
    server_.on<Rpc>([held](const auto&, auto answer) { held->push_back(answer); });
    return held;
  }
  // What the server does with polls unless a test says otherwise.
  void hold_polls();

  template <class Rpc>
  [[nodiscard]] std::size_t count() {
    return server_.requests<Rpc>().size();
  }
  // Waits for what an activity's thread brings about.
  template <class Rpc>
  typename Rpc::Request wait_for(std::size_t how_many = 1) {
    loop_.wait_until([&] { return count<Rpc>() >= how_many; });
    loop_.run_ready();
    return server_.last_request<Rpc>();
  }

  ManualEventLoop loop_;
  FakeWorkflowService server_{loop_};
  Registry registry_;
  std::array<Puppet, 4> puppets_;
  worker::WorkerOptions options_{.name_space = "ns", .task_queue = "queue-1", .identity = "me", .worker_version = "v1"};
  LogLevel log_level_ = LogLevel::kNever;
  std::unique_ptr<worker::Worker> worker_;

 private:
  std::vector<WorkflowPoll> workflow_polls_;
  std::vector<ActivityPoll> activity_polls_;
};

}  // namespace lifecycle::test
