// A worker whose workflow `Stuck` never yields, with little patience: what live means is tested with it. Arguments: the server's address,
// the task queue, the address of the health service. Ends only when it is killed.
#include <atomic>
#include <cstdio>

#include "base/clock.h"
#include "rpc/grpc_event_loop.h"
#include "rpc/health_server.h"
#include "rpc/process.h"
#include "rpc/service_stack.h"
#include "worker/loop_watch.h"
#include "worker/worker.h"
#include "workflow/context.h"

namespace {

using namespace lifecycle;

class Stuck {
 public:
  Workflow<bool> run(WorkflowContext ctx) {
    co_await ctx.sleep(std::chrono::milliseconds(1));
    while (!released_.load()) {
    }
    co_return true;
  }

 private:
  std::atomic<bool> released_ = false;  // by nobody
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: stuck_worker SERVER TASK_QUEUE HEALTH_ADDRESS\n", stderr);
    return 2;
  }
  const Logger log(LogLevel::kInfo, LogFormat::kText);
  rpc::prepare_process(log);
  rpc::GrpcEventLoop loop(system_clock());
  auto service = rpc::make_workflow_service({.address = argv[1]}, loop, log);
  Registry registry;
  registry.workflow("Stuck", &Stuck::run);
  worker::Worker worker(**service, loop, registry, log, {.task_queue = argv[2], .identity = "stuck", .worker_version = "v1"});
  const worker::LoopWatch watch(loop, worker.health(), worker.running_code(), log,
                                {.warn_after = std::chrono::seconds(2), .stuck_after = std::chrono::seconds(4)});
  const auto health = rpc::HealthServer::start(argv[3], worker.health());
  if (!health) {
    std::fprintf(stderr, "%s\n", health.error().message.c_str());
    return 1;
  }
  worker.start();
  loop.run_until([] { return false; });
}
