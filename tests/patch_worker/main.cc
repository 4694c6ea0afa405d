// Serves PatchWorkflow in one stage of the change to its code, and its activities, until SIGTERM. For tests against a real server.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "cli/signals.h"
#include "rpc/grpc_event_loop.h"
#include "rpc/process.h"
#include "rpc/service_stack.h"
#include "tests/support/patch_workflows.h"
#include "tests/support/sample_workflows.h"
#include "worker/worker.h"

namespace lifecycle::test {
namespace {

std::string greet(ActivityContext&, const std::string& name) { return "hello " + name; }
std::string thank(ActivityContext&, const std::string& name) { return "thanks " + name; }

struct Flags {
  std::string address = "localhost:7233";
  PatchStage stage = &PatchWorkflow::original;
  worker::WorkerOptions worker;
};

int serve(const Flags& flags) {
  const Logger log(LogLevel::kInfo, LogFormat::kText);
  rpc::prepare_process(log);
  rpc::GrpcEventLoop loop(system_clock());
  const Result<std::unique_ptr<rpc::WorkflowService>> service = rpc::make_workflow_service({.address = flags.address}, loop, log);
  if (!service) {
    log.error(service.error().message);
    return 1;
  }
  Registry registry = registry_of(flags.stage);
  registry.activity(kGreet, greet);
  registry.activity(kThank, thank);
  worker::Worker worker(**service, loop, registry, log, flags.worker);
  const cli::SignalWatch signals(loop, [&](int) { worker.begin_shutdown(); });
  worker.start();
  loop.run_until([&] { return worker.stopped(); });
  return 0;
}

}  // namespace
}  // namespace lifecycle::test

int main(int argc, char** argv) {
  using namespace lifecycle::test;  // NOLINT(google-build-using-namespace): main() cannot be inside
  lifecycle::cli::block_stop_signals();
  Flags flags;
  const std::map<std::string, PatchStage> stages{{"original", &PatchWorkflow::original},
                                                 {"patched", &PatchWorkflow::patched},
                                                 {"deprecated", &PatchWorkflow::deprecated},
                                                 {"reordered", &PatchWorkflow::reordered}};
  std::string stage = "original";
  CLI::App app("Serves PatchWorkflow in one stage of the change to its code.");
  app.add_option("--stage", stage, "the code's stage")->check(CLI::IsMember(stages))->required();
  app.add_option("--address", flags.address);
  app.add_option("--task-queue", flags.worker.task_queue)->required();
  app.add_option("--worker-version", flags.worker.worker_version);
  app.add_option("--max-cached-workflows", flags.worker.max_cached_workflows);
  CLI11_PARSE(app, argc, argv);
  flags.stage = stages.at(stage);
  lifecycle::RandomStream random = lifecycle::entropy_stream();
  flags.worker.identity = lifecycle::worker::make_identity({.pod_name = {},
                                                            .node_name = {},
                                                            .host_name = "host",
                                                            .process_id = ::getpid(),
                                                            .worker_version = flags.worker.worker_version,
                                                            .nonce = fmt::format("{:06x}", random.below(1U << 24U))});
  return serve(flags);
}
