// A command over a server that the test plays, with its words caught.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "cli/connection.h"
#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "client/deployment_version.h"
#include "rpc/methods.h"
#include "tests/support/fake_workflow_service.h"

namespace lifecycle::cli::test {

struct CommandEnd {
  ExitCode exit_code = ExitCode::kDone;
  std::string output;
  std::string errors;
};

// The server is there, knows the namespace, and has the deployment `lifecycle`; a test adds the rest.
class CommandTest : public testing::Test {
 protected:
  CommandTest() : connection_(system_clock()) {
    // As main() does: a command watches for the signals that are to stop it.
    pthread_sigmask(SIG_BLOCK, nullptr, &signals_before_);
    block_stop_signals();
    connection_.config.name_space = "default";
    auto service = std::make_unique<lifecycle::test::FakeWorkflowService>(connection_.loop);
    server_ = service.get();
    connection_.service = std::move(service);
    server_->always_answer<rpc::GetSystemInfo>();
    server_->always_answer<rpc::DescribeNamespace>();
  }

  ~CommandTest() override { pthread_sigmask(SIG_SETMASK, &signals_before_, nullptr); }

  static client::DeploymentVersion version(const std::string& build_id) { return {.deployment_name = "lifecycle", .build_id = build_id}; }

  // Calls `command(process, output)` with text or JSON as `global_` says.
  template <class Command>
  CommandEnd run(Command command) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    CommandEnd end;
    {
      Output output({.format = global_.output});
      end.exit_code = command(ProcessContext{.environment = environment_, .clock = system_clock()}, output);
    }
    end.output = testing::internal::GetCapturedStdout();
    end.errors = testing::internal::GetCapturedStderr();
    return end;
  }

  sigset_t signals_before_ = {};
  GlobalOptions global_;
  client::Environment environment_;
  Connection connection_;
  lifecycle::test::FakeWorkflowService* server_ = nullptr;  // owned by connection_
};

}  // namespace lifecycle::cli::test
