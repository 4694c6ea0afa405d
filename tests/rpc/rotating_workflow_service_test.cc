#include "rpc/rotating_workflow_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>

#include "rpc/methods.h"
#include "tests/support/fake_workflow_service.h"
#include "tests/support/manual_event_loop.h"

namespace lifecycle::rpc {
namespace {

using namespace std::chrono_literals;
using test::FakeWorkflowService;
using testing::ElementsAre;

void write(const std::string& path, const std::string& text) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  check(file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size(), "the test can write a file");
  std::fclose(file);
}

// A server that accepts one key, and a key file.
class RotatingWorkflowServiceTest : public testing::Test {
 protected:
  RotatingWorkflowServiceTest() {
    write(options_.api_key_path, options_.api_key + "\n");
    service_ = std::make_unique<RotatingWorkflowService>(
        options_, connect(options_), [this](const ConnectionOptions& changed) { return connect(changed); }, loop_.clock(),
        Logger::silent());
  }
  void TearDown() override { std::remove(options_.api_key_path.c_str()); }

  std::unique_ptr<WorkflowService> connect(const ConnectionOptions& options) {
    auto fake = std::make_unique<FakeWorkflowService>(loop_);
    fake->on<DescribeNamespace>([this, key = options.api_key](const auto&, const auto& answer) {
      shown_.push_back(key);
      if (key == accepted_) {
        answer.with({});
      } else {
        answer.fail({.code = refusal_});
      }
    });
    return fake;
  }

  StatusCode call() {
    StatusCode code = StatusCode::kUnknown;
    const CallHandle handle = service_->call<DescribeNamespace>(
        {}, {.timeout = 30s}, [&code](Reply<DescribeNamespace> reply) { code = reply ? StatusCode::kOk : reply.error().code; });
    loop_.run_ready();
    return code;
  }

  test::ManualEventLoop loop_;
  ConnectionOptions options_{.api_key = "first", .api_key_path = testing::TempDir() + "rotating_key_" + std::to_string(::getpid())};
  std::string accepted_ = "first";
  StatusCode refusal_ = StatusCode::kUnauthenticated;
  std::vector<std::string> shown_;
  std::unique_ptr<RotatingWorkflowService> service_;
};

TEST_F(RotatingWorkflowServiceTest, ARefusedCallIsMadeAgainWithTheNewKey) {
  for (const StatusCode refusal : {StatusCode::kUnauthenticated, StatusCode::kPermissionDenied}) {
    refusal_ = refusal;
    accepted_ += "+";
    write(options_.api_key_path, accepted_);
    EXPECT_EQ(call(), StatusCode::kOk);
  }
  EXPECT_THAT(shown_, ElementsAre("first", "first+", "first+", "first++"));
  EXPECT_EQ(call(), StatusCode::kOk);
  EXPECT_EQ(shown_.back(), "first++");
}

TEST_F(RotatingWorkflowServiceTest, ACallIsRefusedWhenTheFileSaysTheSame) {
  accepted_ = "other";
  EXPECT_EQ(call(), StatusCode::kUnauthenticated);
  EXPECT_THAT(shown_, ElementsAre("first"));
}

TEST_F(RotatingWorkflowServiceTest, ANewKeyThatIsRefusedTooIsTriedOnce) {
  accepted_ = "other";
  write(options_.api_key_path, "second");
  EXPECT_EQ(call(), StatusCode::kUnauthenticated);
  EXPECT_THAT(shown_, ElementsAre("first", "second"));
}

TEST_F(RotatingWorkflowServiceTest, ANewKeyIsNoticedWithinTenSeconds) {
  write(options_.api_key_path, "second");
  EXPECT_EQ(call(), StatusCode::kOk);
  loop_.advance(10s);
  accepted_ = "second";
  EXPECT_EQ(call(), StatusCode::kOk);
  EXPECT_THAT(shown_, ElementsAre("first", "second"));
}

TEST_F(RotatingWorkflowServiceTest, AfterALostConnectionTheFilesAreLookedAtAtOnce) {
  accepted_ = "second";
  refusal_ = StatusCode::kUnavailable;
  EXPECT_EQ(call(), StatusCode::kUnavailable);
  write(options_.api_key_path, "second");
  EXPECT_EQ(call(), StatusCode::kOk);
  EXPECT_THAT(shown_, ElementsAre("first", "second"));
}

TEST_F(RotatingWorkflowServiceTest, AFileThatCannotBeUsedLeavesTheKeyInUse) {
  write(options_.api_key_path, "");
  loop_.advance(10s);
  EXPECT_EQ(call(), StatusCode::kOk);
  std::remove(options_.api_key_path.c_str());
  loop_.advance(10s);
  EXPECT_EQ(call(), StatusCode::kOk);
  EXPECT_THAT(shown_, ElementsAre("first", "first"));
}

TEST_F(RotatingWorkflowServiceTest, ACallThatOutlivesTheServiceEndsOnce) {
  accepted_ = "other";
  write(options_.api_key_path, "second");
  int ends = 0;
  const CallHandle handle = service_->call<DescribeNamespace>({}, {.timeout = 30s}, [&ends](const Reply<DescribeNamespace>& reply) {
    EXPECT_EQ(reply.error().code, StatusCode::kUnauthenticated);
    ++ends;
  });
  service_.reset();
  loop_.run_ready();
  EXPECT_EQ(ends, 1);
  EXPECT_THAT(shown_, ElementsAre("first"));
}

}  // namespace
}  // namespace lifecycle::rpc
