// `describe`, `list` and `wait` over a server that the test plays.
#include <gmock/gmock.h>

#include "cli/describe/describe_command.h"
#include "cli/list_command.h"
#include "cli/wait_command.h"
#include "history/history_json.h"
#include "tests/cli/command_test.h"
#include "tests/cli/describe/stories.h"

namespace lifecycle::cli {
namespace {

using namespace std::chrono_literals;
using test::CommandEnd;
using testing::HasSubstr;
using testing::IsEmpty;
namespace enums = temporal::api::enums::v1;

class QueryCommandsTest : public test::CommandTest {
 protected:
  QueryCommandsTest() {
    environment_.variables["LIFECYCLE_JOURNAL"] = "/nonexistent/journal.jsonl";
    history_ = test::recorded_history("python_killed_worker");
    description_ = test::running_description(history_);
    description_.mutable_workflow_execution_info()->set_status(enums::WORKFLOW_EXECUTION_STATUS_COMPLETED);
    server_->on<rpc::DescribeWorkflowExecution>([this](const auto&, const auto& answer) { answer.with(description_); });
  }

  // The whole history in pages of ten events.
  void serve_history() {
    server_->on<rpc::GetWorkflowExecutionHistory>([this](const auto& request, const auto& answer) {
      const int from = request.next_page_token().empty() ? 0 : std::stoi(request.next_page_token());
      rpc::GetWorkflowExecutionHistory::Response page;
      for (int i = from; i < std::min(from + 10, history_.events_size()); ++i) {
        *page.mutable_history()->add_events() = history_.events(i);
      }
      page.set_next_page_token(from + 10 < history_.events_size() ? std::to_string(from + 10) : "");
      answer.with(page);
    });
  }

  CommandEnd describe(DescribeOptions options) {
    options.workflow_id = "order-1";
    return run([&](const ProcessContext& process, Output& output) { return run_describe(global_, options, process, output, connection_); });
  }

  CommandEnd list(const ListOptions& options) {
    return run([&](const ProcessContext& process, Output& output) { return run_list(global_, options, process, output, connection_); });
  }

  CommandEnd wait(const WaitOptions& options) {
    return run([&](const ProcessContext& process, Output& output) { return run_wait(global_, options, process, output, connection_); });
  }

