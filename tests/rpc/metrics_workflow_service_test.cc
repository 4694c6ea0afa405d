#include "rpc/metrics_workflow_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "rpc/methods.h"
#include "rpc/retrying_workflow_service.h"
#include "telemetry/metrics.h"
#include "tests/support/fake_workflow_service.h"
#include "tests/support/manual_event_loop.h"

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class MetricsWorkflowServiceTest : public testing::Test {
 protected:
  template <class Rpc>
  void call() {
    service_.call<Rpc>({}, {.timeout = 70s}, [this](const Reply<Rpc>&) { ++answered_; });
  }

  test::ManualEventLoop loop_;
  std::shared_ptr<test::FakeWorkflowService> server_ = std::make_shared<test::FakeWorkflowService>(loop_);
  MetricRegistry registry_;
  MetricsWorkflowService service_{
      std::make_shared<RetryingWorkflowService>(server_, loop_, RandomStream(1)), loop_.clock(),
      SdkMetrics(registry_, MetricDialect::kCore, {.name_space = "ns", .task_queue = "tq", .worker_build_id = "v1"})};
  int answered_ = 0;
  const std::string basic_ = "{namespace=\"ns\",task_queue=\"tq\",worker_build_id=\"v1\",service_name=\"temporal-cpp-sdk\",";
};

TEST_F(MetricsWorkflowServiceTest, ACallIsCountedAndTimed) {
  call<DescribeNamespace>();
  loop_.advance(60ms);
  server_->answer_next<DescribeNamespace>({});
  loop_.run_ready();
  EXPECT_EQ(answered_, 1);
  const std::string text = registry_.text();
  EXPECT_THAT(text, HasSubstr("temporal_request" + basic_ + "operation=\"DescribeNamespace\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("temporal_request_latency_bucket" + basic_ + "operation=\"DescribeNamespace\",le=\"50\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("temporal_request_latency_bucket" + basic_ + "operation=\"DescribeNamespace\",le=\"100\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("failure")));
  EXPECT_THAT(text, Not(HasSubstr("long_request")));
}

TEST_F(MetricsWorkflowServiceTest, ALongPollIsCountedApart) {
  call<PollActivityTaskQueue>();
  loop_.advance(60s);
  server_->fail_next<PollActivityTaskQueue>({.code = StatusCode::kUnavailable, .message = "gone"});
  loop_.run_ready();
  const std::string text = registry_.text();
  EXPECT_THAT(text, HasSubstr("temporal_long_request" + basic_ + "operation=\"PollActivityTaskQueue\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("temporal_long_request_failure" + basic_ + "operation=\"PollActivityTaskQueue\",status_code=\"UNAVAILABLE\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("temporal_long_request_latency_sum" + basic_ + "operation=\"PollActivityTaskQueue\"} 60000\n"));
  EXPECT_THAT(text, Not(HasSubstr("temporal_request")));
}

TEST_F(MetricsWorkflowServiceTest, ACallWithItsRetriesIsOneRequest) {
  server_->fail_next<DescribeNamespace>({.code = StatusCode::kUnavailable, .message = "gone"});
  call<DescribeNamespace>();
  loop_.advance(1s);
  server_->answer_next<DescribeNamespace>({});
  loop_.run_ready();
  EXPECT_EQ(server_->requests<DescribeNamespace>().size(), 2U);
  const std::string text = registry_.text();
  EXPECT_THAT(text, HasSubstr("temporal_request" + basic_ + "operation=\"DescribeNamespace\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("failure")));
}

}  // namespace
}  // namespace lifecycle::rpc
