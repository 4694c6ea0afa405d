#include "worker/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>
#include <utility>

#include "base/random.h"
#include "client/connection_config.h"
#include "rpc/process.h"
#include "rpc/service_stack.h"

namespace lifecycle::worker {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string identity_of(const WorkerOptions& options) {
  RandomStream random = entropy_stream();
  return make_identity({.pod_name = {},
                        .node_name = {},
                        .host_name = host_name(),
                        .process_id = ::getpid(),
                        .worker_version = options.worker_version,
                        .nonce = fmt::format("{:06x}", random.below(1U << 24U))});
}

// Takes SIGTERM and SIGINT out of this process' signals and hands them to `loop`, where the worker lives.
class StopSignals {
 public:
  StopSignals(EventLoop& loop, Worker& worker, const sigset_t& signals)
      : thread_([this, &loop, &worker, signals] {
          for (int count = 0;; ++count) {
            int signal_number = 0;
            sigwait(&signals, &signal_number);
            if (ended_) {
              return;
            }
            loop.post([&worker, count] { count == 0 ? worker.begin_shutdown() : worker.force_shutdown(); });
          }
        }) {}
  ~StopSignals() {
    ended_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace

Result<void> serve(const Registry& registry, WorkerOptions options) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // inherited by all threads that are made from here on
  const Logger log(LogLevel::kInfo, LogFormat::kText);
  rpc::prepare_process(log);
  rpc::GrpcEventLoop loop(system_clock());
  const auto connection = client::load_connection_config({}, client::process_environment());
  if (!connection) {
    log.error(connection.error().message);
    return std::unexpected(connection.error());
  }
  const auto service = rpc::make_workflow_service(*connection, loop, log);
  if (!service) {
    log.error(service.error().message);
    return std::unexpected(service.error());
  }
  options.name_space = connection->name_space;
  if (options.identity.empty()) {
    options.identity = identity_of(options);
  }
  Worker worker(**service, loop, registry, log, options);
  const StopSignals stop_signals(loop, worker, signals);
  worker.start();
  loop.run_until([&worker] { return worker.stopped(); });
  return {};
}

}  // namespace lifecycle::worker