  api::History history_;
  test::Description description_;
};

// --- describe

TEST_F(QueryCommandsTest, describe_reads_all_pages_of_the_run_that_it_was_told_of) {
  serve_history();
  global_.output = OutputFormat::kJson;
  const CommandEnd end = describe({});
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  const auto document = nlohmann::json::parse(end.output);
  EXPECT_EQ(document["workflowId"], "order-1");
  EXPECT_EQ(document["status"], "COMPLETED");
  EXPECT_EQ(document["historyEvents"], history_.events_size());
  EXPECT_EQ(server_->last_request<rpc::GetWorkflowExecutionHistory>().execution().run_id(), "run-1");
  EXPECT_THAT(end.errors, IsEmpty()) << "a journal that is not there is no fault";
}

TEST_F(QueryCommandsTest, describe_prints_the_history_alone_and_whole) {
  serve_history();
  const CommandEnd end = describe({.history = true});
  EXPECT_EQ(end.exit_code, ExitCode::kDone);
  const Result<api::History> read = history::history_from_json(end.output);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->SerializeAsString(), history_.SerializeAsString());
}

TEST_F(QueryCommandsTest, describe_of_what_is_not_there_exits_5) {
  server_->always_fail<rpc::DescribeWorkflowExecution>({.code = rpc::StatusCode::kNotFound, .message = "workflow not found"});
  const CommandEnd end = describe({});
  EXPECT_EQ(end.exit_code, ExitCode::kNotFound);
  EXPECT_THAT(end.errors, HasSubstr("describe workflow 'order-1'"));
}

TEST_F(QueryCommandsTest, describe_refuses_a_journal_that_was_named_and_is_not_there) {
  serve_history();
  const CommandEnd end = describe({.journal = "/nonexistent/journal"});
  EXPECT_EQ(end.exit_code, ExitCode::kNotFound);
  EXPECT_THAT(end.errors, HasSubstr("journal '/nonexistent/journal'"));
}

TEST_F(QueryCommandsTest, describe_draws_pictures_with_its_own_formats) {
  serve_history();
  EXPECT_THAT(describe({.format = DescribeFormat::kSvg}).output, testing::StartsWith("<svg "));
  EXPECT_THAT(describe({.format = DescribeFormat::kHtml}).output, testing::StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(describe({.format = DescribeFormat::kMermaid}).output, testing::StartsWith("gantt\n"));
}

TEST_F(QueryCommandsTest, watching_ends_with_the_run_and_tells_a_line_for_each_change) {
  server_->on<rpc::WaitForWorkflowExecutionHistory>([this](const auto&, const auto& answer) {
    rpc::WaitForWorkflowExecutionHistory::Response page;
    *page.mutable_history() = history_;
    answer.with(page);
  });
  const CommandEnd end = describe({.watch = true});
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  EXPECT_THAT(end.output, HasSubstr("step 0 completed on "));
  EXPECT_THAT(end.output, testing::EndsWith("completed\n"));
}

TEST_F(QueryCommandsTest, watching_a_run_that_does_not_complete_exits_1) {
  history_ = test::recorded_history("go_failed");
  description_.mutable_workflow_execution_info()->set_history_length(1);
  server_->on<rpc::WaitForWorkflowExecutionHistory>([this](const auto&, const auto& answer) {
    rpc::WaitForWorkflowExecutionHistory::Response page;
    *page.mutable_history() = history_;
    answer.with(page);
  });
  EXPECT_EQ(describe({.watch = true}).exit_code, ExitCode::kOperationFailed);
}

// --- list

class ListTest : public QueryCommandsTest {
 protected:
  ListTest() {
    server_->on<rpc::ListWorkflowExecutions>([](const auto& request, const auto& answer) {
      rpc::ListWorkflowExecutions::Response page;
      const int first = request.next_page_token().empty() ? 0 : 2;
      for (int i = first; i < first + 2; ++i) {
        auto& info = *page.add_executions();
        info.mutable_execution()->set_workflow_id("wf-" + std::to_string(i));
        info.mutable_type()->set_name("Order");
        info.set_status(enums::WORKFLOW_EXECUTION_STATUS_RUNNING);
        if (i == 0) {
          *info.mutable_versioning_info()->mutable_deployment_version() =
              client::to_api({.deployment_name = "lifecycle", .build_id = "v1"});
        }
      }
      page.set_next_page_token(first == 0 ? "next" : "");
      answer.with(page);
    });
  }
};

TEST_F(ListTest, shows_all_pages_under_one_heading) {
  const CommandEnd end = list({.query = "WorkflowType = 'Order'"});
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  EXPECT_THAT(end.output, testing::StartsWith("STATUS   WORKFLOW ID  TYPE   STARTED"));
  EXPECT_THAT(end.output, testing::ContainsRegex("RUNNING +wf-0 +Order +[^ ]+ ago +v1\n"));
  EXPECT_THAT(end.output, testing::ContainsRegex("RUNNING +wf-3 +Order +[^ ]+ ago +-\n"));
  EXPECT_EQ(std::ranges::count(end.output, '\n'), 5);
  EXPECT_EQ(server_->requests<rpc::ListWorkflowExecutions>().front().query(), "WorkflowType = 'Order'");
}

TEST_F(ListTest, stops_at_its_limit_and_asks_for_no_more) {
  global_.output = OutputFormat::kJson;
  const auto document = nlohmann::json::parse(list({.limit = 1}).output);
  ASSERT_EQ(document.size(), 1U);
  EXPECT_EQ(document[0]["workflowId"], "wf-0");
  EXPECT_EQ(document[0]["version"], "v1");
  EXPECT_EQ(server_->requests<rpc::ListWorkflowExecutions>().size(), 1U);
  EXPECT_EQ(server_->last_request<rpc::ListWorkflowExecutions>().page_size(), 1);
}

TEST_F(ListTest, is_an_object_a_line_in_jsonl) {
  global_.output = OutputFormat::kJsonl;
  EXPECT_EQ(std::ranges::count(list({}).output, '\n'), 4);
}

TEST_F(ListTest, of_nothing_is_an_empty_list) {
  server_->always_answer<rpc::ListWorkflowExecutions>();
  global_.output = OutputFormat::kJson;
  EXPECT_EQ(list({}).output, "[]\n");
}

// --- wait

rpc::WaitForWorkflowExecutionHistory::Response ended_with(const api::HistoryEvent& event) {
  rpc::WaitForWorkflowExecutionHistory::Response response;
  *response.mutable_history()->add_events() = event;
  return response;
}

TEST_F(QueryCommandsTest, waiting_for_a_workflow_that_is_not_there_yet_says_so_once_and_goes_on) {
  for (int i = 0; i < 3; ++i) {
    server_->fail_next<rpc::WaitForWorkflowExecutionHistory>({.code = rpc::StatusCode::kNotFound, .message = "workflow not found"});
  }
  server_->answer_next<rpc::WaitForWorkflowExecutionHistory>(ended_with(history_.events(history_.events_size() - 1)));
  const CommandEnd end = wait({.workflow_id = "order-1"});
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  EXPECT_EQ(end.errors, "workflow 'order-1' does not exist, still waiting\n");
  EXPECT_THAT(end.output, HasSubstr("workflow 'order-1' completed after "));
}

TEST_F(QueryCommandsTest, waiting_for_a_workflow_that_fails_exits_1_and_says_why) {
  const api::History failed = test::recorded_history("go_failed");
  server_->answer_next<rpc::WaitForWorkflowExecutionHistory>(ended_with(failed.events(failed.events_size() - 1)));
  const CommandEnd end = wait({.workflow_id = "order-1"});
  EXPECT_EQ(end.exit_code, ExitCode::kOperationFailed);
  EXPECT_THAT(end.errors, HasSubstr("workflow 'order-1' failed"));
}

TEST_F(QueryCommandsTest, waiting_longer_than_its_timeout_exits_124) {
  const CommandEnd end = wait({.workflow_id = "order-1", .timeout = 50ms});
  EXPECT_EQ(end.exit_code, ExitCode::kTimedOut);
  EXPECT_THAT(end.errors, HasSubstr("the time-out has elapsed; workflow 'order-1' completed is not so after"));
}

rpc::DescribeTaskQueue::Response polled(Duration ago) {
  rpc::DescribeTaskQueue::Response queue;
  api::set(*queue.add_pollers()->mutable_last_access_time(), system_clock().wall_now() - ago);
  return queue;
}

TEST_F(QueryCommandsTest, a_queue_is_served_once_a_worker_has_polled_it_within_a_minute) {
  server_->answer_next<rpc::DescribeTaskQueue>({});
  server_->answer_next<rpc::DescribeTaskQueue>(polled(4min));
  server_->answer_next<rpc::DescribeTaskQueue>(polled(2s));
  const CommandEnd end = wait({.kind = WaitKind::kServing, .subject = "orders"});
  EXPECT_EQ(end.exit_code, ExitCode::kDone);
  EXPECT_EQ(end.errors, "no worker polls task queue 'orders', still waiting\n");
  EXPECT_EQ(server_->requests<rpc::DescribeTaskQueue>().size(), 3U);
}

TEST_F(QueryCommandsTest, a_version_is_waited_for_whose_workers_are_gone) {
  const client::DeploymentVersion version{.deployment_name = "lifecycle", .build_id = "v2"};
  server_->on<rpc::DescribeWorkerDeploymentVersion>([](const auto&, const auto& answer) {
    rpc::DescribeWorkerDeploymentVersion::Response response;  // of all queues that were ever polled
    for (const auto type : {enums::TASK_QUEUE_TYPE_WORKFLOW, enums::TASK_QUEUE_TYPE_ACTIVITY}) {
      auto& queue = *response.add_version_task_queues();
      queue.set_name("orders");
      queue.set_type(type);
    }
    answer.with(response);
  });
  rpc::DescribeTaskQueue::Response theirs = polled(4min);
  const auto is_of = [](rpc::DescribeTaskQueue::Response& queue, const client::DeploymentVersion& whose) {
    auto& options = *queue.mutable_pollers(0)->mutable_deployment_options();
    options.set_deployment_name(whose.deployment_name);
    options.set_build_id(whose.build_id);
  };
  is_of(theirs, version);
  server_->answer_next<rpc::DescribeTaskQueue>(theirs);
  rpc::DescribeTaskQueue::Response others = polled(2s);
  is_of(others, {.deployment_name = "lifecycle", .build_id = "v1"});
  server_->answer_next<rpc::DescribeTaskQueue>(others);
  rpc::DescribeTaskQueue::Response back = polled(2s);
  is_of(back, version);
  server_->answer_next<rpc::DescribeTaskQueue>(back);
  const CommandEnd end =
      wait({.kind = WaitKind::kVersion, .subject = "v2", .deployment_name = "lifecycle", .task_queue = "orders", .timeout = 20s});
  EXPECT_EQ(end.exit_code, ExitCode::kDone) << end.errors;
  EXPECT_EQ(end.errors, "no worker of version 'v2' polls task queue 'orders' any more, still waiting\n");
  EXPECT_EQ(server_->requests<rpc::DescribeTaskQueue>().size(), 3U);
}

TEST_F(QueryCommandsTest, a_version_that_nobody_has_heard_of_is_waited_for) {
  server_->always_fail<rpc::DescribeWorkerDeploymentVersion>({.code = rpc::StatusCode::kNotFound, .message = "no such version"});
  server_->always_fail<rpc::DescribeWorkerDeployment>({.code = rpc::StatusCode::kNotFound, .message = "no such deployment"});
  server_->always_answer<rpc::ListWorkerDeployments>();
  const CommandEnd end = wait({.kind = WaitKind::kVersion, .subject = "v2", .timeout = 100ms});
  EXPECT_EQ(end.exit_code, ExitCode::kTimedOut) << end.errors;
  EXPECT_THAT(end.errors, HasSubstr("no worker of version 'v2' of deployment 'lifecycle' has been seen, still waiting"));
}

}  // namespace
}  // namespace lifecycle::cli
