#include "tests/worker/worker_fixture.h"

#include <utility>

namespace lifecycle::test {
namespace {

using namespace std::chrono_literals;

template <class Poll>
std::vector<Poll> open_polls(const std::vector<Poll>& polls, auto is_wanted) {
  std::vector<Poll> open;
  for (const Poll& poll : polls) {
    if (!poll.answer.ended() && is_wanted(poll)) {
      open.push_back(poll);
    }
  }
  return open;
}

bool is_sticky(const WorkflowPoll& poll) { return poll.request.task_queue().kind() == api::enums::TASK_QUEUE_KIND_STICKY; }

}  // namespace

WorkflowTask workflow_task(const std::shared_ptr<const api::History>& history, const std::string& run_id,
                           const std::string& workflow_type) {
  WorkflowTask task;
  const std::int64_t last_event_id = history->events(history->events_size() - 1).event_id();
  task.set_task_token(run_id + " at " + std::to_string(last_event_id));
  task.mutable_workflow_execution()->set_workflow_id("workflow of " + run_id);
  task.mutable_workflow_execution()->set_run_id(run_id);
  task.mutable_workflow_type()->set_name(workflow_type);
  task.set_started_event_id(last_event_id);
  task.set_attempt(1);
  *task.mutable_history() = *history;
  return task;
}

ActivityTask activity_task(const std::string& activity_type, const api::Payloads& input) {
  ActivityTask task;
  task.set_task_token("token of " + activity_type);
  task.set_workflow_namespace("ns");
  task.mutable_workflow_type()->set_name("Greeting");
  task.mutable_workflow_execution()->set_workflow_id("workflow-1");
  task.mutable_workflow_execution()->set_run_id("run-1");
  task.mutable_activity_type()->set_name(activity_type);
  task.set_activity_id("5");
  *task.mutable_input() = input;
  task.set_attempt(1);
  return task;
}

ActivityTask puppet_task(int which) { return activity_task("Puppet", converter::to_payloads(which)); }

std::string text_of(const api::Payloads& payloads) {
  const Result<std::string> text = converter::from_payloads<std::string>(&payloads);
  return text ? *text : "not a text: " + text.error().message;
}

replay::HistoryBuilder begun(const std::string& workflow_type, const api::Payloads& input) {
  replay::HistoryBuilder history;
  history.workflow_execution_started(workflow_type, input);
  history.polled_workflow_task();
  return history;
}

WorkerTest::WorkerTest() {
  register_sample_workflows(registry_);
  registry_.activity(kGreet, [](ActivityContext&, const std::string& name) { return "hello " + name; });
  registry_.activity(kPuppet,
                     [this](ActivityContext& ctx, int which) { return puppets_.at(static_cast<std::size_t>(which)).perform(ctx); });
  hold_polls();
  server_.always_answer<rpc::RespondWorkflowTaskCompleted>();
  server_.always_answer<rpc::RespondWorkflowTaskFailed>();
  server_.always_answer<rpc::RespondQueryTaskCompleted>();
  server_.always_answer<rpc::RespondActivityTaskCompleted>();
  server_.always_answer<rpc::RespondActivityTaskFailed>();
  server_.always_answer<rpc::RespondActivityTaskCanceled>();
  server_.always_answer<rpc::RecordActivityTaskHeartbeat>();
  server_.always_answer<rpc::ShutdownWorker>();
}

void WorkerTest::hold_polls() {
  server_.on<rpc::PollWorkflowTaskQueue>([this](const auto& request, auto answer) { workflow_polls_.push_back({request, answer}); });
  server_.on<rpc::PollActivityTaskQueue>([this](const auto& request, auto answer) { activity_polls_.push_back({request, answer}); });
}

void WorkerTest::TearDown() {
  if (worker_ == nullptr) {
    return;
  }
  worker_->begin_shutdown();
  for (Puppet& puppet : puppets_) {
    puppet.release();
  }
  loop_.advance(10min);  // longer than all that a stopping worker waits for
  EXPECT_TRUE(worker_->stopped());
  worker_.reset();
}

void WorkerTest::start() {
  worker_ = std::make_unique<worker::Worker>(server_, loop_, registry_, Logger(log_level_, LogFormat::kText), options_);
  worker_->start();
  loop_.run_ready();
}

std::vector<WorkflowPoll> WorkerTest::open_normal_polls() const {
  return open_polls(workflow_polls_, [](const WorkflowPoll& poll) { return !is_sticky(poll); });
}

std::vector<WorkflowPoll> WorkerTest::open_sticky_polls() const { return open_polls(workflow_polls_, is_sticky); }

std::vector<ActivityPoll> WorkerTest::open_activity_polls() const {
  return open_polls(activity_polls_, [](const ActivityPoll&) { return true; });
}

void WorkerTest::give(const WorkflowTask& task) {
  open_normal_polls().at(0).answer.with(task);
  loop_.run_ready();
}

void WorkerTest::give_to_sticky_queue(const WorkflowTask& task) {
  open_sticky_polls().at(0).answer.with(task);
  loop_.run_ready();
}

void WorkerTest::give(const ActivityTask& task) {
  open_activity_polls().at(0).answer.with(task);
  loop_.run_ready();
}

void WorkerTest::fail_open_polls(const rpc::Status& status) {
  for (const WorkflowPoll& poll : open_polls(workflow_polls_, [](const WorkflowPoll&) { return true; })) {
    poll.answer.fail(status);
  }
  for (const ActivityPoll& poll : open_activity_polls()) {
    poll.answer.fail(status);
  }
  loop_.run_ready();
}

}  // namespace lifecycle::test
